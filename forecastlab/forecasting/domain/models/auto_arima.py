from __future__ import annotations

from forecastlab.forecasting.domain.singly import SingleSeriesModel


class AutoArima(SingleSeriesModel):
    """ARIMA by stepwise search (Hyndman and Khandakar 2008), through statsforecast."""

    name = "auto_arima"
    title = "Automatic ARIMA"
    cost = 8.0
    kind = "AutoARIMA"


MODEL = AutoArima()
