from __future__ import annotations

from forecastlab.forecasting.domain.singly import SingleSeriesModel


class Mfles(SingleSeriesModel):
    """Boosted trend, Fourier season and smoothing (Blume 2024), through statsforecast."""

    name = "mfles"
    title = "MFLES"
    cost = 5.0
    kind = "MFLES"


MODEL = Mfles()
