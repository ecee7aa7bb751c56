from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from forecastlab.forecasting.models import Backtest, KeptForecast, ModelRun
from forecastlab.forecasting.queries import holders
from forecastlab.lib.contributions import ArtefactReferrer, Referrer


def _judged() -> Iterable[str]:
    return chain.from_iterable(Backtest.objects.values_list("forecasts", "serving"))


def _models() -> Iterable[str]:
    return ModelRun.objects.values_list("artefact", flat=True)


def _kept() -> Iterable[str]:
    return KeptForecast.objects.values_list("artefact", flat=True).distinct()


def _holders(kind: str, pk: int) -> Sequence[str]:
    find = {
        "dataset_version": holders.of_version,
        "backtest": holders.of_backtest,
        "batch": holders.of_batch,
    }
    return find[kind](pk) if kind in find else ()


JUDGED = ArtefactReferrer("judged forecasts and what issuing needs", _judged)
MODELS = ArtefactReferrer("states of models", _models)
KEPT = ArtefactReferrer("forecasts that later judgements take over", _kept)
HOLDERS = Referrer("models and forecasts", _holders)
