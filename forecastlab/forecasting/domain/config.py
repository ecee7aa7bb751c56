"""What a judgement is asked to do: checked, defaulted, frozen, hashed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from forecastlab.forecasting.domain import folds as folding
from forecastlab.forecasting.domain.defaults import (
    BY_FREQUENCY,
    FOLDS,
    LEVELS,
    METRIC,
    Defaults,
)
from forecastlab.forecasting.domain.folds import Folds
from forecastlab.forecasting.domain.metrics import METRICS
from forecastlab.forecasting.domain.models import ensemble, zoo
from forecastlab.lib.errors import BadInput


class UnknownModel(BadInput):
    """There is no such model."""

    code = "unknown_model"


@dataclass(frozen=True, slots=True)
class Config:
    """One judgement. `season` is the length of the season, `scale` the lag of MASE.

    `held_back` is how many of the last periods the version keeps for the last fold.
    """

    frequency: str
    models: tuple[str, ...]
    horizon: int
    folds: int
    step: int
    gap: int
    metric: str
    season: int
    scale: int
    levels: tuple[int, ...]
    held_back: int = 0

    @property
    def windows(self) -> Folds:
        return Folds(self.horizon, self.folds, self.step, self.gap, self.held_back)

    @property
    def single(self) -> tuple[str, ...]:
        """Return the models that forecast by themselves, cheapest first."""
        return tuple(name for name in zoo() if name in self.models)

    @property
    def combines(self) -> bool:
        return ensemble.NAME in self.models and bool(self.single)

    def as_json(self) -> dict[str, Any]:
        """Return what is hashed: held-back periods are named only where there are any."""
        stored = {**asdict(self), "models": list(self.models), "levels": list(self.levels)}
        return stored if self.held_back else {k: v for k, v in stored.items() if k != "held_back"}

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the canonical JSON."""
        text = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def model_names() -> list[str]:
    """Return what `models` may name, in the order of the default zoo."""
    return [*zoo(), ensemble.NAME]


def title_of(name: str) -> str:
    """Return what readers call a model; one that has left the zoo keeps its name."""
    if name == ensemble.NAME:
        return ensemble.TITLE
    return zoo()[name].title if name in zoo() else name


def resolve(options: Mapping[str, Any], *, frequency: str, held_back: int = 0) -> Config:
    """Fill in the defaults of the frequency; raises BadInput naming the field.

    What a version holds back is the default horizon.
    """
    defaults = BY_FREQUENCY[frequency]
    gap = _whole(options, "gap", 0, 0)
    usual = max(held_back - gap, 1) if held_back else defaults.horizon
    horizon = _whole(options, "horizon", usual, 1)
    season = _whole(options, "season_length", defaults.season, 1)
    return Config(
        frequency=frequency,
        models=_models(options.get("models")),
        horizon=horizon,
        folds=_whole(options, "folds", FOLDS, 1),
        step=_whole(options, "step", horizon, 1),
        gap=gap,
        metric=_metric(options.get("metric")),
        season=season,
        scale=_scale(options, defaults, season),
        levels=_levels(options.get("intervals")),
        held_back=held_back,
    )


def restore(stored: Mapping[str, Any]) -> Config:
    """Read back what `as_json` gave."""
    tuples = {"models": tuple(stored["models"]), "levels": tuple(stored["levels"])}
    return Config(**{**stored, **tuples})


def check_history(config: Config, periods: int) -> None:
    """Raise HistoryTooShort when the folds do not fit."""
    folding.check(config.windows, periods, config.frequency)


def _whole(options: Mapping[str, Any], field: str, default: int, least: int) -> int:
    given = options.get(field)
    if given is None:
        return default
    if isinstance(given, bool) or not isinstance(given, int) or given < least:
        name = field.replace("_", " ")
        raise BadInput(f"{given} is no {name}: give a whole number from {least}.", field=field)
    return given


def _scale(options: Mapping[str, Any], defaults: Defaults, season: int) -> int:
    return defaults.scale if options.get("season_length") is None else season


def _models(given: Sequence[str] | None) -> tuple[str, ...]:
    names = list(dict.fromkeys(given or model_names()))
    unknown = [name for name in names if name not in model_names()]
    if unknown:
        raise UnknownModel(
            f"There is no model '{unknown[0]}'.",
            hint=f"There are: {', '.join(model_names())}.",
            field="models",
        )
    if names == [ensemble.NAME]:
        raise BadInput("The ensemble needs other models to combine.", field="models")
    return tuple(name for name in model_names() if name in names)


def _metric(given: str | None) -> str:
    if given is None:
        return METRIC
    if given not in METRICS:
        raise BadInput(
            f"There is no metric '{given}'.",
            hint=f"There are: {', '.join(METRICS)}.",
            field="metric",
        )
    return given


def _levels(given: Sequence[int] | None) -> tuple[int, ...]:
    levels = tuple(sorted(set(given or LEVELS)))
    wrong = [one for one in levels if not isinstance(one, int) or not 0 < one < 100]
    if wrong:
        raise BadInput(
            f"{wrong[0]} is no interval: give percents such as 80,95.", field="intervals"
        )
    return levels
