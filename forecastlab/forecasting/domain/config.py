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
    POLICIES,
    Defaults,
)
from forecastlab.forecasting.domain.folds import Fold, Folds
from forecastlab.forecasting.domain.frames import FRAME_VERSION
from forecastlab.forecasting.domain.metrics import METRICS
from forecastlab.forecasting.domain.models import (
    default_zoo,
    ensemble,
    group,
    old_names,
    unavailable,
    zoo,
)
from forecastlab.lib.errors import BadInput

# Keys that came later: they are hashed only where they say something, so that older hashes hold.
NEWER: Mapping[str, Any] = {
    "held_back": 0,
    "window": None,
    "policy": POLICIES[0],
    "until": None,
    "frame": 1,
}
# No number of periods may be larger, however long the history is.
MOST_PERIODS = 100_000


class UnknownModel(BadInput):
    """There is no such model."""

    code = "unknown_model"


class ModelUnavailable(BadInput):
    """The model cannot run in this installation."""

    code = "model_unavailable"


@dataclass(frozen=True, slots=True)
class Config:
    """One judgement. `season` is the length of the season, `scale` the lag of MASE.

    `held_back` is how many of the last periods the version keeps for the last fold. Models learn
    from the last `window` periods before each origin, or from all of them. `policy` is how what
    serves a series is chosen. With `until` only so many periods are known at all, and `frame` is
    the version of the feature frame that trees learn from.
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
    window: int | None = None
    policy: str = POLICIES[0]
    until: int | None = None
    frame: int = 1

    @property
    def windows(self) -> Folds:
        return Folds(self.horizon, self.folds, self.step, self.gap, self.held_back)

    def judged_in(self, periods: int) -> tuple[Fold, ...]:
        """Return the folds in a history of so many periods, as far as it is known."""
        return self.windows.windows(self.until or periods)

    @property
    def single(self) -> tuple[str, ...]:
        """Return the models that forecast by themselves, cheapest first."""
        return tuple(name for name in zoo() if name in self.models)

    @property
    def combines(self) -> bool:
        return ensemble.NAME in self.models and bool(self.single)

    def as_json(self) -> dict[str, Any]:
        """Return what is hashed."""
        stored = {**asdict(self), "models": list(self.models), "levels": list(self.levels)}
        silent = {name for name, usual in NEWER.items() if stored[name] == usual}
        return {name: value for name, value in stored.items() if name not in silent}

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the canonical JSON."""
        text = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def model_names() -> list[str]:
    """Return what `models` may name, cheapest first."""
    return [*zoo(), ensemble.NAME]


def default_models() -> list[str]:
    """Return what runs where no models are named: the default zoo, as far as it can run here."""
    cannot = unavailable()
    return [*(name for name in default_zoo() if name not in cannot), ensemble.NAME]


def left_out(config: Config) -> list[dict[str, str]]:
    """Return which models of the default zoo cannot run here, where all of it was asked for."""
    if list(config.models) != default_models():
        return []
    usual = default_zoo()
    return [{"model": k, "reason": why} for k, why in unavailable().items() if k in usual]


def title_of(name: str) -> str:
    """Return what readers call a model; one that has left the zoo keeps its name."""
    named = {ensemble.NAME: ensemble.TITLE, group.NAME: group.TITLE}
    if name in named:
        return named[name]
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
    models = _models(options.get("models"))
    return Config(
        frequency=frequency,
        models=models,
        horizon=horizon,
        folds=_whole(options, "folds", FOLDS, 1),
        step=_whole(options, "step", horizon, 1),
        gap=gap,
        metric=_metric(options.get("metric")),
        season=season,
        scale=_scale(options, defaults, season),
        levels=_levels(options.get("intervals")),
        held_back=held_back,
        window=_window(options, defaults),
        policy=checked_policy(options.get("policy"), models),
        frame=FRAME_VERSION,
    )


def restore(stored: Mapping[str, Any]) -> Config:
    """Read back what `as_json` gave."""
    tuples = {"models": tuple(stored["models"]), "levels": tuple(stored["levels"])}
    return Config(**{**stored, **tuples})


def check_history(config: Config, periods: int) -> None:
    """Raise HistoryTooShort when the folds do not fit, BadInput for a season that is longer.

    The usual season of the frequency may always be asked for.
    """
    folding.check(config.windows, periods, config.frequency)
    usual = BY_FREQUENCY[config.frequency]
    if config.season > max(periods, usual.season):
        raise BadInput(
            f"A season of {config.season} {usual.noun} is longer than the history: there are "
            f"{periods} {usual.noun}.",
            field="season_length",
        )


def _whole(options: Mapping[str, Any], field: str, default: int, least: int) -> int:
    given = options.get(field)
    if given is None:
        return default
    if type(given) is not int or not least <= given <= MOST_PERIODS:
        name = field.replace("_", " ")
        raise BadInput(
            f"{given} is no {name}: give a whole number from {least} to {MOST_PERIODS}.",
            field=field,
        )
    return given


def _window(options: Mapping[str, Any], defaults: Defaults) -> int | None:
    if options.get("window") is None:
        return None
    return _whole(options, "window", defaults.history, defaults.history)


def _scale(options: Mapping[str, Any], defaults: Defaults, season: int) -> int:
    return defaults.scale if options.get("season_length") is None else season


def _models(given: Sequence[str] | None) -> tuple[str, ...]:
    names = old_names.translated(given or default_models())
    for name in names:
        _check_model(name)
    if names == [ensemble.NAME]:
        raise BadInput("The ensemble needs other models to combine.", field="models")
    return tuple(name for name in model_names() if name in names)


def _check_model(name: str) -> None:
    if name not in model_names():
        raise UnknownModel(f"There is no model '{name}'.", hint=_what_there_is(), field="models")
    if name in zoo() and (reason := zoo()[name].unavailable()):
        raise ModelUnavailable(f"The model '{name}' cannot run here.", hint=reason, field="models")


def _what_there_is() -> str:
    named = [name for name in zoo() if name not in default_zoo()]
    more = f" Only when named: {', '.join(named)}." if named else ""
    return f"There are: {', '.join([*default_zoo(), ensemble.NAME])}.{more}"


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


def checked_policy(given: str | None, models: Sequence[str]) -> str:
    """Return how what serves a series is chosen; raises BadInput."""
    policy = given or POLICIES[0]
    if policy not in POLICIES:
        raise BadInput(
            f"There is no policy '{policy}'.",
            hint=f"There are: {', '.join(POLICIES)}.",
            field="policy",
        )
    if policy == ensemble.NAME and ensemble.NAME not in models:
        raise BadInput("The policy 'ensemble' needs the model 'ensemble'.", field="policy")
    return policy


def _levels(given: Sequence[int] | None) -> tuple[int, ...]:
    levels = tuple(sorted(set(given or LEVELS)))
    wrong = [one for one in levels if type(one) is not int or not 0 < one < 100]
    if wrong:
        raise BadInput(
            f"{wrong[0]} is no interval: give percents such as 80,95.", field="intervals"
        )
    return levels
