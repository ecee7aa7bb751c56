from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from forecastlab.forecasting.models import Backtest, ModelRun
from forecastlab.lib.contributions import ArtefactReferrer


def _judged() -> Iterable[str]:
    return chain.from_iterable(Backtest.objects.values_list("forecasts", "serving"))


def _models() -> Iterable[str]:
    return ModelRun.objects.values_list("artefact", flat=True)


JUDGED = ArtefactReferrer("judged forecasts and what issuing needs", _judged)
MODELS = ArtefactReferrer("states of models", _models)
