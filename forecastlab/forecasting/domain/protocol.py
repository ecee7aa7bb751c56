"""What a model is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from forecastlab.forecasting.domain.defaults import BY_FREQUENCY, Defaults
from forecastlab.forecasting.domain.panel import Floats, Panel

Arrays = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Task:
    """What every model is asked: from the same origins, equally far ahead.

    An origin is the last period that is known there; the first forecast is for the next one.
    """

    origins: tuple[int, ...]
    steps: int
    season: int
    frequency: str

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

    `learn` sees the whole panel once and returns what all shards must share; `forecast` sees one
    block of series. Neither may read past an origin for the forecasts made there. `cost` orders
    equals: the cheaper wins.
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def cost(self) -> float: ...

    def learn(self, panel: Panel, task: Task) -> Arrays: ...

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts: ...


class LocalModel:
    """For local models: those in which no series learns from another."""

    def learn(self, panel: Panel, task: Task) -> Arrays:
        return {}
