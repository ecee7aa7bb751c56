"""Which judgement a job asks for."""

from __future__ import annotations

import resource
from collections.abc import Mapping
from typing import Any

from forecastlab.forecasting.domain import config as rules
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.models import old_names
from forecastlab.lib.contributions import StepContext
from forecastlab.warehouse.models import DatasetVersion

OPTIONS = (
    "models",
    "horizon",
    "folds",
    "step",
    "gap",
    "window",
    "metric",
    "season_length",
    "intervals",
    "policy",
)


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the options of a judgement that have a value; `renamed` tells of old names in `models`.

    Each old name is kept with the model that runs for it.
    """
    kept = {name: options[name] for name in OPTIONS if options.get(name) is not None}
    asked = kept.get("models") or []
    if renamed := old_names.renamed(asked):
        kept |= {"models": old_names.translated(asked), "renamed": renamed}
    return kept


def checked(version: DatasetVersion, options: Mapping[str, Any]) -> Config:
    """Return the complete config; raises BadInput naming the option that does not fit."""
    config = rules.resolve(given(options), frequency=version.frequency, held_back=version.held_back)
    rules.check_history(config, version.history)
    return config


def of(context: StepContext) -> Config:
    """Return what the features step resolved."""
    return rules.restore(context.results["features"]["config"])


def renamed(context: StepContext) -> dict[str, str]:
    """Return the old names that were asked for, each with the model that runs for it."""
    return dict(context.params.get("renamed", {}))


def judges(context: StepContext) -> bool:
    """Say whether this job judges, rather than only forecasting by an earlier verdict."""
    return context.params.get("serving") is None


def key(context: StepContext) -> str:
    """Name what this job writes, so that a repeated step finds it."""
    return f"job.{context.job_id}"


def peak_memory_mb() -> float:
    """Return the most that this process has held, in MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
