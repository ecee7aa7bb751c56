"""One season shared by all series: how each place of the season compares with the mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.domain.observed import quotient
from forecastlab.forecasting.domain.panel import Floats, Whole
from forecastlab.forecasting.domain.protocol import Task


def at_origins(whole: Whole, task: Task) -> Floats:
    """Return the pooled index as known at each origin: origins x season.

    A place is compared with the means of the very series that were seen there, so that series
    which come and go do not look like a season. All ones where too few whole seasons lie behind
    an origin.
    """
    sums = np.zeros((len(task.origins), 2, task.season))
    judged = [place for place, one in enumerate(task.origins) if _is_enough(one + 1, task)]
    ends = [task.origins[place] + 1 for place in judged]
    for piece in whole.pieces() if judged else ():
        sums[judged] += _sums(piece.fit, task.season, ends)
    return np.stack([_index(*one) for one in sums])


def _is_enough(length: int, task: Task) -> bool:
    return task.season > 1 and length >= task.defaults.cycles * task.season


def _sums(values: Floats, season: int, ends: Sequence[int]) -> Floats:
    """Return what was sold at each place, and the sum of the means of the series seen there.

    `values` is periods x series; both as known before each end: ends x 2 x season.
    """
    sold, seen = observed.by_place(values, season, ends)
    usual = np.nan_to_num(quotient(sold.sum(axis=1), seen.sum(axis=1)))
    return np.stack([sold.sum(axis=2), (seen * usual[:, None]).sum(axis=2)], axis=1)


def _index(sold: Floats, expected: Floats) -> Floats:
    """Return one factor a place with a mean of 1; a place where nothing was sold counts as 1."""
    factor = np.where(sold > 0, np.nan_to_num(quotient(sold, expected), nan=1.0), 1.0)
    index: Floats = factor / factor.mean()
    return index
