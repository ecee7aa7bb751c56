"""Judging: the job, and the step that gives the verdict and keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import champion, digests, judgement, reports
from forecastlab.forecasting.domain.config import Config, title_of
from forecastlab.forecasting.domain.evidence import Evidence, StockOuts
from forecastlab.forecasting.domain.judgement import Judgement, Service
from forecastlab.forecasting.domain.metrics import Scales
from forecastlab.forecasting.domain.panel import Integers
from forecastlab.forecasting.domain.protocol import Arrays
from forecastlab.forecasting.domain.serving import Serving
from forecastlab.forecasting.models import Backtest
from forecastlab.forecasting.queries import groupings, labels, step_drawings
from forecastlab.forecasting.services import configs, failing, scores, trained
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.lib import figures, memory
from forecastlab.lib.contributions import Done, StepContext
from forecastlab.warehouse.models import DatasetVersion, Series
from forecastlab.warehouse.services import versions

KIND = "backtest"
# A step's data goes into an event; the whole list stands in the backtest.
MOST_LISTED = 200


def start(
    version: DatasetVersion,
    options: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    key: str | None = None,
) -> Job:
    """Start judging models on a version; raises BadInput before anything is written.

    With the same `key` again it is the job that there is. Raises versions.VersionGone for a
    version that is deleted at the same time.
    """
    configs.checked(version, options)
    params = {"dataset": version.dataset.name, "version": version.pk, **configs.given(options)}
    with transaction.atomic():
        versions.keep(version.dataset, version)
        return jobs.create(KIND, params=params, by=by, at=at, key=key)


def of_job(job: Job) -> Backtest:
    """Return what a job has judged."""
    backtest: Backtest = Backtest.objects.select_related("version__dataset").get(
        key=f"job.{job.pk}"
    )
    return backtest


def judge(context: StepContext) -> Done:
    """Judge every model on every series. Once that is kept, a repetition finds it."""
    backtest = Backtest.objects.filter(key=configs.key(context)).first() or _judge(context)
    return Done(_told(backtest), _data(backtest))


def _judge(context: StepContext) -> Backtest:
    started = perf_counter()
    config = configs.of(context)
    stored = gateways.opened(context.results["features"]["evidence"])
    evidence = evidence_of(stored, versions.version_of(context))
    memory.give_back()
    context.report(0.1, _("Reading the judged forecasts"))
    verdict = judgement.judge(evidence, trained.judged(context, evidence), config)
    memory.give_back()
    context.report(0.5, _("Keeping the scores"))
    found = Found(config, stored, evidence, verdict)
    backtest = described(context, found, context.results["train"])
    backtest.result |= _cost(context, started)
    memory.give_back()
    with context.fenced():
        keep(backtest, found)
    return backtest


@dataclass(frozen=True, slots=True)
class Found:
    """A verdict, and all that it came from; `stored` is the evidence as arrays."""

    config: Config
    stored: Arrays
    evidence: Evidence
    verdict: Judgement


def described(context: StepContext, found: Found, trained: Mapping[str, Any]) -> Backtest:
    """Return the row of a judgement, not saved yet; its artefacts are stored.

    `trained` has the seconds of each model, and what is told of those that failed.
    """
    backtest = _described(context, found, trained)
    backtest.result |= reports.summary(
        found.evidence, found.verdict, found.config, trained["seconds"]
    )
    backtest.judged = backtest.result["judged"]
    series, forecasts = found.stored["series"], found.verdict.forecasts
    frames = scores.judged_frames(series, found.evidence, found.verdict)
    backtest.forecasts = gateways.put_frames(frames)
    names = _names(backtest.version, series)
    backtest.result["forecasts_sha256"] = digests.of_models(forecasts, names)
    service, without_plan = found.verdict.service, found.verdict.without_plan
    backtest.serving = gateways.put_arrays(_serving(found.stored, service, without_plan).pack())
    return backtest


def keep(backtest: Backtest, found: Found) -> None:
    """Write the row and its scores in the current transaction."""
    backtest.save(force_insert=True)
    scores.keep(backtest, found.stored["series"], found.evidence, found.verdict)


def evidence_of(stored: Arrays, version: DatasetVersion) -> Evidence:
    """Return what is judged; raises NothingJudged where no series can be."""
    actual = stored["actual"]
    evidence = Evidence(
        actual,
        Scales(stored["seasonal"], stored["squared_step"]),
        stored["judged"],
        closed=stored["closed"],
        stockouts=StockOuts.of(actual, stored["all_days"]),
        level=stored["level"],
        groups=groupings.of_series(version, stored["series"]),
    )
    if not evidence.judged.any():
        raise failing.NothingJudged(
            _("No series can be judged."),
            hint=_("The first one: %(reason)s.") % {"reason": stored["reasons"][0]},
        )
    return evidence


def _names(version: DatasetVersion, series: Integers) -> list[str]:
    every = Series.objects.filter(dataset=version.dataset_id)
    named = dict(every.values_list("pk", "unique_id"))
    return [named[one] for one in series.tolist()]


def _described(context: StepContext, found: Found, trained: Mapping[str, Any]) -> Backtest:
    """Return the row, with the part of its result that does not come from the scores."""
    version, config = versions.version_of(context), found.config
    skipped = _skipped(found.stored)
    return Backtest(
        version=version,
        key=configs.key(context),
        config=config.as_json(),
        config_hash=config.hash,
        horizon=config.horizon,
        metric=config.metric,
        best_model=found.verdict.standing.best,
        default_policy=judgement.default_policy(config),
        skipped=skipped,
        result={
            "dataset": version.ref,
            "content_hash": version.content_hash,
            "config_hash": config.hash,
            "horizon": config.horizon,
            "metric": config.metric,
            "folds": _folds(version, config),
            "skipped": skipped,
            "renamed": configs.renamed(context),
            "unavailable": context.results["features"]["unavailable"],
            "reused": trained.get("reused", 0.0),
            **{name: trained[name] for name in ("fallbacks", "left_out")},
        },
        created_by_id=context.actor_id,
        created_at=context.now,
    )


def _skipped(stored: Arrays) -> list[dict[str, str]]:
    left_out = [int(one) for one in stored["series"][stored["skipped"]]]
    names = dict(Series.objects.filter(pk__in=left_out).values_list("pk", "unique_id"))
    return [
        {"series": names[one], "reason": str(reason)}
        for one, reason in zip(left_out, stored["reasons"], strict=True)
    ]


def _folds(version: DatasetVersion, config: Config) -> list[dict[str, Any]]:
    label = version.calendar.label
    windows = config.judged_in(version.history)
    return [
        {
            "fold": number,
            "cutoff": label(one.origin),
            "start": label(one.start),
            "end": label(one.end),
            "training_periods": one.origin + 1,
        }
        for number, one in enumerate(windows, start=1)
    ]


def _serving(stored: Arrays, service: Service, without_plan: Service | None) -> Serving:
    standing = service.standing
    wape = {name: one.of_series("wape") for name, one in standing.scores.items()}
    return Serving(
        series=stored["series"],
        choice=standing.choice,
        default=standing.default,
        members=standing.members,
        wape=champion.served(standing.choice, wape),
        spread=service.spread,
        total_spread=service.total_spread,
        without_plan=_serving(stored, without_plan, None) if without_plan else None,
    )


def _cost(context: StepContext, started: float) -> dict[str, float]:
    """Return how long the job took up to here, and the most that any of its processes held."""
    began = Job.objects.get(pk=context.job_id).started_at or context.now
    seconds = (context.now - began).total_seconds() + perf_counter() - started
    held = [context.results[step]["peak_memory_mb"] for step in ("features", "train")]
    return {
        "seconds": round(seconds, 2),
        "peak_memory_mb": max(*held, configs.peak_memory_mb()),
    }


def _told(backtest: Backtest) -> str:
    best = backtest.best_model
    value = backtest.result["models"][best][backtest.metric]
    text = _("%(model)s is best: %(metric)s %(value)s on %(judged)s series") % {
        "model": title_of(best),
        "metric": labels.metric_title(backtest.metric),
        "value": labels.measured(value, backtest.metric),
        "judged": figures.number(backtest.judged),
    }
    if not backtest.skipped:
        return text
    return text + _("; %(count)s could not be judged") % {
        "count": figures.number(len(backtest.skipped))
    }


def _data(backtest: Backtest) -> dict[str, Any]:
    """Return what the pipeline shows of a backtest."""
    result = backtest.result
    best = result["models"][backtest.best_model]
    same = ("folds", "members", "champions", "default_policy", "default_model")
    return {
        "backtest": backtest.pk,
        "per_model": result["models"],
        "winner": backtest.best_model,
        "winner_wape": best["wape"],
        "winner_value": best[backtest.metric],
        "metric": backtest.metric,
        "horizon": backtest.horizon,
        "series_judged": backtest.judged,
        "series_skipped": len(backtest.skipped),
        "skipped": backtest.skipped[:MOST_LISTED],
        "champion_policies": result["champion_policies"],
        "bars": step_drawings.bars(result, backtest.metric),
        "buckets": step_drawings.buckets(result, backtest.metric, backtest.version.frequency),
        **{name: result[name] for name in same},
        "forecasts_sha256": result.get("forecasts_sha256", {}),
    }
