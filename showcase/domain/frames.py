"""What clients of an earlier system ask for, in the words of the config.

Such a client sends one JSON object, a frame. Types are strict: no text stands for a number. Keys
that are not known here are ignored, as they always were, but not inside `seed_overrides`,
`user_scope` and `backtest`. Errors name the field as the client calls it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.domain.folds import Folds, HistoryTooShort
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.domain.simulator.config import KNOBS
from forecastlab.warehouse.domain.simulator.world import product_code, store_code
from showcase.domain import workspaces
from showcase.domain.config import DEFAULT_SCENARIO, METRICS, RICHEST_SCENARIO
from showcase.domain.pipeline import LONG

Frame = Mapping[str, Any]

MODELS = (
    "naive",
    "seasonal_naive",
    "moving_average",
    "weighted_moving_average",
    "seasonal_average",
    "trend_regression_baseline",
    "prophet_like",
    "regression",
    "random_forest",
    "lightgbm",
    "xgboost",
)
MOST_MODELS = 10
KEYS = (
    "seed",
    "reset",
    "skip_seed",
    "scenario",
    "preservation",
    "workspace_name",
    "replayed_from_workspace_id",
    "seed_overrides",
    "user_scope",
    "train_model_types",
    "backtest",
)
EPHEMERAL, KEEP = "ephemeral", "keep"
EXPANDING, SLIDING = "expanding", "sliding"
# What the config calls a thing, and what the client does.
FIELDS: Mapping[str, str] = {
    "dataset": "scenario",
    "name": "scenario",
    "horizon": "backtest.horizon",
    "folds": "backtest.n_splits",
    "gap": "backtest.gap",
    "metric": "backtest.metric",
    "window": "backtest.min_train_size",
    "models": "train_model_types",
    "focus": "user_scope",
    "keep": "workspace_name",
    **{knob: f"seed_overrides.{knob}" for knob in KNOBS},
}
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Whole:
    low: int
    high: int
    usual: int


SEED = Whole(0, 2**31 - 1, 42)
NUMBER = Whole(1, 10**9, 1)
BACKTEST: Mapping[str, Whole] = {
    "horizon": Whole(1, 90, 14),
    "n_splits": Whole(2, 20, 3),
    "min_train_size": Whole(7, 100_000, 30),
    "gap": Whole(0, 30, 0),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A frame that can be run.

    `given` is what was sent of the known keys, `options` the same in the words of the config, but
    for the sales: those of `scenario`, simulated anew unless it `reuses` what was simulated
    before. The first fold must have at least `learnt` periods to learn from.
    """

    given: Frame
    scenario: str
    reuses: bool
    options: Mapping[str, Any]
    learnt: int

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the canonical JSON of the given keys: defaults play no part."""
        text = json.dumps(dict(self.given), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def translate(frame: Any) -> Wish:
    """Return what a frame asks for; raises BadInput naming the client's field."""
    if not isinstance(frame, Mapping):
        raise BadInput("A frame is one JSON object.", field="frame")
    given = {key: frame[key] for key in KEYS if key in frame}
    reset, skip = _flag(given, "reset", usual=False), _flag(given, "skip_seed", usual=True)
    judged, learnt = _backtest(_nested(given, "backtest", (*BACKTEST, "strategy", "metric")))
    wished = {
        "simulate": _knobs(given, skip=skip),
        "focus": _focus(_nested(given, "user_scope", ("store_id", "product_id"))),
        "models": _models(given),
        "keep": _keep(given),
        "reset": reset,
    }
    options = {key: value for key, value in wished.items() if value}
    scenario = _text(given, "scenario", DEFAULT_SCENARIO)
    if scenario == RICHEST_SCENARIO:
        options["table"] = LONG
    return Wish(
        given=given,
        scenario=scenario,
        reuses=skip and not reset,
        options={"seed": _whole(given, "seed", SEED), **options, **judged},
        learnt=learnt,
    )


def check_learnt(wish: Wish, folds: Folds, periods: int) -> None:
    """Raise HistoryTooShort when fewer periods lie before the first fold than were asked for."""
    needed = folds.span + wish.learnt
    if not periods or needed <= periods:
        return
    fitting = folds.count + (periods - needed) // folds.step
    raise HistoryTooShort(
        f"{folds.count} folds of {folds.horizon} days after {wish.learnt} days need {needed} "
        f"days; there are {periods}.",
        hint=f"Use {fitting} folds."
        if fitting >= BACKTEST["n_splits"].low
        else f"Use a min_train_size of at most {periods - folds.span}.",
        field="backtest.min_train_size",
    )


# -- one rule per key -------------------------------------------------------------------------


def _nested(given: Frame, key: str, known: Collection[str]) -> Frame:
    """Return an object of the frame, empty where there is none; its keys are all known."""
    value = given.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadInput(f"'{key}' is an object, not '{value}'.", field=key)
    for name in value:
        if name not in known:
            raise BadInput(
                f"There is no '{name}' in '{key}'. There are: {', '.join(known)}.",
                field=f"{key}.{name}",
            )
    return {f"{key}.{name}": one for name, one in value.items() if one is not None}


