"""The verdict over the whole portfolio, from the judged forecasts of single models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from forecastlab.forecasting.domain import champion, comparisons, intervals, slices
from forecastlab.forecasting.domain.by_model import ByModel, parts
from forecastlab.forecasting.domain.champion import Choice
from forecastlab.forecasting.domain.comparisons import Comparison
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.counting import (
    EARLIER,
    EVERY,
    LAST,
    Counting,
    Sums,
    Told,
    cuts_of,
)
from forecastlab.forecasting.domain.defaults import LEVELS, POLICIES
from forecastlab.forecasting.domain.evidence import Evidence
from forecastlab.forecasting.domain.intervals import Held, Spread, Trial
from forecastlab.forecasting.domain.metrics import Scores
from forecastlab.forecasting.domain.models import ensemble, zoo
from forecastlab.forecasting.domain.panel import Flags, Floats
from forecastlab.forecasting.domain.slices import Slice

Forecasts = Mapping[str, Floats]
TOTAL_LEVEL = 80
SWITCH, ENSEMBLE, GLOBAL_BEST, GROUP_BEST, SERIES_BEST = POLICIES
# What the first policy is called where the best single model stands for the ensemble.
SWITCH_FROM_BEST = "global_best_switch"
# The name, among those of models, of what the policy serves.
SERVED = "served"


@dataclass(frozen=True, slots=True)
class Standing:
    """Models ranked on some folds, and who serves by what was seen there."""

    scores: Mapping[str, Scores]
    errors: dict[str, float]
    members: tuple[str, ...]
    best: str
    default: str
    choice: Choice


@dataclass(frozen=True, slots=True)
class Service:
    """A standing, and the ranges of what serves by it: a period's, and the whole horizon's."""

    standing: Standing
    spread: Spread
    total_spread: Spread


@dataclass(frozen=True, slots=True)
class Ranges:
    """How a model's ranges held on the last fold, learnt on the earlier ones, by key of a part."""

    overall: Held
    horizon: Mapping[str, Held]
    volume: Mapping[str, Held]


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that follows from the folds.

    `forecasts` are those of every model, the ensemble the last of them. `ranges` has one
    entry a model and one for what serves, none with a single fold. `policies` has the reported
    metrics of each way of choosing. `without_plan` serves where known signals are not given as
    far ahead as the horizon; None where no model reads them, or every one does. `all_days` has
    what each model missed, in percent, and the points with the stock-outs counted too.
    """

    forecasts: ByModel
    service: Service
    without_plan: Service | None
    ranges: dict[str, Ranges]
    policies: dict[str, dict[str, float]]
    comparisons: dict[str, Comparison]
    slices: dict[str, list[Slice]]
    all_days: dict[str, dict[str, float]]

    @property
    def standing(self) -> Standing:
        return self.service.standing


def default_policy(config: Config) -> str:
    """Return the way of choosing that serves."""
    return SWITCH_FROM_BEST if config.policy == SWITCH and not config.combines else config.policy


def judge(evidence: Evidence, forecasts: Forecasts, config: Config) -> Judgement:
    """Judge `forecasts` (cheapest model first) on all folds.

    What is said about choosing is chosen on the earlier folds and scored on the last one.
    """
    cuts, single = cuts_of(evidence, config), ByModel.of(forecasts)
    counting = Counting(evidence, config, cuts)
    bench = _Bench(single, counting, counting.told(single, tuple(single)))
    service = bench.service()
    standing = service.standing
    told = dict(bench.counted)
    if standing.members:
        told[ensemble.NAME] = bench.mean(standing.members)
    past = bench.standing(EARLIER) if evidence.count > 1 else None
    return Judgement(
        single.combining(standing.members),
        service,
        _without_plan(bench),
        _ranges(bench, standing.members, past),
        _policies(bench, past),
        comparisons.with_best(standing.best, standing.scores, evidence.judged, config.metric),
        {name: one.slices(evidence.judged, cuts) for name, one in told.items()},
        {name: one.on_all_days for name, one in told.items() if one.all_days is not None},
    )


@dataclass(frozen=True, slots=True)
class _Bench:
    """Single models and the errors of those that compete; `means` keeps those of mean models."""

    forecasts: ByModel
    counting: Counting
    counted: dict[str, Told]
    means: dict[tuple[str, ...], Told] = field(default_factory=dict)

    @property
    def evidence(self) -> Evidence:
        return self.counting.evidence

    @property
    def config(self) -> Config:
        return self.counting.config

    def service(self) -> Service:
        """Return what serves by all folds."""
        standing, evidence = self.standing(), self.evidence
        serving = self.served(standing)
        spread = _calibrated(evidence, serving, self.config)
        return Service(standing, spread, _total_spread(evidence, serving))

    def served(self, standing: Standing) -> Floats:
        """Return what each series would have been told by what serves it."""
        combined = self.forecasts.combining(standing.members)
        return self.joined(
            lambda part: champion.served(standing.choice.on(part), combined.on(part))
        )

    def joined(self, read: Callable[[slice], Floats]) -> Floats:
        """Put forecasts of some series each side by side."""
        found = np.empty(self.evidence.actual.shape)
        for part in parts(self.evidence.width):
            found[..., part] = read(part)
        return found

    def standing(self, part: slice = EVERY) -> Standing:
        """Score and rank the models on some folds, and choose what serves each series."""
        judged, metric = self.evidence.judged, self.config.metric
        scores = self.scores(part)
        errors = champion.pooled_errors(scores, judged, metric)
        members = tuple(ensemble.members(errors)) if self.config.combines else ()
        if members:
            scores = self.scores(part, members)
            errors = champion.pooled_errors(scores, judged, metric)
        best = champion.best(errors)
        found = Standing(scores, errors, members, best, best, champion.everywhere(best, scores))
        default, choice = self.chosen(self.config.policy, found)
        return replace(found, default=default, choice=choice)

    def scores(self, part: slice, members: tuple[str, ...] = ()) -> Mapping[str, Scores]:
        """Return the scores of the models on some folds, and of the mean of members if any."""
        mean = {ensemble.NAME: self.mean(members)} if members else {}
        return Sums({**self.counted, **mean}, part)

    def chosen(self, policy: str, standing: Standing) -> tuple[str, Choice]:
        """Return what serves where nothing is known of a series, and what serves each one."""
        scores, judged = standing.scores, self.evidence.judged
        single = champion.best({k: v for k, v in standing.errors.items() if k in self.counted})
        usual = ensemble.NAME if standing.members else single
        if policy == SWITCH:
            return usual, champion.shrunk_switch(usual, scores, judged)
        if policy == ENSEMBLE:
            return usual, champion.everywhere(usual, scores)
        if policy == GLOBAL_BEST:
            return single, champion.everywhere(single, scores)
        if policy == SERIES_BEST:
            return single, champion.lowest(scores, judged, single)
        groups = self.evidence.categories
        return single, champion.best_of_group(scores, judged, single, groups, self.config.metric)

    def mean(self, members: tuple[str, ...]) -> Told:
        """Return what is told of the mean of some models."""
        if members not in self.means:
            combined = self.forecasts.combining(members)
            self.means[members] = self.counting.told(combined, (ensemble.NAME,))[ensemble.NAME]
        return self.means[members]


def _without_plan(bench: _Bench) -> Service | None:
    """Return what serves where nothing is known ahead, if that can differ."""
    kept = {k: one for k, one in bench.counted.items() if not zoo()[k].needs_plan}
    if not kept or len(kept) == len(bench.counted):
        return None
    return replace(bench, counted=kept).service()


def _policies(bench: _Bench, past: Standing | None) -> dict[str, dict[str, float]]:
    """Return what each way of choosing would have cost, had only the last fold been unknown."""
    if past is None:
        return {}
    last = bench.scores(LAST, past.members)
    found = {}
    for policy in POLICIES:
        if policy == ENSEMBLE and not past.members:
            continue
        _default, choice = bench.chosen(policy, past)
        scores = champion.scores_of(choice, last)
        name = default_policy(replace(bench.config, policy=policy))
        found[name] = {
            metric: scores.one_pooled(metric, bench.evidence.judged)
            for metric in (*slices.REPORTED, "smape")
        }
    return found


# -- ranges -----------------------------------------------------------------------------------


def _ranges(bench: _Bench, members: tuple[str, ...], past: Standing | None) -> dict[str, Ranges]:
    """Try ranges learnt on the earlier folds on the last one: each model's, and what serves."""
    if past is None:
        return {}
    known, forecasts = bench.evidence.ranged, bench.forecasts.combining(members)
    found = {
        name: _held(bench, known, bench.joined(partial(forecasts.read, name))) for name in forecasts
    }
    return {**found, SERVED: _held(bench, known, bench.served(past))}


