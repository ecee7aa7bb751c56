"""One task of a training: its models over its blocks, as far as nobody has their forecasts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import panel as panels
from forecastlab.forecasting.domain import reuse, shards
from forecastlab.forecasting.domain.models import zoo
from forecastlab.forecasting.domain.panel import BLOCK, Floats, Panel
from forecastlab.forecasting.domain.protocol import Arrays, Report
from forecastlab.forecasting.domain.shards import Forecast
from forecastlab.forecasting.services import configs, features, keeping, laying
from forecastlab.lib.contributions import StepContext

SELDOM = 0.5


def seldom(report: Report) -> Report:
    """Return what may be told of every small piece of work, and passes it on now and then."""
    last = [float("-inf")]

    def told(share: float) -> None:
        now = perf_counter()
        if now - last[0] >= SELDOM:
            last[0] = now
            report(share)

    return told


def tasks(context: StepContext, models: Iterable[str]) -> list[dict[str, Any]]:
    """Return the tasks of models that need the whole panel: one for each of their fits.

    `every` are the places of the origins that are asked for together, `places` those of them from
    which nobody has forecast yet. Where nothing is missing of a fit, it has no task.
    """
    told = context.results["features"]
    work = features.work_of(context, configs.of(context), told["periods"])
    plan = keeping.restore(told["reuse"]) if "reuse" in told else None
    found = []
    for name in models:
        model, every = zoo()[name], range(len(work.task.origins))
        places = plan.places[name] if plan else every
        together = reuse.apart(model, work, every)
        for part in reuse.apart(model, work, places):
            group = next((one for one in together if set(part) <= set(one)), tuple(every))
            asked = {"places": list(part), "every": list(group)}
            found.append({"whole": name, "series": told["series"], **asked})
    return found


class Making:
    """Makes the forecasts of one task and holds them until all are there.

    `seconds` is what learning took here, by model. A task that only issues has no plan: nothing is
    taken over then, and nothing kept.
    """

    def __init__(self, context: StepContext, shard: Mapping[str, Any]) -> None:
        config, self._told = configs.of(context), context.results["features"]
        self._context, self._shard = context, shard
        self._plan = keeping.restore(self._told["reuse"]) if "reuse" in self._told else None
        self._work = features.work_of(context, config, self._told["periods"])
        self._made: dict[str, Floats] = {}
        self._sure: dict[str, str] = {}
        self._in_full: dict[str, Arrays] = {}
        self._judged = 0
        self._every = tuple(shard.get("every", range(len(self._work.task.origins))))
        self.models = [shard["whole"]] if "whole" in shard else shards.local(config.single)
        self.learned: dict[str, Arrays] = {}
        self.seconds = dict.fromkeys(self.models, 0.0)

    def learn(self, report: Report) -> None:
        """Learn what the models share, or read it where it was learnt before the shards."""
        if "whole" not in self._shard:
            kept = gateways.get_nested(self._told["learned"])
            self.learned = {name: kept.get(name, {}) for name in self.models}
            return
        started, (name,) = perf_counter(), self.models
        work = reuse.only(self._work, self._shard["places"])
        whole = laying.whole(self._told["shards"], self._told["periods"])
        self.learned = shards.learn([name], whole, work, report)
        self.seconds[name] = perf_counter() - started

    def blocks(self) -> Iterator[tuple[int, Panel]]:
        """Yield the blocks of the task with their numbers in the whole panel."""
        number = 0
        for part in self._told["shards"]:
            if "whole" in self._shard or part["digest"] == self._shard["digest"]:
                panel = panels.unpack(gateways.get_arrays(part["digest"]))
                yield from enumerate(panel.pieces(), start=number)
            number += -(-part["series"] // BLOCK)

    def run(self, number: int, block: Panel, report: Report) -> dict[str, Forecast]:
        """Forecast a block; of its judged forecasts only the final ones are returned."""
        asked: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
        for name in self.models:
            asked[self._places(name, number)].append(name)
        done: dict[str, Forecast] = {}
        for places, names in asked.items():
            learned = {name: self.learned[name] for name in names}
            made = shards.run(block, reuse.only(self._work, places), learned, report)
            for name, one in made.items():
                done[name] = self._held(name, (number, block), places, one)
        return {name: done[name] for name in self.models}

    def keep(self) -> dict[str, Any]:
        """Store what was made, for this judgement and later ones; count what of it is judged."""
        digest = gateways.put_arrays(self._made)
        sizes = {key: self._made[key].nbytes for key in self._sure}
        keeping.keep(self._context, digest, self._sure, sizes)
        return {"judged": digest, "made": self._judged}

    @property
    def serves(self) -> bool:
        """Say whether the last origin is among those of the task."""
        return len(self._work.task.origins) - 1 in self._every

    def _places(self, name: str, number: int) -> tuple[int, ...]:
        if "places" in self._shard:
            return tuple(self._shard["places"])
        if self._plan is None:
            return self._every
        return self._plan.places_of(name, number, self._work)

    def _held(
        self, name: str, at: tuple[int, Panel], places: tuple[int, ...], one: Forecast
    ) -> Forecast:
        """Hold the forecasts of a block and return the rest.

        A series that falls back does so from all origins that are asked for together. So where
        some did, all of them are made here, as they would be if nothing were there.
        """
        number, block = at
        if one.fallen and places != self._every:
            one, places = self._again(name, block), self._every
        if self._plan is not None:
            self._judged += sum(place < len(self._work.task.origins) - 1 for place in places)
            for place, values in zip(places, one.values, strict=True):
                key = str(self._plan.keys[name][number, place])
                self._made[key] = values
                if not one.fallen:
                    self._sure[key] = name
        return replace(one, values=one.values[:0].copy(), judged=one.judged[:0].copy())

    def _again(self, name: str, block: Panel) -> Forecast:
        def report(_share: float) -> None:
            self._context.report()

        work = reuse.only(self._work, self._every)
        if name not in self._in_full:
            whole = laying.whole(self._told["shards"], self._told["periods"])
            self._in_full |= shards.learn([name], whole, work, report)
        return shards.run(block, work, {name: self._in_full[name]}, report)[name]
