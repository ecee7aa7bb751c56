"""How models did on parts of what was judged: folds, steps ahead, groups of series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forecastlab.forecasting.domain.champion import Grouping
from forecastlab.forecasting.domain.metrics import Counted, Scores, finished
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


def by_fold(counted: Counted, judged: Flags) -> Slice:
    scores = counted.by_fold
    return _slice("fold", [str(one + 1) for one in range(len(scores.points))], scores, judged)


def by_step(counted: Counted, judged: Flags, gap: int = 0) -> Slice:
    scores = counted.by_step
    keys = [str(gap + one + 1) for one in range(len(scores.points))]
    return _slice("step", keys, scores, judged)


def by_bucket(counted: Counted, judged: Flags, parts: Mapping[str, slice]) -> Slice:
    return _slice("horizon", list(parts), counted.by_step.parted(parts.values()), judged)


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


def _slice(by: str, keys: Sequence[str], scores: Scores, judged: Flags) -> Slice:
    values = {}
    for metric in REPORTED:
        above, below = (one[:, judged].sum(axis=1) for one in scores.parts(metric))
        values[metric] = finished(metric, quotient(above, below))
    points = scores.points[:, judged]
    counts = (points > 0).sum(axis=1), points.sum(axis=1).astype(np.int64)
    return Slice(by, tuple(keys), *counts, values)
