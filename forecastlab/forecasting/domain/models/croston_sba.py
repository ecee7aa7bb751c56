from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.domain.panel import Floats, Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, LocalModel, Task

RATE = 0.1


class CrostonSba(LocalModel):
    """Size of a sale over the time between two, each smoothed: for sales with many zeros.

    Croston (1972) with the correction of Syntetos and Boylan (2005), "The accuracy of
    intermittent demand estimates": (1 - RATE / 2) x size / interval. Both move only where
    something is sold; unknown periods do not lengthen an interval. One sale alone is no interval:
    the last observed value is repeated.
    """

    name = "croston_sba"
    title = "Croston SBA (intermittent)"
    cost = 3.0
    default = False

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        size, interval, sales = _smoothed(block.fit, task.origins)
        level = (1 - RATE / 2) * observed.quotient(size, interval)
        last = np.stack([observed.last_seen(block.fit[: one + 1]) for one in task.origins])
        level = np.where(sales > 1, level, last)
        state = {"size": size[-1], "interval": interval[-1]}
        return Forecasts(np.repeat(level[:, None, :], task.steps, axis=1), state)


def _smoothed(values: Floats, origins: tuple[int, ...]) -> tuple[Floats, Floats, Floats]:
    """Return size, interval and number of sales as known at each origin: origins x series."""
    size, interval, since, sales = np.zeros((4, values.shape[1]))
    read = {}
    for t in range(max(origins) + 1):
        since += ~np.isnan(values[t])
        sold = values[t] > 0
        rate = np.where(sales > 0, RATE, 1.0)
        size[sold] += (rate * (values[t] - size))[sold]
        interval[sold] += (rate * (since - interval))[sold]
        sales += sold
        since[sold] = 0
        if t in origins:
            read[t] = size.copy(), interval.copy(), sales.copy()
    found = np.array([read[one] for one in origins])
    return found[:, 0], found[:, 1], found[:, 2]


MODEL = CrostonSba()
