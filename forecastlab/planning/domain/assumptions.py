"""What a plan assumes: other prices, promotions, holidays, stock, or another stage of life.

Steps count from 1, the first period after the origin; dates are read as the steps they stand for,
and what lies outside the forecast is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forecastlab.lib.errors import BadInput
from forecastlab.planning.domain import overrides
from forecastlab.planning.domain.overrides import Scope

KINDS = ("price", "promotion", "holiday", "inventory", "lifecycle")
# Promotions by kind, with the signals that tell of one; the first that a dataset has counts.
PROMOTIONS: Mapping[str, tuple[str, ...]] = {
    "pct_off": ("promo",),
    "bogo": ("bogo", "promo"),
    "bundle": ("bundle", "promo"),
    "markdown": ("markdown", "promo"),
}
# What older texts assume of a stage of life; nothing in sales tells it apart from the season.
STAGES: Mapping[str, float] = {"launch": 1.2, "growth": 1.1, "maturity": 1.0, "decline": 0.85}
LEAST_CHANGE, MOST_CHANGE = -0.9, 5.0
LEAST_UPLIFT, MOST_UPLIFT = -0.95, 10.0
MOST = 20
MOST_DIGITS = 9
FIELDS: Mapping[str, frozenset[str]] = {
    "price": frozenset({"change_pct", "start", "end"}),
    "promotion": frozenset({"promotion", "signal", "discount", "uplift", "start", "end"}),
    "holiday": frozenset({"dates", "uplift"}),
    "inventory": frozenset({"on_hand_units"}),
    "lifecycle": frozenset({"stage", "start", "end"}),
}
ALWAYS = frozenset({"kind", "scope"})


class OutsideForecast(BadInput):
    """The assumption lies outside the forecast."""

    code = "outside_forecast"


@dataclass(frozen=True, slots=True)
class Periods:
    """The labels of the periods that are forecast, the first one after the origin first."""

    labels: Sequence[str]

    def step(self, given: Any, field_name: str) -> int:
        """Return the step that a label or a number stands for; raises OutsideForecast."""
        if type(given) is int and 1 <= given <= len(self.labels):
            return given
        text = str(given).strip()
        if type(given) is not int and text in self.labels:
            return list(self.labels).index(text) + 1
        written = isinstance(given, str) and text.isdecimal() and len(text) <= MOST_DIGITS
        if written and 1 <= int(text) <= len(self.labels):
            return int(text)
        raise OutsideForecast(
            f"'{text}' is not in the forecast.",
            hint=f"It goes from {self.labels[0]} to {self.labels[-1]}.",
            field=field_name,
        )

    def span(self, given: Mapping[str, Any], where: str) -> tuple[int, ...]:
        """Return the steps from `start` to `end`; left out they are the first and the last."""
        start = self.step(_or(given.get("start"), 1), f"{where}start")
        end = self.step(_or(given.get("end"), len(self.labels)), f"{where}end")
        if end < start:
            raise BadInput(
                f"It ends ({self.labels[end - 1]}) before it starts ({self.labels[start - 1]}).",
                field=f"{where}end",
            )
        return tuple(range(start, end + 1))


@dataclass(frozen=True, slots=True)
class Assumption:
    """One assumption. `steps` are those it holds for; of the rest each kind has its own.

    `change` is that of a price (-0.1: a tenth off), `discount` what is off the price while
    promoted, `uplift` what the planner says that it does to sales, None where sales tell it.
    """

    kind: str
    scope: Scope
    steps: tuple[int, ...]
    change: float = 0.0
    promotion: str = ""
    signal: str = ""
    discount: float = 0.0
    uplift: float | None = None
    units: float = 0.0
    stage: str = ""
    labels: Sequence[str] = field(default=(), compare=False)

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored: in the words of its kind, with steps and labels."""
        told: dict[str, Any] = {"kind": self.kind, "scope": self.scope.as_json()}
        values = {name: getattr(self, name) for name in _STORED[self.kind]}
        told |= {name: one for name, one in values.items() if one not in ("", None)}
        if self.kind == "price":
            told["change_pct"] = told.pop("change")
        if self.kind == "inventory":
            return {**told, "on_hand_units": self.units}
        if self.kind == "holiday":
            return {**told, "steps": list(self.steps), "dates": self._named()}
        start, end = self._named()[0], self._named()[-1]
        ends = {"first_step": self.steps[0], "last_step": self.steps[-1]}
        return {**told, **ends, "start": start, "end": end}

    def _named(self) -> list[str]:
        return [self.labels[one - 1] for one in self.steps]


_STORED: Mapping[str, Sequence[str]] = {
    "price": ("change",),
    "promotion": ("promotion", "signal", "discount", "uplift"),
    "holiday": ("uplift",),
    "inventory": (),
    "lifecycle": ("stage",),
}


