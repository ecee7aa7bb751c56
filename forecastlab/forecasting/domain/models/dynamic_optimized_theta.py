from __future__ import annotations

from forecastlab.forecasting.domain.singly import SingleSeriesModel


class DynamicOptimizedTheta(SingleSeriesModel):
    """The dynamic optimised theta model of Fiorucci et al. (2016), through statsforecast."""

    name = "dynamic_optimized_theta"
    title = "Optimised theta"
    cost = 6.0
    kind = "DynamicOptimizedTheta"


MODEL = DynamicOptimizedTheta()
