"""A verdict in words and numbers that JSON can hold: what is unknown is None."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from forecastlab.forecasting.domain import comparisons, judgement
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.counting import ALL_DAYS
from forecastlab.forecasting.domain.evidence import Evidence
from forecastlab.forecasting.domain.intervals import Held
from forecastlab.forecasting.domain.judgement import Judgement, Ranges, Service
from forecastlab.forecasting.domain.slices import Slice

# Parts of few keys: the others are kept in their table only.
SUMMED_UP = ("fold", "horizon", "volume")


def known(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def models(
    evidence: Evidence, verdict: Judgement, seconds: Mapping[str, float]
) -> dict[str, dict[str, Any]]:
    """Return every metric of every model, pooled; best first is left to the reader."""
    return {
        name: {
            **{key: known(one) for key, one in scores.pooled(evidence.judged).items()},
            "coverage": _coverage(verdict.ranges.get(name)),
            "undefined": scores.undefined(evidence.judged),
            "all_days": _all_days(verdict.all_days.get(name)),
            "seconds": seconds.get(name, 0.0),
        }
        for name, scores in verdict.standing.scores.items()
    }


def _coverage(ranges: Ranges | None) -> dict[str, float | None]:
    if ranges is None:
        return {}
    return {str(level): known(one) for level, one in ranges.overall.coverage.items()}


def _all_days(found: Mapping[str, float] | None) -> dict[str, float | None] | None:
    """Return the error with sold-out days counted too; None where there are none."""
    if found is None:
        return None
    return {name: known(found[name]) for name in ALL_DAYS} | {"points": int(found["points"])}


def summary(
    evidence: Evidence, verdict: Judgement, config: Config, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """Return what a backtest says of its models and of the ways to choose among them."""
    standing = verdict.standing
    policies = {
        name: {key: known(one) for key, one in found.items()}
        for name, found in verdict.policies.items()
    }
    return {
        "models": models(evidence, verdict, seconds),
        "best_model": standing.best,
        "members": list(standing.members),
        "champions": standing.choice.counts(evidence.judged),
        "default_model": standing.default,
        "default_policy": judgement.default_policy(config),
        "champion_policies": policies,
        "without_plan": _without_plan(evidence, verdict.without_plan),
        **_comparisons(verdict, config),
        "slices": _slices(verdict),
        "intervals": _intervals(verdict, config),
        "judged": int(evidence.judged.sum()),
    }


def _without_plan(evidence: Evidence, service: Service | None) -> dict[str, Any] | None:
    """Return what serves where known signals are not given ahead, if that can differ."""
    if service is None:
        return None
    standing = service.standing
    return {
        "default_model": standing.default,
        "best_model": standing.best,
        "members": list(standing.members),
        "champions": standing.choice.counts(evidence.judged),
    }


def _comparisons(verdict: Judgement, config: Config) -> dict[str, Any]:
    return {
        "comparison": {
            "best": verdict.standing.best,
            "metric": config.metric,
            "resamples": comparisons.RESAMPLES,
            "level": comparisons.LEVEL,
        },
        "comparisons": {
            name: {
                "difference": known(one.difference),
                "low": known(one.low),
                "high": known(one.high),
                "told_apart": one.told_apart,
            }
            for name, one in verdict.comparisons.items()
        },
    }


def _slices(verdict: Judgement) -> dict[str, dict[str, dict[str, Any]]]:
    """Return by part, key and model what the small parts came to."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for model, parts in verdict.slices.items():
        for part in parts:
            if part.by in SUMMED_UP:
                rows = found.setdefault(part.by, {})
                for place, key in enumerate(part.keys):
                    rows.setdefault(key, {})[model] = _row(part, place)
    return found


def _row(part: Slice, place: int) -> dict[str, Any]:
    values = {name: known(one[place]) for name, one in part.values.items()}
    return {**values, "points": int(part.points[place])}


def _intervals(verdict: Judgement, config: Config) -> dict[str, Any]:
    """Return how ranges learnt on the earlier folds held on the last one; {} with one fold."""
    if not verdict.ranges:
        return {}
    return {
        "fold": config.folds,
        "calibrated_on": list(range(1, config.folds)),
        "levels": sorted(verdict.service.spread.tails),
        "models": {name: _ranges(one) for name, one in verdict.ranges.items()},
    }


def _ranges(ranges: Ranges) -> dict[str, Any]:
    return {
        "all": _held(ranges.overall),
        "horizon": {key: _held(one) for key, one in ranges.horizon.items()},
        "volume": {key: _held(one) for key, one in ranges.volume.items()},
    }


def _held(held: Held) -> dict[str, Any]:
    return {
        "points": held.points,
        "coverage": {str(level): known(one) for level, one in held.coverage.items()},
        "pinball": known(held.pinball),
    }
