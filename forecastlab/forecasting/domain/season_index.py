"""One season shared by all series: how each place of the season compares with the mean."""

from __future__ import annotations

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
    for piece in whole.pieces() if judged else ():
        for place in judged:
            sums[place] += _sums(piece.fit[: task.origins[place] + 1], task.season)
    return np.stack([_index(*one) for one in sums])


def _is_enough(length: int, task: Task) -> bool:
    return task.season > 1 and length >= task.defaults.cycles * task.season


def _sums(values: Floats, season: int) -> Floats:
    """Return what was sold at each place, and the sum of the means of the series seen there.

    `values` is periods x series; place 0 is that of period 0.
    """
    usual = np.nan_to_num(observed.mean_seen(values))
    seen = ~np.isnan(values)
    sold = np.where(seen, values, 0.0).sum(axis=1)
    expected = (seen * usual).sum(axis=1)
    places = np.arange(values.shape[0]) % season
    both = [np.bincount(places, one, minlength=season) for one in (sold, expected)]
    return np.stack(both).astype(np.float64)


def _index(sold: Floats, expected: Floats) -> Floats:
    """Return one factor a place with a mean of 1; a place where nothing was sold counts as 1."""
    factor = np.where(sold > 0, np.nan_to_num(quotient(sold, expected), nan=1.0), 1.0)
    index: Floats = factor / factor.mean()
    return index
