"""What is told of models that failed: on which series, or everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.forecasting.domain import fallbacks
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.panel import Integers
from forecastlab.forecasting.domain.shards import Forecast
from forecastlab.forecasting.services import configs
from forecastlab.lib.contributions import StepContext, StepFailed
from forecastlab.warehouse.models import Series


class NothingJudged(StepFailed):
    """No series can be judged, or the model fails on every one."""

    code = "nothing_judged"


def of_shard(series: Integers, done: Mapping[str, Forecast]) -> list[dict[str, Any]]:
    """Return where models of this shard fell back, with the first series by their ids."""
    return [
        entry
        for name, one in done.items()
        for entry in fallbacks.told(name, one.fallen, series.tolist())
    ]


def told(context: StepContext, config: Config) -> dict[str, Any]:
    """Return which models are trained, where they fell back and which are left out.

    One that failed on every series is left out of a judgement. What serves already is kept: each
    of its series has the fallback's forecast.
    """
    entries = fallbacks.merged(_entries(context))
    failed = Counter[str]()
    for one in entries:
        failed[one["model"]] += one["series"]
    everywhere = context.results["features"]["series"] if configs.judges(context) else None
    left = {model for model, series in failed.items() if series == everywhere}
    if len(left) == len(config.single):
        raise StepFailed(
            _("No model can forecast these sales."),
            hint=_("The first reason: %(reason)s. Name other models, or look at the sales.")
            % {"reason": str(entries[0]["reason"]).rstrip(".")},
        )
    reasons = {one["model"]: one["reason"] for one in reversed(entries) if one["model"] in left}
    return {
        "trained": [name for name in config.single if name not in left],
        "fallbacks": named([one for one in entries if one["model"] not in left]),
        "renamed": configs.renamed(context),
        "unavailable": context.results["features"]["unavailable"],
        "left_out": [{"model": model, "reason": reason} for model, reason in reasons.items()],
    }


def _entries(context: StepContext) -> Iterator[Mapping[str, Any]]:
    """Yield what the shards tell; of several fits of one model, the one that failed most counts."""
    most: dict[str, list[Mapping[str, Any]]] = {}
    for shard in context.shards:
        told = shard.data["fallbacks"]
        if "whole" not in shard.shard:
            yield from told
        elif _series(told) >= _series(most.get(shard.shard["whole"], [])):
            most[shard.shard["whole"]] = told
    yield from chain.from_iterable(most.values())


def _series(entries: Iterable[Mapping[str, Any]]) -> int:
    return sum(one["series"] for one in entries)


def named(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    wanted = {pk for one in entries for pk in one["first"]}
    names = dict(Series.objects.filter(pk__in=wanted).values_list("pk", "unique_id"))
    return [{**one, "first": [names[pk] for pk in one["first"]]} for one in entries]
