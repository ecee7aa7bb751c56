"""A verdict in words and numbers that JSON can hold: what is unknown is None."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from forecastlab.forecasting.domain import judgement
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.judgement import Evidence, Judgement


def known(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def models(
    evidence: Evidence, verdict: Judgement, seconds: Mapping[str, float]
) -> dict[str, dict[str, Any]]:
    """Return every metric of every model, pooled; best first is left to the reader."""
    return {
        name: {
            **{key: known(one) for key, one in scores.pooled(evidence.judged).items()},
            "coverage": {str(level): known(one) for level, one in verdict.coverage[name].items()},
            "undefined": scores.undefined(evidence.judged),
            "seconds": seconds.get(name, 0.0),
        }
        for name, scores in verdict.standing.scores.items()
    }


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
        "judged": int(evidence.judged.sum()),
    }