def _whole(given: Frame, key: str, rule: Whole) -> int:
    value = given.get(key, rule.usual)
    if type(value) is not int or not rule.low <= value <= rule.high:
        raise BadInput(
            f"'{key}' is a whole number from {rule.low} to {rule.high}, not {_shown(value)}.",
            field=key,
        )
    return value


def _flag(given: Frame, key: str, *, usual: bool) -> bool:
    value = given.get(key, usual)
    if not isinstance(value, bool):
        raise BadInput(f"'{key}' is true or false, not {_shown(value)}.", field=key)
    return value


def _text(given: Frame, key: str, usual: str) -> str:
    value = given.get(key, usual)
    if not isinstance(value, str) or not value:
        raise BadInput(f"'{key}' is a name, not {_shown(value)}.", field=key)
    return value


def _one_of(given: Frame, key: str, known: tuple[str, ...]) -> str:
    value = _text(given, key, known[0])
    if value not in known:
        raise BadInput(f"'{key}' is {' or '.join(known)}, not '{value}'.", field=key)
    return value


def _shown(value: Any) -> str:
    return json.dumps(value, default=str)[:100]


def _keep(given: Frame) -> str | bool:
    """Return the name of the workspace, True where none is given, False for a run not kept."""
    kept = _one_of(given, "preservation", (EPHEMERAL, KEEP)) == KEEP
    for key in ("workspace_name", "replayed_from_workspace_id"):
        if given.get(key) is not None and not kept:
            raise BadInput(f"'{key}' needs the preservation '{KEEP}'.", field=key)
    origin = given.get("replayed_from_workspace_id")
    if origin is not None and not (isinstance(origin, str) and _ID.fullmatch(origin)):
        raise BadInput(
            f"A workspace id is 32 digits from 0 to f, not {_shown(origin)}.",
            field="replayed_from_workspace_id",
        )
    name = given.get("workspace_name")
    if name is None:
        return kept
    if not isinstance(name, str):
        raise BadInput(f"'workspace_name' is text, not {_shown(name)}.", field="workspace_name")
    return workspaces.checked(name, field="workspace_name")


def _knobs(given: Frame, *, skip: bool) -> Mapping[str, Any]:
    """Return the knobs as numbers; their ranges and locks are the simulator's to check."""
    knobs = _nested(given, "seed_overrides", tuple(KNOBS))
    if knobs and skip:
        raise BadInput(
            "Sales that are not simulated anew have no knobs. Send skip_seed as false.",
            field="seed_overrides",
        )
    for key, value in knobs.items():
        whole = KNOBS[key.partition(".")[2]].whole
        if type(value) is not int and (whole or type(value) is not float):
            kind = "a whole number" if whole else "a number"
            raise BadInput(f"'{key}' is {kind}, not {_shown(value)}.", field=key)
    return {key.partition(".")[2]: value for key, value in knobs.items()}


def _focus(scope: Frame) -> str:
    """Return the series of a pair of numbers: simulated stores and products are numbered from 1."""
    if not scope:
        return ""
    for key in ("user_scope.store_id", "user_scope.product_id"):
        if key not in scope:
            raise BadInput(f"'{key}' is missing: a scope names a pair.", field=key)
    store = _whole(scope, "user_scope.store_id", NUMBER)
    product = _whole(scope, "user_scope.product_id", NUMBER)
    return f"{store_code(store)}:{product_code(product - 1)}"


def _models(given: Frame) -> list[str]:
    names = given.get("train_model_types")
    if names is None:
        return []
    if not isinstance(names, list) or not 1 <= len(names) <= MOST_MODELS:
        raise BadInput(
            f"'train_model_types' is a list of 1 to {MOST_MODELS} names.", field="train_model_types"
        )
    for name in names:
        if name not in MODELS:
            raise BadInput(
                f"There is no model {_shown(name)}. There are: {', '.join(MODELS)}.",
                field="train_model_types",
            )
        if names.count(name) > 1:
            raise BadInput(f"The model '{name}' is named twice.", field="train_model_types")
    return names


def _backtest(given: Frame) -> tuple[dict[str, Any], int]:
    """Return what is judged, and how many periods the first fold must have to learn from.

    A sliding strategy learns from that many periods and no more, but never from fewer than the
    models here need.
    """
    numbers = {key: _whole(given, f"backtest.{key}", rule) for key, rule in BACKTEST.items()}
    strategy = _one_of(given, "backtest.strategy", (EXPANDING, SLIDING))
    metric = _one_of(given, "backtest.metric", METRICS)
    if numbers["gap"] >= numbers["horizon"]:
        raise BadInput(
            f"A gap of {numbers['gap']} is not under the horizon of {numbers['horizon']}.",
            field="backtest.gap",
        )
    learnt = numbers["min_train_size"]
    if not given:
        return {}, learnt
    judged = {"horizon": numbers["horizon"], "folds": numbers["n_splits"], "gap": numbers["gap"]}
    window = {"window": max(learnt, BY_FREQUENCY["D"].history)} if strategy == SLIDING else {}
    return {**judged, "metric": metric, **window}, learnt
