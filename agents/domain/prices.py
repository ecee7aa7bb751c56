"""What a reply of a model costs, by the price table of the installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

MILLION = Decimal(1_000_000)
FREE = ("planner", "ollama")  # nobody sends a bill for them
Prices = Mapping[str, tuple[Decimal, Decimal]]


class BadPrices(ValueError):
    """The price table does not give two numbers for a model."""


def read(table: Mapping[str, Sequence[object]]) -> Prices:
    """Read `{model: [per million tokens in, per million out]}`; raises BadPrices."""
    return {model: _pair(model, given) for model, given in table.items()}


def cost(
    prices: Prices, *, provider: str, model: str, tokens_in: int, tokens_out: int
) -> Decimal | None:
    """Return money in the table's currency; None where the table does not know the model."""
    if provider in FREE:
        return Decimal(0)
    if model not in prices:
        return None
    per_in, per_out = prices[model]
    return (per_in * tokens_in + per_out * tokens_out) / MILLION


def _pair(model: str, given: Sequence[object]) -> tuple[Decimal, Decimal]:
    try:
        per_in, per_out = (Decimal(str(one)) for one in given)
    except (InvalidOperation, TypeError, ValueError):
        raise BadPrices(f"The prices of '{model}' are not two numbers.") from None
    if not (per_in.is_finite() and per_out.is_finite() and per_in >= 0 and per_out >= 0):
        raise BadPrices(f"The prices of '{model}' are not two numbers from 0 up.")
    return per_in, per_out
