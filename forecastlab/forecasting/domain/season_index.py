"""One season shared by all series: how each place of the season compares with the mean."""

from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.domain.observed import quotient
from forecastlab.forecasting.domain.panel import Floats
from forecastlab.forecasting.domain.protocol import Task


def pooled(values: Floats, season: int) -> Floats:
    """Return one factor a place, scaled to a mean of 1; place 0 is that of period 0.

    `values` is periods x series. The factor is the sum of what was sold at a place over the sum
    of the means of the series seen there; a place where nothing was seen counts as 1.

    A place is compared with the means of the very series that were seen there, so that series
    which come and go do not look like a season.
    """
    usual = np.nan_to_num(observed.mean_seen(values))
    seen = ~np.isnan(values)
    sold = np.where(seen, values, 0.0).sum(axis=1)
    expected = (seen * usual).sum(axis=1)
    places = np.arange(values.shape[0]) % season
    above = np.bincount(places, sold, minlength=season).astype(np.float64)
    below = np.bincount(places, expected, minlength=season)
    factor = np.where(above > 0, np.nan_to_num(quotient(above, below), nan=1.0), 1.0)
    index: Floats = factor / factor.mean()
    return index


def at_origins(values: Floats, task: Task) -> Floats:
    """Return the pooled index as known at each origin: origins x season.

    All ones where too few whole seasons lie behind an origin.
    """
    return np.stack([_index(values[: origin + 1], task) for origin in task.origins])


def _index(known: Floats, task: Task) -> Floats:
    if task.season < 2 or known.shape[0] < task.defaults.cycles * task.season:
        return np.ones(task.season)
    return pooled(known, task.season)
