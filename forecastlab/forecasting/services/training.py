"""The step that runs every model: shards of series, each on all folds and on all data."""

from __future__ import annotations

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import panel as panels
from forecastlab.forecasting.domain import shards
from forecastlab.forecasting.domain.config import Config, title_of
from forecastlab.forecasting.domain.panel import Panel
from forecastlab.forecasting.domain.shards import Forecast
from forecastlab.forecasting.services import configs, failing, features
from forecastlab.lib import figures
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import Done, FanOut, StepContext, StepResult


def train(context: StepContext) -> StepResult:
    """Fan out over the shards; called again when they are done, say what was trained."""
    if context.shard is not None:
        return _train_shard(context, dict(context.shard))
    made = context.results["features"]["shards"]
    if not context.shards:
        return FanOut(made, detail=_("%(count)s shards") % {"count": len(made)})
    return _trained(context)


def _train_shard(context: StepContext, shard: dict[str, str]) -> Done:
    config = configs.of(context)
    panel = _panel(shard["digest"])
    work = features.work_of(context, config, panel.periods)
    learned = _learned(context, config)
    done = shards.run(panel, work, learned, context.report)
    barrier("shard-trained")
    data = {
        "final": gateways.put_arrays(_final(done)),
        "seconds": {name: round(one.seconds, 4) for name, one in done.items()},
        "fallbacks": failing.of_shard(panel, done),
        "peak_memory_mb": configs.peak_memory_mb(),
    }
    if configs.judges(context):
        data["judged"] = gateways.put_frame(_judged(panel, done))
    return Done(_("%(count)s series") % {"count": figures.number(panel.width)}, data)


def _panel(digest: str) -> Panel:
    return panels.unpack(gateways.get_arrays(digest))


def _learned(context: StepContext, config: Config) -> dict[str, dict[str, np.ndarray]]:
    stored = gateways.get_arrays(context.results["features"]["learned"])
    learned: dict[str, dict[str, np.ndarray]] = {name: {} for name in config.single}
    for path, values in stored.items():
        model, _slash, name = path.partition("/")
        learned[model][name] = values
    return learned


def _final(done: dict[str, Forecast]) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for model, one in done.items():
        arrays[f"final/{model}"] = one.final
        arrays |= {f"state/{model}/{name}": values for name, values in one.state.items()}
    return arrays


def _judged(panel: Panel, done: dict[str, Forecast]) -> pl.DataFrame:
    """Return one row per series, fold and step, one column per model."""
    shape = next(iter(done.values())).judged.shape
    columns = {name: one.judged.transpose(2, 0, 1).reshape(-1) for name, one in done.items()}
    return pl.DataFrame({"series_id": np.repeat(panel.series, shape[0] * shape[1]), **columns})


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
    shards_made = [
        {name: one.data.get(name) for name in ("judged", "final")} for one in context.shards
    ]
    data = {
        **told,
        "requested_models": list(config.models),
        "shards": shards_made,
        "temporary": [digest for one in shards_made for digest in one.values() if digest],
        "seconds": seconds,
        "peak_memory_mb": max(one.data["peak_memory_mb"] for one in context.shards),
    }
    return Done(detail, data)
