from __future__ import annotations

from forecastlab.forecasting.domain.trends import TrendModel


class Holt(TrendModel):
    """A level with a linear trend, Holt (1957)."""

    name = "holt"
    title = "Holt (trend)"
    cost = 3.1


MODEL = Holt()
