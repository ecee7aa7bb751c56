"""Forecasts of an issue made once more, on the signals as they were given and on other ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import config as rules
from forecastlab.forecasting.domain import reuse, shards
from forecastlab.forecasting.domain import serving as servings
from forecastlab.forecasting.domain.models import ensemble, zoo
from forecastlab.forecasting.domain.panel import BLOCK, Floats, Integers, Panel, Parts
from forecastlab.forecasting.domain.protocol import Arrays, under, unheard
from forecastlab.forecasting.domain.shards import Work
from forecastlab.forecasting.models import ForecastIssue, ModelRun
from forecastlab.forecasting.queries.panels import Source

# Up to so many values a panel is read once; a larger one is read as often as needed.
MOST_KEPT = 10_000_000

Change = Callable[[Panel], Panel]


@dataclass(frozen=True, slots=True)
class Remade:
    """Forecasts of some series, steps x series, in their order in the version.

    A forecast is the sum of what models that read signals make of it and of the `rest`, of those
    that do not: `given` is the first on the signals as they were given, `changed` on others. NaN
    where what serves a series reads no signals, or cannot be made again.
    """

    series: Integers
    given: Floats
    changed: Floats
    rest: Floats


class Remaker:
    """Makes the forecasts of an issue again, whole blocks of series at a time.

    What a model learns from all series in one task of its own is read from its model run; what
    others share is learnt again. Nothing after the origin is read but signals known ahead.
    """

    def __init__(self, issue: ForecastIssue) -> None:
        self.issue, self.source = issue, Source(issue.version)
        config = rules.restore(issue.backtest.config)
        self.judged_here = issue.backtest.version_id == issue.version_id
        work = shards.issuing(config, issue.origin + 1, issue.horizon)
        if self.judged_here:
            work = shards.judging(config, issue.origin + 1)
        self.work: Work = reuse.only(work, (len(work.task.origins) - 1,))
        self.learned: dict[str, Arrays] = {}
        self._priced: Floats | None = None

    def reprice(self, series: Integers, change: Floats) -> None:
        """Say by how much all prices differ in what is `changed`: steps x series, NaN for nothing.

        What models were told of a product in all stores then follows from them.
        """
        groups = self.source.groups
        mine = groups.product[np.searchsorted(self.source.series, series)]
        added = [
            np.bincount(mine, weights=np.nan_to_num(one), minlength=groups.products)
            for one in change
        ]
        self._priced = np.stack(added)

    @cached_property
    def reading(self) -> list[str]:
        """Return the models behind the issue that read signals known ahead and can be had."""
        found = {one for name in self.issue.champions for one in self.members(name)}
        named = [name for name, one in zoo().items() if name in found and one.needs_plan]
        return [name for name in named if self._can_have(name)]

    def members(self, model: str) -> Sequence[str]:
        """Return the models that a champion is the mean of: itself, or those of the ensemble."""
        return self._members if model == ensemble.NAME else (model,)

    def blocks_of(self, series: Integers) -> list[tuple[int, int]]:
        """Return the edges of the blocks that hold some series."""
        places = np.searchsorted(self.source.series, series)
        numbers = np.unique(places // BLOCK).tolist()
        return [(one * BLOCK, min((one + 1) * BLOCK, self.source.width)) for one in numbers]

    def remake(self, edges: tuple[int, int], champions: Sequence[str], change: Change) -> Remade:
        """Forecast a block on its signals as given and as `change` has them.

        `champions` are what serves each series of the block, "" for what is not issued.
        """
        panel = self.source.part(*edges).panel
        given = self._forecast(panel, champions, None)
        changed = self._forecast(change(panel), champions, self._priced)
        shape = self.issue.horizon, panel.width
        found = Remade(panel.series, *(np.full(shape, np.nan) for _ in range(3)))
        for place, champion in enumerate(champions):
            names = self.members(champion) if champion else ()
            reads = [one for one in names if one in self.reading]
            if not reads or any(one not in given for one in names):
                continue
            found.given[:, place] = sum(given[one][:, place] for one in reads) / len(names)
            found.changed[:, place] = sum(changed[one][:, place] for one in reads) / len(names)
            rest = [given[one][:, place] for one in names if one not in reads]
            found.rest[:, place] = sum(rest, start=np.zeros(shape[0])) / len(names)
        return found

    @cached_property
    def _members(self) -> Sequence[str]:
        stored = servings.unpack(gateways.get_arrays(self.issue.backtest.serving))
        if self.issue.without_plan and stored.without_plan:
            return stored.without_plan.members
        return stored.members

    def _can_have(self, name: str) -> bool:
        return not zoo()[name].unavailable() and (
            zoo()[name].scope == "local" or (self.judged_here and self.work.window is None)
        )

    def _forecast(
        self, panel: Panel, champions: Sequence[str], priced: Floats | None
    ) -> dict[str, Floats]:
        wanted = {one for name in set(champions) if name for one in self.members(name)}
        found = {}
        for name in (one for one in zoo() if one in wanted):
            if zoo()[name].scope == "whole" and not self._can_have(name):
                continue
            if name not in self.learned:
                self.learned[name] = self._learn(name)
            learned = self.learned[name]
            if priced is not None:
                learned = zoo()[name].repriced(learned, self.issue.origin + 1, priced)
            work = replace(self.work, task=replace(self.work.task, origins=self._origins(learned)))
            found[name] = shards.run(panel, work, {name: learned}, unheard)[name].final
        return found

    def _learn(self, name: str) -> Arrays:
        if zoo()[name].scope == "local":
            return shards.learn([name], self._whole, self.work)[name]
        run = ModelRun.objects.get(backtest=self.issue.backtest_id, model=name)
        return under(f"{name}/", gateways.get_arrays(run.artefact))

    def _origins(self, learned: Arrays) -> tuple[int, ...]:
        """Return the last origin as often as there are origins that the model was fitted for."""
        return self.work.task.origins * len(learned.get("which", [0]))

    @cached_property
    def _whole(self) -> Parts:
        periods = self.source.version.periods
        read: Callable[[], Iterator[Panel]] = self._parts
        known = next(read()).known
        if self.source.width * periods <= MOST_KEPT:
            read = partial(iter, list(read()))
        return Parts(self.issue.origin + 1, known, self.source.groups, read)

    def _parts(self) -> Iterator[Panel]:
        width, periods = self.source.width, self.source.version.periods
        edges = shards.parts(width, shards.size_of(periods, 0.0))
        return (self.source.part(*one).panel for one in edges)
