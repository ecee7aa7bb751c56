"""What a run may be asked to do: every option checked, defaulted and frozen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from forecastlab.forecasting.domain import folds
from forecastlab.forecasting.domain.config import checked_policy
from forecastlab.forecasting.domain.defaults import (
    BY_FREQUENCY,
    FOLDS,
    METRIC,
    POLICIES,
    Defaults,
)
from forecastlab.forecasting.domain.folds import Folds
from forecastlab.forecasting.domain.models import old_names
from forecastlab.lib.errors import BadInput
from showcase.domain.pipeline import LONG, SHORT, TABLES

METRICS = ("wape", "mae", "rmse")
DEFAULT_SCENARIO, RICHEST_SCENARIO = "demo_minimal", "showcase_rich"
OPTIONS = (
    "approval_patience_s",
    "as_of",
    "dataset",
    "focus",
    "folds",
    "gap",
    "horizon",
    "keep",
    "keep_going",
    "metric",
    "models",
    "name",
    "policy",
    "reset",
    "reuse",
    "run_timeout",
    "scenario",
    "seed",
    "simulate",
    "step",
    "step_timeout",
    "table",
    "window",
)
LONGEST, LONGEST_SERIES, LONGEST_NAME = 90, 300, 100
MOST_PERIODS = 100_000
LONGEST_PATIENCE = 3_600
# Seconds that somebody may give a step, and a run.
LONGEST_TIMES = {"step_timeout": 21_600, "run_timeout": 86_400}
# What a config hash does not cover: how things were called here when they were asked for.
# And how long it waits for people, which changes no number.
LABELS = ("approval_patience_s", "name", "renamed", "run", "version")

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sales:
    """What is known of the data before a run starts."""

    name: str
    frequency: str = "D"
    periods: int = 0
    held_back: int = 0
    version: int | None = None

    @property
    def defaults(self) -> Defaults:
        return BY_FREQUENCY[self.frequency]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Sales to be drawn; a rich world has life cycles, deliveries, weather and returns as well."""

    scenario: str
    seed: int
    as_of: date
    knobs: Options
    rich: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What a config may name, as told by the apps that own it.

    `simulated` returns what the simulator will draw and for how many periods, or raises BadInput.
    """

    models: Sequence[str]
    default_models: Sequence[str]
    scenarios: Sequence[str]
    simulated: Callable[[Simulation], tuple[Options, int]]


def source(options: Options) -> tuple[str, str]:
    """Return `(scenario, dataset)`, one of them empty; without either, the first scenario."""
    scenario, dataset = str(options.get("scenario") or ""), str(options.get("dataset") or "")
    if scenario and dataset:
        raise BadInput("A run has either a scenario or a dataset. Drop one.", field="dataset")
    return ("", dataset) if dataset else (scenario or DEFAULT_SCENARIO, "")


def completed(asked: Options, base: Options) -> dict[str, Any]:
    """Return what was asked, and for the rest what `base` says; knobs one by one.

    Sales that were asked for stand instead of those of the base.
    """
    rest = dict(base)
    if {"scenario", "dataset"} & asked.keys():
        rest = {key: one for key, one in rest.items() if key not in ("scenario", "dataset")}
    if "dataset" in asked:
        rest.pop("simulate", None)
    both = {**rest, **asked}
    if isinstance(rest.get("simulate"), Mapping):
        both["simulate"] = {**rest["simulate"], **asked.get("simulate", {})}
    return both


def freeze(options: Options, *, known: Known, sales: Sales, today: date) -> dict[str, Any]:
    """Check every option, fill the defaults in, return the config that will not change.

    Raises BadInput naming the field. Empty values count as not given.
    """
    given = {key: value for key, value in options.items() if value not in (None, "", [], {})}
    _known_options(given)
    scenario, _ = source(given)
    if scenario and scenario not in known.scenarios:
        raise _unknown("scenario", scenario, known.scenarios)
    seed = _whole(given, "seed", 42, low=0, high=2**31 - 1)
    as_of = _day(given, today)
    simulate, sales = _simulated(given, sales, known, seed=seed, as_of=as_of)
    usual = min(sales.held_back, LONGEST) or sales.defaults.horizon
    horizon = _whole(given, "horizon", usual, low=1, high=LONGEST)
    asked = _models(given, known)
    models = old_names.translated(asked)
    config = {
        "dataset": sales.name,
        "version": sales.version,
        "scenario": scenario or None,
        "seed": seed,
        "as_of": as_of.isoformat(),
        "simulate": simulate,
        "horizon": horizon,
        "folds": _whole(given, "folds", FOLDS, low=1, high=20),
        "step": _whole(given, "step", horizon, low=1, high=LONGEST),
        "gap": _gap(given, horizon),
        "metric": _metric(given),
        "models": models,
        "table": _table(given),
        "focus": _focus(given),
        "keep_going": _flag(given, "keep_going"),
    }
    if renamed := old_names.renamed(asked):
        config["renamed"] = renamed
    if "window" in given:
        config["window"] = _whole(given, "window", 0, low=sales.defaults.history, high=MOST_PERIODS)
    policy = checked_policy(given.get("policy"), models)
    if policy != POLICIES[0]:
        config["policy"] = policy
    config |= {**_timeouts(given), **_reuse(given), **_patience(given)}
    if _flag(given, "reset"):
        config["reset"] = True
    _check_history(config, sales)
    config["name"] = _name(given, config, sales)
    return config


def drawn(sales: Sales, config: Options) -> Sales:
    """Return the sales with as many periods as the simulator will draw, where it will."""
    simulate = config["simulate"]
    return replace(sales, periods=simulate["window_days"] + 1) if simulate else sales


def digest(config: Options, *, steps: Sequence[str]) -> str:
    """Return the SHA-256 of the canonical JSON of a frozen config and its rows."""
    covered = {key: value for key, value in config.items() if key not in LABELS}
    text = json.dumps({**covered, "steps": list(steps)}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


# -- one rule per option ----------------------------------------------------------------------


def _known_options(given: Options) -> None:
    for key in given:
        if key not in OPTIONS:
            raise _unknown("option", key, OPTIONS, field=key)


def _unknown(kind: str, value: object, known: Sequence[str], *, field: str = "") -> BadInput:
    return BadInput(
        f"There is no {kind} '{value}'. Known: {', '.join(known)}.", field=field or kind
    )


def _whole(given: Options, key: str, default: int, *, low: int, high: int) -> int:
    value = given.get(key, default)
    try:
        number = int(value)
        exact = not isinstance(value, bool) and float(value) == number
    except (TypeError, ValueError, OverflowError):
        exact = False
    if not exact or not low <= number <= high:
        raise BadInput(f"{value} is not a whole number from {low} to {high}.", field=key)
    return number


def _flag(given: Options, key: str, *, usual: bool = False) -> bool:
    value = given.get(key, usual)
    if not isinstance(value, bool):
        raise BadInput(f"'{value}' is neither true nor false.", field=key)
    return value


def _timeouts(given: Options) -> dict[str, int]:
    """Return the seconds that were given; nothing where none were, so that older hashes hold."""
    found = {
        key: _whole(given, key, 0, low=1, high=longest)
        for key, longest in LONGEST_TIMES.items()
        if key in given
    }
    step, run = found.get("step_timeout", 0), found.get("run_timeout", LONGEST_TIMES["run_timeout"])
    if step > run:
        raise BadInput(
            f"A step cannot be given {step} s in a run of {run} s. Give it less, or the run more.",
            field="step_timeout",
        )
    return found


def _reuse(given: Options) -> dict[str, bool]:
    """Return that everything is to be computed anew, where that was asked for."""
    return {} if _flag(given, "reuse", usual=True) else {"reuse": False}


def _patience(given: Options) -> dict[str, int]:
    """Return the seconds for which a run waits for people; nothing where it does not wait."""
    found = _whole(given, "approval_patience_s", 0, low=0, high=LONGEST_PATIENCE)
    return {"approval_patience_s": found} if found else {}


def _day(given: Options, today: date) -> date:
    value = given.get("as_of", today)
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise BadInput(f"'{value}' is not a date such as 2026-11-21.", field="as_of") from None


def _simulated(
    given: Options, sales: Sales, known: Known, *, seed: int, as_of: date
) -> tuple[Options | None, Sales]:
    """Freeze what the simulator will draw, where the sales are simulated."""
    scenario, _ = source(given)
    knobs = given.get("simulate", {})
    if knobs and not scenario:
        raise BadInput("Only simulated sales have knobs to set.", field="simulate")
    if not isinstance(knobs, Mapping):
        raise BadInput("Knobs are given as name and value.", field="simulate")
    if not scenario:
        return None, sales
    rich = _table(given) == LONG
    drawn, periods = known.simulated(Simulation(scenario, seed, as_of, knobs, rich))
    return dict(drawn), replace(sales, periods=periods)


def _gap(given: Options, horizon: int) -> int:
    gap = _whole(given, "gap", 0, low=0, high=30)
    if gap >= horizon:
        raise BadInput(f"A gap of {gap} is not under the horizon of {horizon}.", field="gap")
    return gap


def _metric(given: Options) -> str:
    metric = given.get("metric", METRIC)
    if metric not in METRICS:
        raise _unknown("metric", metric, METRICS)
    return str(metric)


def _models(given: Options, known: Known) -> list[str]:
    value = given.get("models", list(known.default_models))
    names = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise BadInput("Models are given as a list of names.", field="models")
    for name in names:
        if name not in (*known.models, *old_names.OLD):
            raise _unknown("model", name, known.models, field="models")
        if names.count(name) > 1:
            raise BadInput(f"The model '{name}' is named twice.", field="models")
    return list(names)


def usual_table(given: Options) -> str:
    """Return the table of a run that names none."""
    return LONG if source(given)[0] == RICHEST_SCENARIO else SHORT


def _table(given: Options) -> str:
    table = given.get("table", usual_table(given))
    if table not in TABLES:
        raise _unknown("table", table, TABLES)
    return str(table)


def _focus(given: Options) -> str | None:
    """Return the series asked for; whether the sales have it is seen when they are there."""
    focus = given.get("focus")
    if focus is None:
        return None
    store, colon, product = str(focus).partition(":")
    if source(given)[0] and not (colon and store and product):
        raise BadInput(f"'{focus}' is not of the form STORE:PRODUCT.", field="focus")
    if len(str(focus)) > LONGEST_SERIES:
        raise BadInput(f"A series has at most {LONGEST_SERIES} characters.", field="focus")
    return str(focus)


def _name(given: Options, config: Options, sales: Sales) -> str:
    about = f", {config['horizon']} {sales.defaults.noun}"
    default = f"{(config['scenario'] or sales.name)[: LONGEST_NAME - len(about)]}{about}"
    name = str(given.get("name", "")).strip() or default
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"A name has at most {LONGEST_NAME} printable characters.", field="name")
    return name


def _check_history(config: Options, sales: Sales) -> None:
    """Refuse folds that do not fit, where the length of the history is known."""
    if sales.periods:
        wanted = Folds(
            config["horizon"], config["folds"], config["step"], config["gap"], sales.held_back
        )
        folds.check(wanted, sales.periods, sales.frequency)
