"""The step that lays the data out for all that follow."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import config as rules
from forecastlab.forecasting.domain import folds, lifecycle, metrics, observed, shards
from forecastlab.forecasting.domain import panel as laying
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.panel import Panel
from forecastlab.forecasting.domain.shards import Work
from forecastlab.forecasting.queries import panels, series_lives
from forecastlab.forecasting.queries.panels import Loaded
from forecastlab.forecasting.services import configs
from forecastlab.lib import figures
from forecastlab.lib.contributions import Done, StepContext
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import versions


def prepare(context: StepContext) -> Done:
    """Put every series on one calendar, take what models share, and cut it in shards."""
    version = versions.version_of(context)
    config = _config(context, version)
    context.report(0.05, _("Reading the facts"))
    loaded = panels.load(version)
    context.report(
        0.5, _("Laying out %(count)s series") % {"count": figures.number(loaded.panel.width)}
    )
    work = work_of(context, config, version.history)
    started = perf_counter()
    learned = shards.learn(shards.local(config.single), loaded.panel, work)
    data: dict[str, Any] = {
        "row_count": loaded.rows,
        "column_count": loaded.columns,
        "series": loaded.panel.width,
        "periods": loaded.panel.periods,
        "planned": laying.planned_ahead(loaded.panel),
        "negative": loaded.negative,
        "closed": loaded.closed,
        "stockout": loaded.stockout,
        "config": config.as_json(),
        "config_hash": config.hash,
        "unavailable": rules.left_out(config),
        "learned": gateways.put_nested(learned),
        "learn_seconds": round(perf_counter() - started, 3),
        "lives": gateways.put_arrays(
            lifecycle.of(loaded.panel, config.frequency, series_lives.discontinued(version)).pack()
        ),
        "shards": _cut(context, loaded.panel),
    }
    if configs.judges(context):
        data["evidence"] = _evidence(loaded.panel, config, work)
    data["temporary"] = _temporary(data)
    data["peak_memory_mb"] = configs.peak_memory_mb()
    return Done(_told(loaded), data)


def _temporary(data: dict[str, Any]) -> list[str]:
    """Return the artefacts that nobody needs once the job is over."""
    kept = [
        data["learned"],
        data["lives"],
        data.get("evidence"),
        *(one["digest"] for one in data["shards"]),
    ]
    return [digest for digest in kept if digest]


def work_of(context: StepContext, config: Config, periods: int) -> Work:
    if configs.judges(context):
        return shards.judging(config, periods)
    return shards.issuing(config, periods, int(context.params["horizon"]))


def _config(context: StepContext, version: DatasetVersion) -> Config:
    if configs.judges(context):
        return configs.checked(version, context.params)
    return rules.restore(context.params["serving"]["config"])


def _cut(context: StepContext, panel: Panel) -> list[dict[str, Any]]:
    made = []
    for index, (start, stop) in enumerate(shards.parts(panel.width, settings.SERIES_PER_SHARD)):
        part = panel.columns(start, stop)
        digest = gateways.put_arrays(laying.pack(part))
        made.append({"index": index, "series": stop - start, "digest": digest})
        context.report(0.5 + 0.5 * stop / panel.width)
    return made


def _evidence(panel: Panel, config: Config, work: Work) -> str:
    """Keep what the verdict needs of the whole panel."""
    reasons = folds.unjudged(panel, config.windows, config.frequency)
    first = work.task.origins[0] + 1
    known = panel.actual[: config.windows.scaled_on(panel.periods)]
    scale = metrics.scales(known, config.scale)
    judged = np.ones(panel.width, dtype=np.bool_)
    judged[list(reasons)] = False
    return gateways.put_arrays(
        {
            "series": panel.series,
            "actual": folds.judged_values(panel.actual, config.windows),
            "all_days": folds.judged_values(panel.all_days, config.windows),
            "closed": folds.judged_values(panel.closed[: panel.periods], config.windows),
            "level": np.nan_to_num(observed.mean_seen(panel.fit[:first])),
            "seasonal": scale.seasonal,
            "squared_step": scale.squared_step,
            "judged": judged,
            "skipped": np.array(list(reasons), dtype=np.int64),
            "reasons": np.array(list(reasons.values()), dtype=np.str_),
        }
    )


def _told(loaded: Loaded) -> str:
    text = _("%(series)s series over %(periods)s periods") % {
        "series": figures.number(loaded.panel.width),
        "periods": figures.number(loaded.panel.periods),
    }
    left_out = loaded.negative + loaded.closed + loaded.stockout
    if not left_out:
        return text
    return text + _("; %(count)s sold-out, closed or negative periods are not learnt from") % {
        "count": figures.number(left_out)
    }
