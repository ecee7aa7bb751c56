"""How much of a budget is used, and what that means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

LEVELS = ((1.0, "spent"), (0.9, "high"), (0.75, "warn"))
KINDS = ("tokens", "calls", "seconds", "money")


@dataclass(frozen=True, slots=True)
class Left:
    """What agents may still use, by kind; None is no limit, and what is over is less than 0.

    `share` is the largest part of a limit that is used (0 to 1 and more). `is_known` is False where
    it could not be found out: then nothing may be used.
    """

    amounts: Mapping[str, Decimal | None]
    share: float = 0.0
    is_known: bool = True

    @property
    def level(self) -> str:
        """Return "", warn (75 %), high (90 %), spent, or unknown."""
        return level(self.share) if self.is_known else "unknown"

    @property
    def stops(self) -> str:
        """Return `spent` or `unknown` where nothing may be used any more, else nothing."""
        return self.level if self.level in {"spent", "unknown"} else ""


UNKNOWN = Left(dict.fromkeys(KINDS, Decimal(0)), is_known=False)


def level(share: float) -> str:
    return next((name for least, name in LEVELS if share >= least), "")


def left(limits: Mapping[str, Decimal | None], used: Mapping[str, Decimal]) -> Left:
    """Return what is left of one period; a limit of 0 or less is used up from the beginning."""
    limited = {kind: limit for kind, limit in limits.items() if limit is not None}
    amounts = {kind: limited[kind] - used[kind] if kind in limited else None for kind in KINDS}
    shares = [float(used[kind] / limit) if limit > 0 else 1.0 for kind, limit in limited.items()]
    return Left(amounts, max(shares, default=0.0))


def least(periods: list[Left]) -> Left:
    """Return what is left where several periods hold at once."""
    given = {kind: [one.amounts[kind] for one in periods] for kind in KINDS}
    return Left(
        {kind: _smallest(amounts) for kind, amounts in given.items()},
        max((one.share for one in periods), default=0.0),
        all(one.is_known for one in periods),
    )


def _smallest(amounts: list[Decimal | None]) -> Decimal | None:
    return min((one for one in amounts if one is not None), default=None)
