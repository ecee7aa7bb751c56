from __future__ import annotations

from forecastlab.forecasting.domain.trends import TrendModel


class DampedTrend(TrendModel):
    """A level with a trend that flattens out, Gardner and McKenzie (1985)."""

    name = "damped_trend"
    title = "Damped trend"
    cost = 3.2
    damping = (0.8, 0.9, 0.98)


MODEL = DampedTrend()
