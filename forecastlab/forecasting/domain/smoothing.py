"""Simple exponential smoothing of a block of series for a grid of rates, in one pass.

level[t] = level[t-1] + rate * (y[t] - level[t-1]) (Brown 1956); every forecast is the last level.
The pass is in single precision: it takes half the time, and seven digits of a level are enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.observed import quotient
from forecastlab.forecasting.domain.panel import Flags, Floats

RATES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8)
# How much the errors of the whole block say about a rate, beside the series' own.
NEIGHBOURS = 2.0


@dataclass(frozen=True, slots=True)
class Levels:
    """The level at each origin and the rate that gave it: origins x series."""

    level: Floats
    rate: Floats


def smooth(values: Floats, origins: tuple[int, ...]) -> Levels:
    """Run all rates over `values`, periods x series, and choose one at every origin.

    Periods that are not known move nothing. While a series is young its level is the plain mean
    of what was seen, so that a slow rate is not tied to the first value. The rate of a series is
    the one with the least squared error up to the origin, its own and its block's: a short
    history alone picks rates by luck.
    """
    return smooth_each([(values, origins)])[0]


def smooth_each(asked: Sequence[tuple[Floats, tuple[int, ...]]]) -> list[Levels]:
    """Smooth several histories of the same series, each as `smooth` would, to the last bit.

    One pass for all of them takes little more than half of what they take one after the other.
    """
    ends = [max(origins) + 1 for _values, origins in asked]
    shape = max(ends), len(asked), asked[0][0].shape[1]
    filled, known = np.zeros(shape, dtype=np.float32), np.ones(shape, dtype=np.bool_)
    for place, (end, (values, _origins)) in enumerate(zip(ends, asked, strict=True)):
        filled[:end, place] = values[:end]
        np.logical_not(np.isnan(filled[:end, place]), out=known[:end, place])
    filled[~known] = 0.0
    wanted = [origins for _values, origins in asked]
    sold = np.stack([known[:end, place].any(axis=0) for place, end in enumerate(ends)])
    read = _read(filled, known, sold, wanted)
    return [
        Levels(*(np.stack([read[t, place][part] for t in origins]) for part in (0, 1)))
        for place, origins in enumerate(wanted)
    ]


def _read(
    filled: NDArray[np.float32], known: Flags, sold: Flags, wanted: Sequence[tuple[int, ...]]
) -> dict[tuple[int, int], tuple[Floats, Floats]]:
    """Return level and rate of each history at its origins, by origin and place.

    `filled` and `known` are periods x histories x series; `sold` says which were ever known.
    """
    # Most periods have no hole and no young series: there the pass does half the work.
    whole: list[bool] = np.asarray(known.all(axis=(1, 2))).tolist()
    moves = known.astype(np.float32)
    # Arrays of one shape: to broadcast a row takes longer than to add it.
    rates = np.empty((len(sold), len(RATES), sold.shape[1]), dtype=np.float32)
    rates[:] = np.array(RATES, dtype=np.float32)[:, None]
    level, error = np.zeros_like(rates), np.zeros_like(rates)
    surprise, change = np.empty_like(rates), np.empty_like(rates)
    seen, grown = np.zeros(sold.shape, dtype=np.float32), False
    read, at = {}, _places(wanted)
    for t in range(len(filled)):
        np.subtract(filled[t][:, None], level, out=surprise)
        if not whole[t]:
            surprise *= moves[t][:, None]
        np.multiply(surprise, surprise, out=change)
        error += change
        if grown:
            np.multiply(rates, surprise, out=change)
        else:
            seen += moves[t]
            young = 1 / np.maximum(seen, np.float32(1))
            grown = bool((young[sold] <= RATES[0]).all())
            np.maximum(rates, young[:, None], out=change)
            change *= surprise
        level += change
        for place in at.get(t, ()):
            read[t, place] = _best(level[place].astype(float), error[place].astype(float))
    return read


def _places(wanted: Sequence[tuple[int, ...]]) -> dict[int, list[int]]:
    """Return which histories are read at each origin."""
    at: dict[int, list[int]] = {}
    for place, origins in enumerate(wanted):
        for one in origins:
            at.setdefault(one, []).append(place)
    return at


def _best(level: Floats, error: Floats) -> tuple[Floats, Floats]:
    own = _relative(error)
    block = np.nansum(own, axis=1, keepdims=True) / max(int((~np.isnan(own[0])).sum()), 1)
    best = (np.nan_to_num(own) + NEIGHBOURS * block).argmin(axis=0)
    return np.take_along_axis(level, best[None, :], axis=0)[0], np.array(RATES)[best]


def _relative(error: Floats) -> Floats:
    """Return each series' error by rate over its mean, NaN for a series without any error."""
    usual = error.mean(axis=0)
    return quotient(error, usual)