def _held(bench: _Bench, known: Flags, forecast: Floats) -> Ranges:
    """Learn ranges of a model on the earlier folds and try them on the last."""
    actual, cuts = bench.evidence.actual, bench.counting.cuts
    spread = intervals.calibrate(
        actual[EARLIER], forecast[EARLIER], _levels(bench.config), known=known[EARLIER]
    )
    trial = Trial(actual[-1], forecast[-1], spread, known=known[-1])
    volume = cuts.volume
    return Ranges(
        trial.held(),
        {key: trial.held(steps=part) for key, part in cuts.steps.items()},
        {key: trial.held(series=volume.codes == place) for place, key in enumerate(volume.names)}
        if volume
        else {},
    )


def _levels(config: Config) -> list[int]:
    return sorted({*config.levels, *LEVELS})


def _calibrated(evidence: Evidence, forecast: Floats, config: Config) -> Spread:
    return intervals.calibrate(evidence.actual, forecast, _levels(config), known=evidence.ranged)


def _total_spread(evidence: Evidence, forecast: Floats) -> Spread:
    """Learn ranges of the sum over the horizon, from what is known of each window."""
    actual, expected = (np.empty((evidence.count, 1, evidence.width)) for _ in range(2))
    for fold, sold in enumerate(evidence.actual):
        known = ~np.isnan(sold) & evidence.judged
        actual[fold, 0] = np.where(known, sold, 0.0).sum(axis=0)
        actual[fold, 0, ~known.any(axis=0)] = np.nan
        expected[fold, 0] = np.where(known, forecast[fold], 0.0).sum(axis=0)
    return intervals.calibrate(actual, expected, [TOTAL_LEVEL])
