"""The step that lays the data out for all that follow."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import config as rules
from forecastlab.forecasting.domain import reuse, shards
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.panel import Whole
from forecastlab.forecasting.domain.protocol import Arrays, Report, between
from forecastlab.forecasting.domain.shards import Work
from forecastlab.forecasting.queries import costs, series_lives
from forecastlab.forecasting.queries.panels import Source
from forecastlab.forecasting.services import configs, keeping, laying
from forecastlab.forecasting.services.keeping import Plan
from forecastlab.forecasting.services.laying import Laid
from forecastlab.lib import compiled, figures
from forecastlab.lib.contributions import Done, StepContext
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import versions

# How much of the step is laying out; the rest is what models learn from all series.
LAID = 0.7
LEFT_OUT = ("negative", "closed", "stockout")


def prepare(context: StepContext) -> Done:
    """Put every series on one calendar, part by part, and take what models share."""
    version = versions.version_of(context)
    config = _config(context, version)
    context.report(0.02, _("Reading the facts"))
    compiled.load_aside()
    source = Source(version)
    laid = _laid(context, config, source)
    work = work_of(context, config, version.history)
    started = perf_counter()
    whole = laying.whole(laid.shards, laid.periods)
    report = between(context.report, LAID, 1.0)
    plan = keeping.plan(context, work, laid.prints, config.single) if laid.judges else None
    learned = _learned(config, whole, (work, plan), report)
    data: dict[str, Any] = {
        "row_count": laid.counts["rows"],
        "column_count": laid.columns,
        "series": source.width,
        "periods": laid.periods,
        "planned": laid.planned,
        **{name: laid.counts[name] for name in LEFT_OUT},
        "config": config.as_json(),
        "config_hash": config.hash,
        "unavailable": rules.left_out(config),
        "learned": gateways.put_nested(learned),
        "learn_seconds": round(perf_counter() - started, 3),
        "lives": gateways.put_arrays(laid.lives(whole)),
        "shards": laid.shards,
    }
    if plan:
        data |= {**_evidence(laid), "reuse": plan.as_json(), "lasting": plan.shelf.digests}
    data["temporary"] = _temporary(data)
    data["peak_memory_mb"] = configs.peak_memory_mb()
    return Done(_told(data), data)


def _evidence(laid: Laid) -> dict[str, Any]:
    """Store what the verdict needs, and say how many series can be judged by it."""
    evidence = laid.evidence()
    return {
        "evidence": gateways.put_arrays(evidence),
        "series_judged": int(evidence["judged"].sum()),
        "series_skipped": len(evidence["skipped"]),
    }


def _learned(
    config: Config, whole: Whole, asked: tuple[Work, Plan | None], report: Report
) -> dict[str, Arrays]:
    """Return what models of local scope take from all series, at the origins that they need."""
    work, plan = asked
    names = shards.local(config.single)
    learned: dict[str, Arrays] = {}
    for place, name in enumerate(names):
        here = reuse.only(work, plan.places[name]) if plan and name in plan.places else work
        learned |= shards.learn([name], whole, here, shards.part_of(report, place, len(names)))
    return learned


def _laid(context: StepContext, config: Config, source: Source) -> Laid:
    """Read, lay out and store one part of the series after the other."""
    ended = series_lives.discontinued(source.version)
    laid = Laid(config, ended, judges=configs.judges(context))
    told = _("Laying out %(count)s series") % {"count": figures.number(source.width)}
    edges = shards.parts(source.width, _size(config, source))
    for (_start, stop), loaded in zip(edges, source.parts(edges), strict=True):
        laid.add(loaded)
        context.report(LAID * stop / source.width, told)
    return laid


def _size(config: Config, source: Source) -> int:
    if settings.SERIES_PER_SHARD:
        return int(settings.SERIES_PER_SHARD)
    periods = source.version.periods
    return shards.size_of(periods, costs.seconds_per_series(config, periods))


def _temporary(data: dict[str, Any]) -> list[str]:
    """Return the artefacts that nobody needs once the job is over."""
    kept = [
        data["learned"],
        data["lives"],
        data.get("evidence"),
        data.get("reuse", {}).get("keys"),
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


def _told(data: Mapping[str, Any]) -> str:
    text = _("%(series)s series over %(periods)s periods") % {
        "series": figures.number(data["series"]),
        "periods": figures.number(data["periods"]),
    }
    left_out = sum(data[name] for name in LEFT_OUT)
    if not left_out:
        return text
    return text + _("; %(count)s sold-out, closed or negative periods are not learnt from") % {
        "count": figures.number(left_out)
    }
