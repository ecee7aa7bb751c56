"""Whether one model is better than another, or only happened to be.

A paired bootstrap over series (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
chapter 13): as many series as there are are drawn with replacement, both models are scored on the
same draw, and what 95 of 100 such differences lie between is the interval. Series are drawn
whole, because errors within one are alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain.metrics import Scores, finished
from forecastlab.forecasting.domain.observed import quotient
from forecastlab.forecasting.domain.panel import Flags, Floats

RESAMPLES = 1_000
LEVEL = 95
SEED = 20_240_601
# So many draws are counted at a time that this many numbers are held.
MOST_HELD = 400_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much larger the pooled error is than the best model's, and the interval of that."""

    difference: float
    low: float
    high: float

    @property
    def told_apart(self) -> bool:
        """Say whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def with_best(
    best: str, scores: Mapping[str, Scores], judged: Flags, metric: str
) -> dict[str, Comparison]:
    """Compare every model with the best one, in the unit of the metric; for bias by its size."""
    others = [name for name in scores if name != best]
    if not others:
        return {}
    names = [best, *others]
    parts = [scores[name].parts(metric) for name in names]
    above, below = (np.stack([one[side][judged] for one in parts], axis=1) for side in (0, 1))
    if (below == below[:, :1]).all():
        below = below[:, :1]
    drawn = np.concatenate([_pooled(counts, above, below, metric) for counts in _draws(len(above))])
    found = _pooled(np.ones((1, len(above))), above, below, metric)[0]
    differences = drawn[:, 1:] - drawn[:, :1]
    tail = (100 - LEVEL) / 200
    low, high = _quantiles(differences, (tail, 1 - tail))
    return {
        name: Comparison(float(found[place + 1] - found[0]), float(low[place]), float(high[place]))
        for place, name in enumerate(others)
    }


def _draws(series: int) -> Iterator[Floats]:
    """Yield how often each series is drawn: draws x series, some draws at a time."""
    random = np.random.default_rng(SEED)
    at_once = max(MOST_HELD // series, 1)
    for begun in range(0, RESAMPLES, at_once):
        draws = min(at_once, RESAMPLES - begun)
        drawn = random.integers(0, series, (draws, series))
        drawn += series * np.arange(draws)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=draws * series)
        yield counts.reshape(draws, series).astype(np.float64)


def _pooled(counts: Floats, above: Floats, below: Floats, metric: str) -> Floats:
    """Return the size of the pooled error: draws x models."""
    return np.abs(finished(metric, quotient(counts @ above, counts @ below)))


def _quantiles(differences: Floats, shares: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return two quantiles over the draws in which the difference is defined; else NaN."""
    defined = ~np.isnan(differences).any(axis=1)
    if not defined.any():
        nothing = np.full(differences.shape[1], np.nan)
        return nothing, nothing
    low, high = np.quantile(differences[defined], shares, axis=0)
    return low, high
