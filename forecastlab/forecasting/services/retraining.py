"""One model trained and judged within a step, on what was laid out for the run already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import fallbacks, folds, judgement, shards
from forecastlab.forecasting.domain import panel as panels
from forecastlab.forecasting.domain.config import Config, title_of
from forecastlab.forecasting.domain.frames import FRAME_VERSION
from forecastlab.forecasting.domain.panel import Integers
from forecastlab.forecasting.domain.protocol import Arrays, between
from forecastlab.forecasting.domain.shards import Forecast
from forecastlab.forecasting.models import ModelRun
from forecastlab.forecasting.services import backtests, configs, failing, laying, registry
from forecastlab.forecasting.services.backtests import Found
from forecastlab.lib.contributions import StepContext
from forecastlab.warehouse.services import versions

# How much of the work is learning from the whole panel, rather than forecasting part by part.
LEARNING, KEEPING = 0.7, 0.9


def judged_run(
    context: StepContext,
    *,
    model: str,
    frame_version: int | None = None,
    until: int | None = None,
    folds: int | None = None,
    key: str,
) -> ModelRun:
    """Train one model over all series on the periods before `until`, judge it inside them.

    It is judged on the folds of the run, or the last `folds` of them, moved to end with these
    periods; of more than fit, on as many as do. `until` is all periods where it is left out; as of
    an earlier one, closed periods and those before the first sale are not scored. It is kept as
    made to teach; repeating it with the same `key` finds what was made. Raises HistoryTooShort
    where no fold fits, NothingJudged where no series can be judged or the model fails on every one.
    """
    key = f"{configs.key(context)}.{key}"
    made = ModelRun.objects.filter(backtest__key=key).select_related("backtest")
    found: ModelRun | None = made.first()
    if found:
        return found
    asked = _asked(context, model, frame_version, folds)
    if until not in (None, versions.version_of(context).history):
        asked = fitting(replace(asked, until=until, held_back=0), until)
    return _keep(context, _train(context, asked), key)


def fitting(config: Config, periods: int) -> Config:
    """Return the config with as many of its folds as fit; raises HistoryTooShort for none."""
    count = folds.most(config.windows, periods, config.frequency)
    config = replace(config, folds=max(min(config.folds, count), 1))
    folds.check(config.windows, periods, config.frequency)
    return config


def part(context: StepContext, place: int, of: int) -> StepContext:
    """Return the same context for one of several equal parts of a step."""

    def report(fraction: float | None = None, text: str = "") -> None:
        context.report(None if fraction is None else (place + fraction) / of, text)

    return replace(context, report=report)


@dataclass(frozen=True, slots=True)
class _Trained:
    """What one model made of all series; `evidence` is what it is judged by, where it differs
    from that of the run.
    """

    config: Config
    series: Integers
    done: Forecast
    learned: Arrays
    evidence: Arrays | None
    seconds: float

    @property
    def model(self) -> str:
        return self.config.models[0]


def _asked(
    context: StepContext, model: str, frame_version: int | None, folds: int | None
) -> Config:
    """Return the judgement of one model, for the rest as the run has it."""
    config = configs.of(context)
    frame, count = frame_version or FRAME_VERSION, folds or config.folds
    return replace(config, models=(model,), frame=frame, folds=min(count, config.folds))


def _train(context: StepContext, config: Config) -> _Trained:
    started, (model,) = perf_counter(), config.models
    told, version = context.results["features"], versions.version_of(context)
    periods = config.until or told["periods"]
    first = version.epoch.date() if version.epoch else None
    work = shards.judging(config, periods, first)
    context.report(0.0, _("Training %(model)s") % {"model": title_of(model)})
    whole = laying.whole(told["shards"], told["periods"]).until(periods)
    learned = shards.learn([model], whole, work, between(context.report, 0.0, LEARNING))
    report = between(context.report, LEARNING, KEEPING)
    made: list[Forecast] = []
    ids: list[Integers] = []
    evidence: list[laying.Evidence] = []
    for place, shard in enumerate(told["shards"]):
        panel = panels.unpack(gateways.get_arrays(shard["digest"])).until(periods)
        part_of = shards.part_of(report, place, len(told["shards"]))
        made.append(shards.run(panel, work, learned, part_of)[model])
        ids.append(panel.series)
        evidence += [laying.evidence_of(panel, config)] if config.until else []
    return _Trained(
        config=config,
        series=np.concatenate(ids),
        done=shards.joined(made, [len(one) for one in ids]),
        learned=learned[model],
        evidence=laying.side_by_side(evidence) if evidence else None,
        seconds=perf_counter() - started,
    )


def _keep(context: StepContext, trained: _Trained, key: str) -> ModelRun:
    """Judge what was trained, and write it down as a backtest with its one model run."""
    failures = _failures(trained)
    found = _found(context, trained)
    context.report(KEEPING, _("Keeping the scores"))
    told = {"seconds": {trained.model: round(trained.seconds, 4)}, "left_out": [], **failures}
    backtest = backtests.described(context, found, told)
    backtest.key, backtest.teaching = key, True
    backtest.result |= {
        "seconds": round(trained.seconds, 2),
        "peak_memory_mb": configs.peak_memory_mb(),
    }
    state, learned = trained.done.state, trained.learned
    digest = registry.artefact_of(trained.model, trained.series, state, learned)
    with context.fenced():
        backtests.keep(backtest, found)
        return registry.model_run(context, backtest, trained.model, (digest, learned))


def _found(context: StepContext, trained: _Trained) -> Found:
    stored = trained.evidence
    if stored is None:
        stored = gateways.get_arrays(context.results["features"]["evidence"])
        last = slice(-trained.config.folds, None)
        stored |= {name: stored[name][last] for name in ("actual", "all_days", "closed")}
    evidence = backtests.evidence_of(stored, versions.version_of(context))
    forecasts = {trained.model: trained.done.judged}
    verdict = judgement.judge(evidence, forecasts, trained.config)
    return Found(trained.config, stored, evidence, verdict)


def _failures(trained: _Trained) -> Mapping[str, Any]:
    """Return where the model fell back; raises NothingJudged where it did everywhere."""
    fallen, width = trained.done.fallen, len(trained.series)
    if len(fallen) == width:
        raise failing.NothingJudged(
            _("%(model)s cannot forecast these sales.") % {"model": title_of(trained.model)},
            hint=_("The first reason: %(reason)s.") % {"reason": fallen[0].rstrip(".")},
        )
    entries = fallbacks.told(trained.model, fallen, trained.series.tolist())
    return {"fallbacks": failing.named(fallbacks.merged(entries))}
