from __future__ import annotations

from forecastlab.forecasting.domain.boosting import SETTINGS, Trees
from forecastlab.forecasting.domain.models.lightgbm import LightGbm


class BriefLightGbm(LightGbm):
    """LightGBM that stops after a few trees from a few rows: quick, and short of what it could.

    A first look, and a real model that is worse, for the lessons of the long pipeline.
    """

    name = "lightgbm_brief"
    title = "LightGBM, a few trees"
    cost = 10.0
    default = False
    trees = Trees(20_000, 10, SETTINGS)
    trial = Trees(5_000, 5, SETTINGS)


MODEL = BriefLightGbm()
