"""The step that runs every model: shards of series, each on all folds and on all data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import shards
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.panel import BLOCK, Integers, Panel
from forecastlab.forecasting.domain.protocol import between
from forecastlab.forecasting.domain.shards import Forecast
from forecastlab.forecasting.services import configs, failing, keeping, making
from forecastlab.forecasting.services.making import Making
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
    """Return a task for each fit of a model that needs the whole panel, then the other shards."""
    single = configs.of(context).single
    cut = context.results["features"]["shards"]
    local = shards.local(single)
    whole = making.tasks(context, [name for name in single if name not in local])
    return [*whole, *(cut if local else [])]


def _train_shard(context: StepContext, shard: dict[str, Any]) -> Done:
    learning = LEARNING if "whole" in shard else 0.0
    report = making.seldom(context.report)
    made = Making(context, shard)
    made.learn(between(report, 0.0, learning))
    trained = _Trained()
    for number, block in made.blocks():
        so_far = learning + (1 - learning) * len(trained.parts) * BLOCK / shard["series"]
        trained.add(block, made.run(number, block, between(report, so_far, so_far)))
    barrier("shard-trained")
    done = trained.joined()
    data: dict[str, Any] = {
        "seconds": {name: round(made.seconds[name] + one.seconds, 4) for name, one in done.items()},
        "fallbacks": failing.of_shard(trained.series, done),
        "peak_memory_mb": configs.peak_memory_mb(),
    }
    if made.serves:
        data["final"] = gateways.put_arrays(_final(done))
    if made.serves and "whole" in shard:
        data["learned"] = gateways.put_nested(made.learned)
    if configs.judges(context):
        data |= made.keep()
    return Done(_("%(count)s series") % {"count": figures.number(len(trained.series))}, data)


class _Trained:
    """What models made of the blocks of a panel."""

    def __init__(self) -> None:
        self.parts: list[dict[str, Forecast]] = []
        self.ids: list[Integers] = []

    def add(self, block: Panel, done: dict[str, Forecast]) -> None:
        self.parts.append(done)
        self.ids.append(block.series)

    @property
    def series(self) -> Integers:
        return np.concatenate(self.ids)

    def joined(self) -> dict[str, Forecast]:
        widths = [len(one) for one in self.ids]
        return {
            name: shards.joined([part[name] for part in self.parts], widths)
            for name in self.parts[0]
        }


def _final(done: dict[str, Forecast]) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for model, one in done.items():
        arrays[f"final/{model}"] = one.final
        arrays |= {f"state/{model}/{name}": values for name, values in one.state.items()}
    return arrays


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
    reused = _reused(context) if configs.judges(context) else 0.0
    if reused:
        detail += _("; %(share)s of what is judged was there already") % {
            "share": figures.percent(reused)
        }
    made = [
        {name: one.data.get(name) for name in ("judged", "final", "learned")}
        for one in context.shards
    ]
    parts = [one for one, task in zip(made, context.shards, strict=True) if "digest" in task.shard]
    whole = [one for one, task in zip(made, context.shards, strict=True) if "whole" in task.shard]
    judged = [one["judged"] for one in made if one["judged"]]
    if judged:
        keeping.prune(context.now)
    data = {
        **told,
        **_coverage(context),
        "requested_models": list(config.models),
        "shards": parts,
        "whole": whole,
        "temporary": [one[name] for one in made for name in ("final", "learned") if one[name]],
        "lasting": [*judged, *context.results["features"].get("reuse", {}).get("shelf", [])],
        "seconds": seconds,
        "reused": reused,
        "peak_memory_mb": max(one.data["peak_memory_mb"] for one in context.shards),
    }
    return Done(detail, data)


def _reused(context: StepContext) -> float:
    """Return the share of the judged forecasts that earlier judgements made."""
    config = configs.of(context)
    blocks = -(-context.results["features"]["series"] // BLOCK)
    made = sum(one.data["made"] for one in context.shards if "made" in one.data)
    return round(float(1 - made / (blocks * len(config.single) * config.folds)), 4)


def _coverage(context: StepContext) -> dict[str, int]:
    """Return how many series will be judged and how many cannot be, where this job judges."""
    told = context.results["features"]
    return {name: told[name] for name in ("series_judged", "series_skipped") if name in told}
