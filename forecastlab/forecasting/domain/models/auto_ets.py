from __future__ import annotations

from forecastlab.forecasting.domain.singly import SingleSeriesModel


class AutoEts(SingleSeriesModel):
    """Exponential smoothing by information criterion (Hyndman et al. 2002), through statsforecast.

    It knows no season longer than 24 periods: such series are smoothed without one.
    """

    name = "auto_ets"
    title = "Automatic ETS"
    cost = 7.0
    kind = "AutoETS"
    longest_season = 24


MODEL = AutoEts()
