"""What a plan comes to, added up over series: units, revenue, margin, stock, and their ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecastlab.forecasting.domain.panel import Floats, Integers
from forecastlab.planning.domain import paths

MEASURES = ("units", "revenue", "margin")
LEVELS = (80, 95)
DIGITS, MOST_GROUPS = 6, 100
# Shares of draws in which stock runs out: below the first it is covered, below the second at risk.
AT_RISK, OUT = 0.05, 0.5


@dataclass(frozen=True, slots=True)
class Part:
    """Some series with the plan and without: draws x steps x series, and the point, steps x series.

    `paid` is what one unit brings without the plan and with it, `cost` what it costs (by series);
    NaN is unknown. `wanted` is what would be sold if stock lasted. `taken` has what of `wanted` and
    `drawn_wanted` substitutes bring or take, None where they do nothing.
    """

    without: Floats
    planned: Floats
    wanted: Floats
    drawn_without: Floats
    drawn_planned: Floats
    drawn_wanted: Floats
    paid: tuple[Floats, Floats]
    cost: Floats
    stock: Floats
    taken: tuple[Floats, Floats] | None = None


class Tally:
    """Adds parts up. `groups` says of each kind of group which one a series belongs to."""

    def __init__(self, steps: int, groups: Mapping[str, Sequence[str]]) -> None:
        self.names = {kind: sorted(set(codes)) for kind, codes in groups.items()}
        self.group = {
            kind: np.searchsorted(np.array(self.names[kind]), np.array(codes))
            for kind, codes in groups.items()
        }
        draws = paths.DRAWS
        self.steps = {"without": np.zeros(steps), "planned": np.zeros(steps)}
        self.drawn = {one: np.zeros((draws, steps)) for one in self.steps}
        self.points = {one: np.zeros(2) for one in MEASURES}
        self.deltas = {one: np.zeros(draws) for one in MEASURES}
        self.counted = dict.fromkeys(MEASURES, 0)
        self.by_group = {
            kind: {
                "points": np.zeros((3, len(names))),
                "deltas": np.zeros((draws, len(names))),
            }
            for kind, names in self.names.items()
        }
        self.stock = np.zeros(3)
        self.short = np.zeros(draws)
        self.taken, self.drawn_taken, self.taken_of = 0.0, np.zeros(draws), 0

    def add(self, part: Part, places: Integers) -> None:
        """Add some series, by their places among those of the groups."""
        self.steps["without"] += part.without.sum(axis=1)
        self.steps["planned"] += part.planned.sum(axis=1)
        self.drawn["without"] += part.drawn_without.sum(axis=2)
        self.drawn["planned"] += part.drawn_planned.sum(axis=2)
        self._measure("units", part, (np.ones_like(part.without),) * 2)
        self._measure("revenue", part, part.paid)
        earned = part.paid[0] - part.cost, part.paid[1] - part.cost
        self._measure("margin", part, earned)
        self._group(part, places)
        if part.taken is not None:
            self.taken += float(part.taken[0].sum())
            self.drawn_taken += part.taken[1].sum(axis=(1, 2))
            self.taken_of += int(part.taken[0].any(axis=0).sum())
        held = np.isfinite(part.stock)
        if held.any():
            wanted, sold = part.wanted[:, held].sum(), part.planned[:, held].sum()
            self.stock += np.array([part.stock[held].sum(), wanted, sold])
            over = part.drawn_wanted[:, :, held].sum(axis=1)
            self.short += np.maximum(over - part.stock[held], 0.0).sum(axis=1)

    def result(self) -> dict[str, Any]:
        """Return everything as JSON."""
        low, high = np.percentile(self.drawn["planned"], [10, 90], axis=0)
        return {
            **{one: self._total(one) for one in MEASURES},
            "without": _listed(self.steps["without"]),
            "planned": _listed(self.steps["planned"]),
            "low80": _listed(low),
            "high80": _listed(high),
            "groups": {kind: self._groups(kind) for kind in self.names},
            "stock": self._stock(),
            **self._substitutes(),
        }

    def _measure(self, name: str, part: Part, worth: tuple[Floats, Floats]) -> None:
        """Add what series come to of which it is known what a unit is worth in every period."""
        known = ~(np.isnan(worth[0]).any(axis=0) | np.isnan(worth[1]).any(axis=0))
        before, after = (np.where(known, one, 0.0) for one in worth)
        self.counted[name] += int(known.sum())
        self.points[name] += [(part.without * before).sum(), (part.planned * after).sum()]
        drawn = part.drawn_planned * after - part.drawn_without * before
        self.deltas[name] += drawn.sum(axis=(1, 2))

    def _group(self, part: Part, places: Integers) -> None:
        without, planned = part.without.sum(axis=0), part.planned.sum(axis=0)
        delta = (part.drawn_planned - part.drawn_without).sum(axis=1)
        worth = np.nan_to_num(part.planned * part.paid[1] - part.without * part.paid[0])
        for kind, found in self.by_group.items():
            group, count = self.group[kind][places], len(self.names[kind])
            for place, one in enumerate((without, planned, worth.sum(axis=0))):
                found["points"][place] += np.bincount(group, one, count)
            np.add.at(found["deltas"].T, group, delta.T)

    def _total(self, name: str) -> dict[str, Any] | None:
        if not self.counted[name]:
            return None
        without, planned = self.points[name].tolist()
        told = {
            "without": _rounded(without),
            "planned": _rounded(planned),
            "delta": _rounded(planned - without),
            "share": _rounded((planned - without) / without) if without else None,
            "series": self.counted[name],
        }
        for level in LEVELS:
            low, high = paths.band(self.deltas[name], level)
            told |= {f"low{level}": _rounded(low), f"high{level}": _rounded(high)}
        return told

    def _groups(self, kind: str) -> list[dict[str, Any]]:
        """Return the groups in which most changes, the largest change first."""
        found = self.by_group[kind]
        low, high = np.percentile(found["deltas"], [10, 90], axis=0)
        rows: list[dict[str, Any]] = [
            {
                "name": name,
                "without": _rounded(without),
                "planned": _rounded(planned),
                "delta": _rounded(planned - without),
                "low80": _rounded(low[place]),
                "high80": _rounded(high[place]),
                "revenue": _rounded(worth),
            }
            for place, (name, (without, planned, worth)) in enumerate(
                zip(self.names[kind], found["points"].T.tolist(), strict=True)
            )
        ]
        rows.sort(key=lambda one: (-abs(one["delta"]), one["name"]))
        return rows[:MOST_GROUPS]

    def _substitutes(self) -> dict[str, Any]:
        """Return what substitutes bring or take, in units; nothing where there are none."""
        if not self.taken_of:
            return {}
        told: dict[str, Any] = {"units": _rounded(self.taken), "series": self.taken_of}
        for level in LEVELS:
            low, high = paths.band(self.drawn_taken, level)
            told |= {f"low{level}": _rounded(low), f"high{level}": _rounded(high)}
        return {"substitutes": told}

    def _stock(self) -> dict[str, Any] | None:
        units, wanted, sold = self.stock.tolist()
        if not self.stock.any():
            return None
        chance = float((self.short > 0).mean())
        verdict = "covered" if chance < AT_RISK else "at_risk" if chance < OUT else "stockout"
        return {
            "units": _rounded(units),
            "wanted": _rounded(wanted),
            "sold": _rounded(sold),
            "lost": _rounded(wanted - sold),
            "chance_of_running_out": _rounded(chance),
            "verdict": verdict,
        }


def _rounded(value: float) -> float:
    return round(float(value), DIGITS)


def _listed(values: Floats) -> list[float]:
    return [_rounded(one) for one in values.tolist()]
