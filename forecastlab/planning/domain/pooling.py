"""Effects of single series drawn together: to their category, and these to all.

Each series estimates its own effect with an error; true effects differ too. By how much is found
from how far the estimates lie apart beyond their errors (DerSimonian and Laird 1986), and every
estimate is drawn to the mean of its category as far as its own error says (empirical Bayes;
Morris 1983). Series have their promotions and their weeks in common, so the error of a mean is
that of sums over blocks of time, in which what they share does not cancel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain.panel import Flags, Floats, Integers
from forecastlab.planning.domain.response import Effects

# Ninety-five percent of a t distribution by its degrees of freedom; beyond, the normal one's.
CRITICAL = (
    12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
NORMAL = 1.96


@dataclass(frozen=True, slots=True)
class Estimate:
    """An effect with its standard error; `freedom` is that of its t distribution.

    `common` is the part of the error that it has from the mean of all.
    """

    value: float
    error: float
    freedom: int
    series: int
    common: float = 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval."""
        reach = critical(self.freedom) * self.error
        return self.value - reach, self.value + reach


@dataclass(frozen=True, slots=True)
class Pooled:
    """One effect: for all series, for each category by its number, and for each series.

    `own`, `shared` and `common` are the parts of the standard error of a series: its own, and those
    of the mean that it is drawn to, which it has in common with its category, and with all series
    as far as that is drawn to the mean of all. `between` is how far
    true effects of a category's series lie apart (standard deviation). `told` says which series
    tell something themselves; a category in which none does is drawn to all, with 0 series.
    """

    every: Estimate
    category: tuple[Estimate, ...]
    between: float
    value: Floats
    own: Floats
    shared: Floats
    common: Floats
    told: Flags

    @property
    def error(self) -> Floats:
        """Return the standard error of each series."""
        squares = self.own**2 + self.shared**2 + self.common**2
        return np.asarray(np.sqrt(squares), dtype=np.float64)


def critical(freedom: int) -> float:
    return CRITICAL[freedom - 1] if 0 < freedom <= len(CRITICAL) else NORMAL


def pool(effects: Effects, name: str, category: Integers, categories: int) -> Pooled | None:
    """Draw one effect together; None where no series tells anything of it."""
    place = effects.names.index(name)
    value, variance = effects.value[place], effects.variance[place]
    told: Flags = np.isfinite(variance) & np.isfinite(value)
    if not told.any():
        return None
    value = np.where(told, value, 0.0)
    variance = np.where(told, np.maximum(variance, 1e-12), 1.0)
    between = _within(value[told], variance[told], category[told], categories)
    weight = np.where(told, 1 / (variance + between), 0.0)
    influence = effects.influence[place]
    (every,) = _means(value, weight, influence, (np.zeros_like(category), 1))
    means = _means(value, weight, influence, (category, categories))
    drawn = _toward(means, every)
    at = np.array([one.value for one in drawn])[category]
    common = np.array([one.common for one in drawn])[category]
    whole = np.array([one.error for one in drawn])[category]
    shared = np.sqrt(np.maximum(whole**2 - common**2, 0.0))
    trust = np.where(told, between / (variance + between), 0.0)
    return Pooled(
        every=every,
        category=tuple(drawn),
        between=float(np.sqrt(between)),
        value=at + trust * (value - at),
        own=np.sqrt(np.where(told, trust * variance, between)),
        shared=(1 - trust) * shared,
        common=(1 - trust) * common,
        told=told,
    )


def _within(value: Floats, variance: Floats, group: Integers, groups: int) -> float:
    """Return the variance of true effects inside groups, by the method of moments."""
    weight = 1 / variance
    total = np.bincount(group, weight, groups)
    some = total > 0
    mean = np.divide(np.bincount(group, weight * value, groups), total, where=some, out=total * 0)
    excess = (weight * (value - mean[group]) ** 2).sum() - (len(value) - some.sum())
    squares = np.bincount(group, weight**2, groups)
    spare = (total - np.divide(squares, total, where=some, out=total * 0)).sum()
    return max(float(excess / spare), 0.0) if spare > 1e-9 * total.sum() else 0.0


def _means(
    value: Floats, weight: Floats, influence: Floats, by: tuple[Integers, int]
) -> list[Estimate]:
    """Return the weighted mean of each group, with the error that blocks of time give it."""
    group, groups = by
    total = np.bincount(group, weight, groups)
    safe = np.where(total > 0, total, 1.0)
    mean = np.bincount(group, weight * value, groups) / safe
    series = np.bincount(group, weight > 0, groups)
    blocks = np.stack([np.bincount(group, weight * one, groups) for one in influence]) / safe
    moved = np.stack([np.bincount(group, np.abs(one), groups) for one in influence]) > 0
    error = np.sqrt(np.maximum((blocks**2).sum(axis=0), 1 / safe))
    freedom = np.maximum(moved.sum(axis=0) - 1, 1)
    told = zip(mean.tolist(), error.tolist(), freedom.tolist(), series.tolist(), strict=True)
    return [Estimate(*one[:3], int(one[3])) for one in told]


def _toward(means: list[Estimate], every: Estimate) -> list[Estimate]:
    """Draw the means of categories toward that of all."""
    known = [one for one in means if one.series]
    value = np.array([one.value for one in known])
    variance = np.array([one.error**2 for one in known])
    between = _within(value, variance, np.zeros(len(known), dtype=np.int64), 1)
    return [_drawn(one, every, between) for one in means]


def _drawn(one: Estimate, every: Estimate, between: float) -> Estimate:
    if not one.series:
        error = float(np.hypot(every.error, np.sqrt(between)))
        return Estimate(every.value, error, every.freedom, 0, every.error)
    trust = between / (between + one.error**2)
    value = every.value + trust * (one.value - every.value)
    common = (1 - trust) * every.error
    error = np.sqrt(trust * one.error**2 + common**2)
    return Estimate(float(value), float(error), one.freedom, one.series, float(common))
