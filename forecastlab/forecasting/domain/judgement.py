"""The verdict over the whole portfolio, from the judged forecasts of single models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain import champion, intervals, metrics
from forecastlab.forecasting.domain.champion import Choice
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.defaults import LEVELS
from forecastlab.forecasting.domain.intervals import Spread
from forecastlab.forecasting.domain.metrics import Scales, Scores
from forecastlab.forecasting.domain.models import ensemble
from forecastlab.forecasting.domain.panel import Flags, Floats

Forecasts = Mapping[str, Floats]
TOTAL_LEVEL = 80
REPORTED = ("wape", "mase", "rmsse", "bias")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is judged: folds x steps x series. `judged` marks the series that count."""

    actual: Floats
    scales: Scales
    judged: Flags

    def folds(self, part: slice) -> Evidence:
        return Evidence(self.actual[part], self.scales, self.judged)

    @property
    def count(self) -> int:
        return int(self.actual.shape[0])


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
class Judgement:
    """All that follows from the folds.

    `forecasts` are folds x steps x series by model, the ensemble among them. `coverage` is in
    percent, by model and level; `policies` has the reported metrics of each way of choosing.
    `spread` are the ranges of what serves, `total_spread` those of its sum over the horizon.
    """

    forecasts: dict[str, Floats]
    standing: Standing
    coverage: dict[str, dict[int, float]]
    policies: dict[str, dict[str, float]]
    spread: Spread
    total_spread: Spread


def with_ensemble(forecasts: Forecasts, members: tuple[str, ...]) -> dict[str, Floats]:
    """Add the mean of the members, if there are any."""
    if not members:
        return dict(forecasts)
    return {**forecasts, ensemble.NAME: ensemble.combine([forecasts[one] for one in members])}


def judge(evidence: Evidence, forecasts: Forecasts, config: Config) -> Judgement:
    """Judge `forecasts` (cheapest model first) on all folds.

    What is said about choosing is chosen on the earlier folds and scored on the last one.
    """
    standing = stand(evidence, forecasts, config)
    combined = with_ensemble(forecasts, standing.members)
    serving = champion.served(standing.choice, combined)
    return Judgement(
        combined,
        standing,
        _coverage(evidence, combined, config),
        _policies(evidence, forecasts, config),
        _calibrated(evidence, serving, config),
        _total_spread(evidence, serving),
    )


def stand(evidence: Evidence, forecasts: Forecasts, config: Config) -> Standing:
    """Score and rank the models, build the ensemble, choose what serves each series."""
    scores = _scored(evidence, forecasts)
    errors = champion.pooled_errors(scores, evidence.judged, config.metric)
    members = tuple(ensemble.members(errors)) if config.combines else ()
    scores |= _scored(
        evidence, {k: v for k, v in with_ensemble(forecasts, members).items() if k not in scores}
    )
    errors = champion.pooled_errors(scores, evidence.judged, config.metric)
    default = champion.default_of(errors)
    choice = champion.shrunk_switch(default, scores, evidence.judged)
    return Standing(scores, errors, members, champion.best(errors), default, choice)


def default_policy(config: Config) -> str:
    return "ensemble_switch" if config.combines else "global_best_switch"


def _scored(evidence: Evidence, forecasts: Forecasts) -> dict[str, Scores]:
    return {
        name: metrics.score(evidence.actual, one, evidence.scales)
        for name, one in forecasts.items()
    }


def _policies(
    evidence: Evidence, forecasts: Forecasts, config: Config
) -> dict[str, dict[str, float]]:
    """Return what each way of choosing would have cost, had only the last fold been unknown."""
    if evidence.count < 2:
        return {}
    earlier, last = evidence.folds(slice(None, -1)), evidence.folds(slice(-1, None))
    past = stand(earlier, {name: one[:-1] for name, one in forecasts.items()}, config)
    now = with_ensemble({name: one[-1:] for name, one in forecasts.items()}, past.members)
    single = {name: error for name, error in past.errors.items() if name in forecasts}
    ways = {
        default_policy(config): past.choice,
        "global_best": champion.everywhere(champion.best(single), past.scores),
        "series_best": champion.lowest(past.scores, evidence.judged, past.default),
    }
    if past.members:
        ways["ensemble"] = champion.everywhere(ensemble.NAME, past.scores)
    return {name: _reported(last, champion.served(way, now)) for name, way in ways.items()}


def _reported(evidence: Evidence, forecast: Floats) -> dict[str, float]:
    found = metrics.score(evidence.actual, forecast, evidence.scales).pooled(evidence.judged)
    return {name: found[name] for name in REPORTED}


def _coverage(
    evidence: Evidence, forecasts: Forecasts, config: Config
) -> dict[str, dict[int, float]]:
    """Return the share inside on the last fold, of ranges learnt on the earlier ones."""
    if evidence.count < 2:
        return {name: {} for name in forecasts}
    last = np.where(evidence.judged, evidence.actual[-1], np.nan)
    found = {}
    for name, one in forecasts.items():
        spread = _calibrated(evidence.folds(slice(None, -1)), one[:-1], config)
        found[name] = intervals.coverage(last, one[-1], spread)
    return found


def _calibrated(evidence: Evidence, forecast: Floats, config: Config) -> Spread:
    actual = np.where(evidence.judged, evidence.actual, np.nan)
    return intervals.calibrate(actual, forecast, sorted({*config.levels, *LEVELS}))


def _total_spread(evidence: Evidence, forecast: Floats) -> Spread:
    """Learn ranges of the sum over the horizon, from what is known of each window."""
    known = ~np.isnan(evidence.actual) & evidence.judged
    some = known.any(axis=1, keepdims=True)
    actual = np.where(known, evidence.actual, 0.0).sum(axis=1, keepdims=True)
    expected = np.where(known, forecast, 0.0).sum(axis=1, keepdims=True)
    return intervals.calibrate(np.where(some, actual, np.nan), expected, [TOTAL_LEVEL])
