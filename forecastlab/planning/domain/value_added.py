"""Forecast value added: what overrides did to the error.

The error of the naive forecast, of the model and of the planner's numbers is taken on the same
days, so that their differences say what each step of the process added or cost (Gilliland, "The
Business Forecasting Deal", 2010, chapter 4: forecast value added is the change in a performance
metric that is due to one step). Value added by overrides is WAPE of the model minus WAPE of the
overridden forecast, in percentage points; positive is better. WAPE and bias are those of
`forecasting.domain.metrics`, pooled over the numbers that are judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain import metrics, observed

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
STEPS = ("naive", "model", "overridden")
# Fewer numbers than this tell nothing about anybody.
FEW = 10
# Less than this many points is no difference that is worth a word.
ALIKE = 0.05


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    ALIKE = "alike"
    FEW = "few"
    UNDEFINED = "undefined"


@dataclass(frozen=True, slots=True)
class Judged:
    """The numbers that are judged, one place each: what was sold, and what three steps said.

    `actual` is NaN where it does not count: closed, out of stock, not known.
    """

    actual: Floats
    forecasts: Mapping[str, Floats]
    periods: Integers

    @property
    def known(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = ~np.isnan(self.actual)
        return found


@dataclass(frozen=True, slots=True)
class Added:
    """Value added on some numbers. Percentages are 0 to 100; NaN is undefined.

    `numbers` were judged on `days` periods, `unjudged` could not be. `closer` counts the numbers
    on which the planner was nearer to what was sold than the model, `farther` the others.
    """

    numbers: int
    days: int
    unjudged: int
    closer: int
    farther: int
    wape: Mapping[str, float]
    bias: Mapping[str, float]

    @property
    def points(self) -> float:
        """Return the value that overrides added, in points of WAPE; NaN where it is undefined."""
        return self.wape["model"] - self.wape["overridden"]

    @property
    def verdict(self) -> Verdict:
        if np.isnan(self.points):
            return Verdict.UNDEFINED
        if self.numbers < FEW:
            return Verdict.FEW
        if abs(self.points) < ALIKE:
            return Verdict.ALIKE
        return Verdict.BETTER if self.points > 0 else Verdict.WORSE


def judge(judged: Judged) -> Added:
    """Judge all numbers together."""
    return judge_by(judged, ["all"] * len(judged.actual), also=["all"])["all"]


def judge_by(judged: Judged, keys: Sequence[str], *, also: Sequence[str] = ()) -> dict[str, Added]:
    """Judge the numbers of each key by themselves, keys in their order; `also` names more keys."""
    names, which = np.unique(np.array([*keys, *also], dtype=np.str_), return_inverse=True)
    which = which[: len(keys)]
    known, width = judged.known, len(names)

    def count(flags: NDArray[np.bool_]) -> list[int]:
        counted: list[int] = np.bincount(which[flags], minlength=width).tolist()
        return counted

    model, planner = (np.abs(judged.forecasts[one] - judged.actual) for one in STEPS[1:])
    pairs = np.unique(np.stack([which[known], judged.periods[known]]), axis=1)[0]
    days = np.bincount(pairs, minlength=width).tolist()
    numbers, unjudged = count(known), count(~known)
    closer, farther = count(known & (planner < model)), count(known & (planner > model))
    pooled = {one: _pooled(judged, which, width, one) for one in ("wape", "bias")}
    return {
        str(name): Added(
            numbers=numbers[at],
            days=days[at],
            unjudged=unjudged[at],
            closer=closer[at],
            farther=farther[at],
            wape={step: float(pooled["wape"][step][at]) for step in STEPS},
            bias={step: float(pooled["bias"][step][at]) for step in STEPS},
        )
        for at, name in enumerate(names)
    }


def undefined(found: Mapping[str, Added]) -> int:
    """Count those of which no value added can be told: nothing was sold, or nothing is known."""
    return sum(bool(np.isnan(one.points)) for one in found.values())


def _pooled(judged: Judged, which: Integers, width: int, metric: str) -> dict[str, Floats]:
    """Return a metric of each step for each key: every number is a series of one fold and step."""
    nowhere = np.full(len(judged.actual), np.nan)
    actual, found = judged.actual.reshape(1, 1, -1), {}
    for step in STEPS:
        forecast = judged.forecasts[step].reshape(1, 1, -1)
        scores = metrics.score(actual, forecast, metrics.Scales(nowhere, nowhere))
        parts = scores.parts(metric)
        above, below = (np.bincount(which, one, width).astype(np.float64) for one in parts)
        found[step] = metrics.finished(metric, observed.quotient(above, below))
    return found
