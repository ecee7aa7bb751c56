"""What a model is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from forecastlab.forecasting.domain.defaults import BY_FREQUENCY, Defaults
from forecastlab.forecasting.domain.panel import BLOCK, Floats, Panel, Whole

Arrays = Mapping[str, NDArray[Any]]
Scope = Literal["local", "whole"]
Report = Callable[[float], None]


def under(start: str, arrays: Arrays) -> Arrays:
    """Return the arrays whose names begin so, by what follows."""
    return {name.removeprefix(start): arrays[name] for name in arrays if name.startswith(start)}


def unheard(_share: float) -> None:
    """Be told how far work is, and let it go on."""


def between(report: Report, start: float, stop: float) -> Report:
    """Return where what is done between two shares of a task reports how far it is."""
    return lambda share: report(start + (stop - start) * share)


@dataclass(frozen=True, slots=True)
class Task:
    """What every model is asked: from the same origins, equally far ahead.

    An origin is the last period that is known there; the first forecast is for the next one.
    `frame` is the version of the feature frame, and `first` the day of period 0, where there are
    dates: for models that ask for them. `final` says that the last origin is that of all data,
    where what serves is fitted. What learns for long calls `report` with its share done, from 0 to
    1, every few seconds: that raises where the work must stop.
    """

    origins: tuple[int, ...]
    steps: int
    season: int
    frequency: str
    frame: int = 1
    first: date | None = None
    final: bool = True
    report: Report = field(default=unheard, compare=False, repr=False)

    def reporting(self, start: float, stop: float) -> Task:
        """Return the same task for what is done between two shares of it."""
        return replace(self, report=between(self.report, start, stop))

    @property
    def defaults(self) -> Defaults:
        return BY_FREQUENCY[self.frequency]


@dataclass(frozen=True, slots=True)
class Forecasts:
    """`values[origin, step, series]`, and the state at the last origin as named arrays.

    The last axis of every array is the series; what all series share is in `learned`.
    """

    values: Floats
    state: Arrays = field(default_factory=dict)


class Model(Protocol):
    """A way to forecast a whole panel.

    `learn` goes through the whole panel, block by block, and returns what all shards must share;
    `forecast` sees one block of series. Of `fit` and of observed signals neither may read past an
    origin for the forecasts made there; known signals and closed periods it may read as far as it
    forecasts.
    `cost` orders equals: the cheaper wins.

    A model of scope `whole` learns and forecasts in one task beside the shards, block by block.
    One that is not `default` runs only where it is named; one that says why it is `unavailable`
    does not run. What a model that `needs_plan` forecasts is worth something only as far ahead
    as the known signals are given. One that takes series one by one is handed few `at_once`, so
    that a failure costs no others and progress shows.
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def cost(self) -> float: ...
    @property
    def needs_plan(self) -> bool: ...
    @property
    def scope(self) -> Scope: ...
    @property
    def default(self) -> bool: ...
    @property
    def at_once(self) -> int: ...

    def unavailable(self) -> str: ...

    def fitted_at(self, task: Task) -> tuple[int, ...]: ...

    def learn(self, whole: Whole, task: Task) -> Arrays: ...

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts: ...

    def repriced(self, learned: Arrays, first: int, change: Floats) -> Arrays: ...


class PanelModel:
    """What holds for a model that does not say otherwise."""

    needs_plan = False
    scope: Scope = "local"
    default = True
    at_once = BLOCK

    def unavailable(self) -> str:
        """Return why the model cannot run here, "" where it can."""
        return ""

    def fitted_at(self, task: Task) -> tuple[int, ...]:
        """Return, for each origin, the one at which what forecasts from it is fitted.

        What is forecast from an origin follows from nothing else that is asked for beside it.
        """
        return task.origins

    def repriced(self, learned: Arrays, first: int, change: Floats) -> Arrays:
        """Return what was learned with other prices, planned from the period `first` on.

        `change` is what is added to them, over all stores: periods x products.
        """
        return learned


class LocalModel(PanelModel):
    """For local models: those in which no series learns from another."""

    def learn(self, whole: Whole, task: Task) -> Arrays:
        return {}