def read(given: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> tuple[Assumption, ...]:
    """Return assumptions, checked; raises BadInput naming the field that is wrong."""
    if not given:
        raise BadInput("The plan assumes nothing.", hint="Add an assumption.", field="assumptions")
    if len(given) > MOST:
        raise BadInput(
            f"{len(given)} assumptions are more than {MOST}.",
            hint="Make several plans.",
            field="assumptions",
        )
    return tuple(_read(one, number, Periods(labels)) for number, one in enumerate(given))


def again(stored: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return stored assumptions as they would be given, by steps: for another forecast."""
    found = []
    for one in stored:
        told = {
            key: value
            for key, value in one.items()
            if key not in ("steps", "dates", "start", "end")
        }
        if "steps" in one:
            told["dates"] = one["steps"]
        if "first_step" in one:
            told["start"], told["end"] = told.pop("first_step"), told.pop("last_step")
        found.append(told)
    return found


def _read(given: Mapping[str, Any], number: int, periods: Periods) -> Assumption:
    where = f"assumptions.{number}."
    kind = str(given.get("kind") or "")
    if kind not in KINDS:
        raise BadInput(
            f"There is no assumption '{kind}'.",
            hint=f"There are: {', '.join(KINDS)}.",
            field=f"{where}kind",
        )
    odd = sorted({name for name, one in given.items() if one is not None} - FIELDS[kind] - ALWAYS)
    if odd:
        raise BadInput(
            f"'{odd[0]}' belongs to no assumption of the kind '{kind}'.", field=f"{where}{odd[0]}"
        )
    told = given.get("scope") or {}
    if not isinstance(told, Mapping):
        raise BadInput("A scope is a kind and a value.", field=f"{where}scope")
    scope = overrides.read_scope(str(told.get("kind") or "all"), str(told.get("value") or ""))
    return _READERS[kind](given, scope, (periods, where))


def _price(given: Mapping[str, Any], scope: Scope, at: tuple[Periods, str]) -> Assumption:
    periods, where = at
    change = _number(given, "change_pct", where, (LEAST_CHANGE, MOST_CHANGE))
    if change is None or change == 0:
        raise BadInput(
            "The price does not change.",
            hint="Give a share, such as -0.1 for a tenth off.",
            field=f"{where}change_pct",
        )
    steps = periods.span(given, where)
    return Assumption("price", scope, steps, change=change, labels=periods.labels)


def _promotion(given: Mapping[str, Any], scope: Scope, at: tuple[Periods, str]) -> Assumption:
    periods, where = at
    kind = str(given.get("promotion") or "pct_off")
    if kind not in PROMOTIONS:
        raise BadInput(
            f"There is no promotion '{kind}'.",
            hint=f"There are: {', '.join(PROMOTIONS)}.",
            field=f"{where}promotion",
        )
    return Assumption(
        "promotion",
        scope,
        periods.span(given, where),
        promotion=kind,
        signal=str(given.get("signal") or ""),
        discount=_number(given, "discount", where, (0.0, 0.95)) or 0.0,
        uplift=_number(given, "uplift", where, (LEAST_UPLIFT, MOST_UPLIFT)),
        labels=periods.labels,
    )


def _holiday(given: Mapping[str, Any], scope: Scope, at: tuple[Periods, str]) -> Assumption:
    periods, where = at
    dates = given.get("dates") or ()
    if isinstance(dates, str) or not isinstance(dates, Sequence) or not dates:
        raise BadInput("Name at least one day.", field=f"{where}dates")
    steps = tuple(sorted({periods.step(one, f"{where}dates") for one in dates}))
    uplift = _number(given, "uplift", where, (LEAST_UPLIFT, MOST_UPLIFT))
    return Assumption("holiday", scope, steps, uplift=uplift, labels=periods.labels)


def _inventory(given: Mapping[str, Any], scope: Scope, at: tuple[Periods, str]) -> Assumption:
    periods, where = at
    units = _number(given, "on_hand_units", where, (0.0, 1e12))
    if units is None:
        raise BadInput("Say how many units there are.", field=f"{where}on_hand_units")
    steps = tuple(range(1, len(periods.labels) + 1))
    return Assumption("inventory", scope, steps, units=units, labels=periods.labels)


def _lifecycle(given: Mapping[str, Any], scope: Scope, at: tuple[Periods, str]) -> Assumption:
    periods, where = at
    stage = str(given.get("stage") or "")
    if stage not in STAGES:
        raise BadInput(
            f"There is no stage '{stage}'.",
            hint=f"There are: {', '.join(STAGES)}.",
            field=f"{where}stage",
        )
    steps = periods.span(given, where)
    return Assumption("lifecycle", scope, steps, stage=stage, labels=periods.labels)


_READERS = {
    "price": _price,
    "promotion": _promotion,
    "holiday": _holiday,
    "inventory": _inventory,
    "lifecycle": _lifecycle,
}


def _number(
    given: Mapping[str, Any], name: str, where: str, bounds: tuple[float, float]
) -> float | None:
    value, (least, most) = given.get(name), bounds
    if value is None or value == "":
        return None
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not least <= value <= most:
        raise BadInput(f"{value} is not from {least:g} to {most:g}.", field=f"{where}{name}")
    return float(value)


def _or(value: Any, default: int) -> Any:
    return default if value in (None, "") else value
