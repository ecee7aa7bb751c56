from __future__ import annotations

from forecastlab.forecasting.domain.boosting import FOREST, FOREST_TRIAL
from forecastlab.forecasting.domain.models.lightgbm import LightGbm


class RandomForest(LightGbm):
    """Trees side by side instead of one after the other, as LightGBM grows them (Breiman 2001).

    What they learn from, and how history is chosen, is that of LightGBM direct; the forecast is
    the mean of the trees.
    """

    name = "random_forest"
    title = "Random forest"
    cost = 45.0
    default = False
    trees = FOREST
    trial = FOREST_TRIAL


MODEL = RandomForest()
