"""How models did on parts of what was judged: folds, steps ahead, groups of series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forecastlab.forecasting.domain.champion import Grouping
from forecastlab.forecasting.domain.metrics import Scores, finished
from forecastlab.forecasting.domain.observed import quotient
from forecastlab.forecasting.domain.panel import Flags, Floats, Integers

REPORTED = ("wape", "mase", "rmsse", "bias")
QUARTERS = ("q1", "q2", "q3", "q4")
# The last step ahead of each bucket; what lies beyond is a bucket of its own.
BUCKETS: Mapping[str, tuple[int, ...]] = {
    "H": (6, 24, 48),
    "D": (7, 14, 28),
    "W": (4, 8, 13),
    "M": (3, 6, 12),
    "Q": (2, 4, 8),
    "Y": (1, 3),
}


@dataclass(frozen=True, slots=True)
class Slice:
    """One way to tell parts apart: a row per key, `values[metric][key]`; NaN is undefined.

    `series` and `points` say how many of each were scored there.
    """

    by: str
    keys: tuple[str, ...]
    series: Integers
    points: Integers
    values: Mapping[str, Floats]


def buckets(frequency: str, steps: int, gap: int = 0) -> dict[str, slice]:
    """Return the buckets of a horizon: the places of their steps, by names such as `h_1_7`.

    Steps are counted from the origin, so that a gap moves them.
    """
    last = gap + steps
    edges = [0, *(one for one in BUCKETS[frequency] if one < last), last]
    open_ended = BUCKETS[frequency][-1]
    found = {}
    for before, end in pairwise(edges):
        if end <= gap:
            continue
        usual = next((one for one in BUCKETS[frequency] if one >= end), None)
        till = "plus" if before >= open_ended else str(usual)
        found[f"h_{before + 1}_{till}"] = slice(max(before - gap, 0), end - gap)
    return found


def quarters(level: Floats, judged: Flags) -> Grouping:
    """Part the judged series in four by their level, the smallest first; equals stay together."""
    inner = np.quantile(level[judged], (0.25, 0.5, 0.75))
    return Grouping(QUARTERS, np.searchsorted(inner, level, side="left"))


class Tally:
    """Adds up one way to tell parts apart, some series after others."""

    def __init__(self, by: str, keys: Sequence[str], metrics: Sequence[str] = REPORTED) -> None:
        self._by, self._keys = by, tuple(keys)
        self._sums = {name: np.zeros((2, len(keys))) for name in metrics}
        self._counts = np.zeros((2, len(keys)), dtype=np.int64)

    def add(self, scores: Scores, judged: Flags) -> None:
        """Add the judged ones of some series; `scores` are by key and series."""
        for metric, sums in self._sums.items():
            sums += [one[:, judged].sum(axis=1) for one in scores.parts(metric)]
        points = scores.points[:, judged]
        self._counts += (points > 0).sum(axis=1), points.sum(axis=1).astype(np.int64)

    def told(self) -> Slice:
        values = {name: finished(name, quotient(*sums)) for name, sums in self._sums.items()}
        series, points = self._counts
        return Slice(self._by, self._keys, series, points, values)


def by_group(by: str, scores: Scores, judged: Flags, groups: Grouping) -> Slice:
    """Tell the groups of series apart; `scores` are over all folds and steps."""
    scored = judged & (scores.points > 0)
    values = {}
    for metric in REPORTED:
        above, below = (groups.summed(np.where(judged, one, 0.0)) for one in scores.parts(metric))
        values[metric] = finished(metric, quotient(above, below))
    return Slice(
        by,
        groups.names,
        groups.summed(scored.astype(np.float64)).astype(np.int64),
        groups.summed(np.where(judged, scores.points, 0.0)).astype(np.int64),
        values,
    )
