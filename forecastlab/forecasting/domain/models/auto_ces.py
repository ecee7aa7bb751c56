from __future__ import annotations

from forecastlab.forecasting.domain.singly import SingleSeriesModel


class AutoCes(SingleSeriesModel):
    """Complex exponential smoothing, Svetunkov and Kourentzes (2018), through statsforecast."""

    name = "auto_ces"
    title = "Automatic CES"
    cost = 5.5
    kind = "AutoCES"


MODEL = AutoCes()
