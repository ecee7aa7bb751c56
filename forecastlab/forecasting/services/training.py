"""The step that runs every model: shards of series, each on all folds and on all data."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import panel as panels
from forecastlab.forecasting.domain import shards
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.panel import Integers, Panel
from forecastlab.forecasting.domain.protocol import Arrays, Report, between
from forecastlab.forecasting.domain.shards import Forecast, Work
from forecastlab.forecasting.services import configs, failing, features, laying
from forecastlab.lib import figures
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import Done, FanOut, StepContext, StepResult

# How much of the task of a model that needs the whole panel is learning from it.
LEARNING = 0.8


def train(context: StepContext) -> StepResult:
    """Fan out over the shards; called again when they are done, say what was trained."""
    if context.shard is not None:
        return _train_shard(context, dict(context.shard))
    if not context.shards:
        made = _fanned_out(context)
        return FanOut(made, detail=_("%(count)s shards") % {"count": len(made)})
    return _trained(context)


def _fanned_out(context: StepContext) -> list[Mapping[str, Any]]:
    """Return one task for each model that needs the whole panel, then the shards of all others."""
    single = configs.of(context).single
    cut = context.results["features"]["shards"]
    local = shards.local(single)
    series = context.results["features"]["series"]
    whole = [{"whole": name, "series": series} for name in single if name not in local]
    return [*whole, *(cut if local else [])]


def _train_shard(context: StepContext, shard: dict[str, Any]) -> Done:
    parts = [shard["digest"]] if "digest" in shard else _every(context)
    work = features.work_of(context, configs.of(context), context.results["features"]["periods"])
    whole = "whole" in shard
    learning = LEARNING if whole else 0.0
    learned, seconds = _learned(context, shard, work, between(context.report, 0.0, learning))
    report = between(context.report, learning, 1.0)
    trained = _Trained()
    for place, digest in enumerate(parts):
        panel = panels.unpack(gateways.get_arrays(digest))
        part = shards.part_of(report, place, len(parts))
        trained.add(panel, shards.run(panel, work, learned, part))
    barrier("shard-trained")
    done = trained.joined()
    data = {
        "final": gateways.put_arrays(_final(done)),
        "seconds": {
            name: round(seconds.get(name, 0.0) + one.seconds, 4) for name, one in done.items()
        },
        "fallbacks": failing.of_shard(trained.series, done),
        "peak_memory_mb": configs.peak_memory_mb(),
    }
    if whole:
        data["learned"] = gateways.put_nested(learned)
    if configs.judges(context):
        data["judged"] = gateways.put_frame(_judged(trained.series, done))
    return Done(_("%(count)s series") % {"count": figures.number(len(trained.series))}, data)


class _Trained:
    """What models made of the parts of a panel."""

    def __init__(self) -> None:
        self.parts: list[dict[str, Forecast]] = []
        self.ids: list[Integers] = []

    def add(self, panel: Panel, done: dict[str, Forecast]) -> None:
        self.parts.append(done)
        self.ids.append(panel.series)

    @property
    def series(self) -> Integers:
        return np.concatenate(self.ids)

    def joined(self) -> dict[str, Forecast]:
        widths = [len(one) for one in self.ids]
        return {
            name: shards.joined([part[name] for part in self.parts], widths)
            for name in self.parts[0]
        }


def _every(context: StepContext) -> list[str]:
    return [one["digest"] for one in context.results["features"]["shards"]]


def _learned(
    context: StepContext, shard: Mapping[str, Any], work: Work, report: Report
) -> tuple[dict[str, Arrays], dict[str, float]]:
    """Return what the models of this task share, and the seconds that it took here."""
    told = context.results["features"]
    if "whole" in shard:
        started = perf_counter()
        whole = laying.whole(told["shards"], told["periods"])
        learned = shards.learn([shard["whole"]], whole, work, report)
        return learned, {shard["whole"]: perf_counter() - started}
    kept = gateways.get_nested(told["learned"])
    return {name: kept.get(name, {}) for name in shards.local(configs.of(context).single)}, {}


def _final(done: dict[str, Forecast]) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for model, one in done.items():
        arrays[f"final/{model}"] = one.final
        arrays |= {f"state/{model}/{name}": values for name, values in one.state.items()}
    return arrays


def _judged(series: Integers, done: dict[str, Forecast]) -> pl.DataFrame:
    """Return one row per series, fold and step, one column per model."""
    shape = next(iter(done.values())).judged.shape
    columns = {name: one.judged.transpose(2, 0, 1).reshape(-1) for name, one in done.items()}
    return pl.DataFrame({"series_id": np.repeat(series, shape[0] * shape[1]), **columns})


def _trained(context: StepContext) -> Done:
    config = configs.of(context)
    told = failing.told(context, config)
    seconds: dict[str, float] = dict.fromkeys(config.single, 0.0)
    for shard in context.shards:
        for name, spent in shard.data["seconds"].items():
            seconds[name] = round(seconds[name] + spent, 4)
    detail = _("%(models)s on %(series)s series") % {
        "models": ", ".join(title_of(name) for name in told["trained"]),
        "series": figures.number(context.results["features"]["series"]),
    }
    made = [
        {name: one.data.get(name) for name in ("judged", "final", "learned")}
        for one in context.shards
    ]
    whole = [one for one in made if one["learned"]]
    data = {
        **told,
        **_coverage(context),
        "requested_models": list(config.models),
        "shards": [one for one in made if not one["learned"]],
        "whole": whole,
        "temporary": [digest for one in made for digest in one.values() if digest],
        "seconds": seconds,
        "peak_memory_mb": max(one.data["peak_memory_mb"] for one in context.shards),
    }
    return Done(detail, data)


def _coverage(context: StepContext) -> dict[str, int]:
    """Return how many series will be judged and how many cannot be, where this job judges."""
    told = context.results["features"]
    return {name: told[name] for name in ("series_judged", "series_skipped") if name in told}
