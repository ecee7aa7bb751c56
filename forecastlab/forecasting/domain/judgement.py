"""The verdict over the whole portfolio, from the judged forecasts of single models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from forecastlab.forecasting.domain import champion, comparisons, intervals, slices
from forecastlab.forecasting.domain.champion import Choice, Grouping
from forecastlab.forecasting.domain.comparisons import Comparison
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.defaults import LEVELS, POLICIES
from forecastlab.forecasting.domain.intervals import Held, Spread, Trial
from forecastlab.forecasting.domain.judged import Judged
from forecastlab.forecasting.domain.metrics import Counted, Counter, Scales, Scores
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
CATEGORY, VOLUME = "category", "volume"
ALL_DAYS = ("wape", "bias")
EVERY, EARLIER, LAST = slice(None), slice(None, -1), slice(-1, None)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is judged: folds x steps x series. `judged` marks the series that count.

    Where they are told, `closed` marks closed periods, `all_days` is `actual` with the stock-outs
    that it leaves out, `level` is what each series sold a period before the first origin, and
    `groups` tell the series apart, among others by category.
    """

    actual: Floats
    scales: Scales
    judged: Flags
    closed: Flags | None = None
    all_days: Floats | None = None
    level: Floats | None = None
    groups: Mapping[str, Grouping] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return int(self.actual.shape[0])

    @property
    def ranged(self) -> Floats:
        """Return the actuals that ranges are about: those of judged series on open periods."""
        left_out = ~self.judged if self.closed is None else self.closed | ~self.judged
        return np.where(left_out, np.nan, self.actual)

    @property
    def categories(self) -> Grouping:
        width = self.actual.shape[-1]
        return self.groups.get(CATEGORY) or Grouping(("",), np.zeros(width, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Standing:
    """Models ranked on some folds, and who serves by what was seen there."""

    scores: dict[str, Scores]
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

    forecasts: Judged
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


def with_ensemble(forecasts: Forecasts, members: tuple[str, ...]) -> dict[str, Floats]:
    """Add the mean of the members, if there are any."""
    if not members:
        return dict(forecasts)
    return {**forecasts, ensemble.NAME: ensemble.combine([forecasts[one] for one in members])}


def default_policy(config: Config) -> str:
    """Return the way of choosing that serves."""
    return SWITCH_FROM_BEST if config.policy == SWITCH and not config.combines else config.policy


def judge(evidence: Evidence, forecasts: Forecasts, config: Config) -> Judgement:
    """Judge `forecasts` (cheapest model first) on all folds.

    What is said about choosing is chosen on the earlier folds and scored on the last one.
    """
    cuts = _cuts(evidence, config)
    counter = Counter(evidence.actual, evidence.scales)
    bench, told = _Bench(evidence, Judged.of(forecasts), counter, config), {}
    for name, one in forecasts.items():
        found = counter.count(one)
        bench.hold(name, found)
        told[name] = _slices(evidence, config, found, cuts)
    service, combined = bench.service()
    standing = service.standing
    for name in combined.keys() - told.keys():
        told[name] = _slices(evidence, config, counter.count(combined[name]), cuts)
    past = bench.standing(EARLIER) if evidence.count > 1 else None
    return Judgement(
        combined,
        service,
        _without_plan(bench),
        _ranges(bench, combined, past, cuts),
        _policies(bench, past),
        comparisons.with_best(standing.best, standing.scores, evidence.judged, config.metric),
        told,
        _all_days(evidence, combined),
    )


@dataclass(frozen=True, slots=True)
class _Bench:
    """Single models with the errors of those that compete, on the earlier folds and on the last.

    `means` keeps what was combined, `sums` the scores on all folds.
    """

    evidence: Evidence
    forecasts: Judged
    counter: Counter
    config: Config
    counted: dict[str, Scores] = field(default_factory=dict)
    means: dict[tuple[str, ...], tuple[Floats, Scores]] = field(default_factory=dict)
    sums: dict[str, Scores] = field(default_factory=dict)

    def hold(self, name: str, counted: Counted) -> None:
        """Let a model compete."""
        self.counted[name] = self._parted(counted)

    def service(self) -> tuple[Service, Judged]:
        """Return what serves by all folds, and all forecasts, the ensemble's among them."""
        standing = self.standing()
        combined = self.combined(standing)
        serving = champion.served(standing.choice, combined)
        spread = _calibrated(self.evidence.ranged, serving, self.config)
        return Service(standing, spread, _total_spread(self.evidence, serving)), combined

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

    def scores(self, part: slice, members: tuple[str, ...] = ()) -> dict[str, Scores]:
        """Return the scores of the models on some folds, and of the mean of members if any."""
        found = {name: self._over(name, part) for name in self.counted}
        if members:
            found[ensemble.NAME] = self.mean(members)[1].over(part)
        return found

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

    def mean(self, members: tuple[str, ...]) -> tuple[Floats, Scores]:
        """Return the mean of some models, and its counted errors."""
        if members not in self.means:
            combined = ensemble.combine([self.forecasts[one] for one in members])
            self.means[members] = combined, self._parted(self.counter.count(combined))
        return self.means[members]

    def combined(self, standing: Standing) -> Judged:
        """Return the forecasts of the models and of the standing's own ensemble."""
        if not standing.members:
            return self.forecasts
        return self.forecasts.beside(ensemble.NAME, self.mean(standing.members)[0])

    def _parted(self, counted: Counted) -> Scores:
        return counted.by_fold.parted((EARLIER, LAST)).beside(_first(self.counted))

    def _over(self, name: str, part: slice) -> Scores:
        if part != EVERY:
            return self.counted[name].over(part)
        if name not in self.sums:
            self.sums[name] = self.counted[name].over().beside(_first(self.sums))
        return self.sums[name]


def _first(scores: Mapping[str, Scores]) -> Scores | None:
    return next(iter(scores.values()), None)


def _without_plan(bench: _Bench) -> Service | None:
    """Return what serves where nothing is known ahead, if that can differ."""
    kept = {k: one for k, one in bench.counted.items() if not zoo()[k].needs_plan}
    if not kept or len(kept) == len(bench.counted):
        return None
    return replace(bench, counted=kept).service()[0]


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


@dataclass(frozen=True, slots=True)
class _Cuts:
    """The parts that are told of by themselves: steps ahead, and series by what they share."""

    steps: Mapping[str, slice]
    groups: Mapping[str, Grouping]

    @property
    def volume(self) -> Grouping | None:
        return self.groups.get(VOLUME)


def _cuts(evidence: Evidence, config: Config) -> _Cuts:
    groups = dict(evidence.groups)
    if evidence.level is not None:
        groups[VOLUME] = slices.quarters(evidence.level, evidence.judged)
    return _Cuts(slices.buckets(config.frequency, config.horizon, config.gap), groups)


def _slices(evidence: Evidence, config: Config, counted: Counted, cuts: _Cuts) -> list[Slice]:
    judged, scores = evidence.judged, counted.by_fold.over()
    return [
        slices.by_fold(counted, judged),
        slices.by_bucket(counted, judged, cuts.steps),
        slices.by_step(counted, judged, config.gap),
        *(slices.by_group(by, scores, judged, one) for by, one in cuts.groups.items()),
    ]


def _all_days(evidence: Evidence, forecasts: Judged) -> dict[str, dict[str, float]]:
    """Score the stock-outs too, where any were left out."""
    if evidence.all_days is None:
        return {}
    left_out = np.isnan(evidence.actual) & ~np.isnan(evidence.all_days) & evidence.judged
    if not left_out.any():
        return {}
    counter = Counter(evidence.all_days, evidence.scales)
    found = {}
    for name, one in forecasts.items():
        scores = counter.count(one).by_fold.over()
        pooled = {metric: scores.one_pooled(metric, evidence.judged) for metric in ALL_DAYS}
        found[name] = {**pooled, "points": float(scores.points[evidence.judged].sum())}
    return found


# -- ranges -----------------------------------------------------------------------------------


def _ranges(
    bench: _Bench, forecasts: Judged, past: Standing | None, cuts: _Cuts
) -> dict[str, Ranges]:
    """Try ranges learnt on the earlier folds on the last one: each model's, and what serves."""
    if past is None:
        return {}
    serving = champion.served(past.choice, bench.combined(past))
    actual = bench.evidence.ranged
    volume = cuts.volume
    found = {}
    for name, one in forecasts.beside(SERVED, serving).items():
        spread = _calibrated(actual[EARLIER], one[EARLIER], bench.config)
        trial = Trial(actual[-1], one[-1], spread)
        found[name] = Ranges(
            trial.held(),
            {key: trial.held(steps=part) for key, part in cuts.steps.items()},
            {
                key: trial.held(series=volume.codes == place)
                for place, key in enumerate(volume.names)
            }
            if volume
            else {},
        )
    return found


def _calibrated(actual: Floats, forecast: Floats, config: Config) -> Spread:
    return intervals.calibrate(actual, forecast, sorted({*config.levels, *LEVELS}))


def _total_spread(evidence: Evidence, forecast: Floats) -> Spread:
    """Learn ranges of the sum over the horizon, from what is known of each window."""
    known = ~np.isnan(evidence.actual) & evidence.judged
    some = known.any(axis=1, keepdims=True)
    actual = np.where(known, evidence.actual, 0.0).sum(axis=1, keepdims=True)
    expected = np.where(known, forecast, 0.0).sum(axis=1, keepdims=True)
    return intervals.calibrate(np.where(some, actual, np.nan), expected, [TOTAL_LEVEL])
