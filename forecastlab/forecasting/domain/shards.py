"""All single models over all folds, and refit on all data, for one part of the panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import pairwise
from time import perf_counter
from typing import TypeVar

import numpy as np

from forecastlab.forecasting.domain import fallbacks
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.fallbacks import Made, Reasons
from forecastlab.forecasting.domain.models import zoo
from forecastlab.forecasting.domain.panel import BLOCK, Flags, Floats, Panel, Whole
from forecastlab.forecasting.domain.protocol import Arrays, Report, Task, between, under, unheard

# A shard is small enough that several fit into memory beside each other, and that all workers
# have something to do; but not so small that reading and writing cost more than the models.
MOST_CELLS = 250_000
SECONDS = 3.0


Seen = TypeVar("Seen", Panel, Whole)


@dataclass(frozen=True, slots=True)
class Work:
    """What a shard does: judge windows of `horizon` periods after `gap`, then forecast `ahead`.

    With a `window` models know only so many periods before each origin.
    """

    task: Task
    gap: int
    horizon: int
    ahead: int
    window: int | None = None

    def views(self, panel: Seen) -> list[tuple[Seen, Task]]:
        """Return what models see: the panel once, or for each origin the window before it."""
        if self.window is None:
            return [(panel, self.task)]
        starts = [max(one + 1 - self.window, 0) for one in self.task.origins]
        return [
            (panel.since(start), replace(self.task, origins=(origin - start,)))
            for origin, start in zip(self.task.origins, starts, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Forecast:
    """One model's work: `judged` is folds x steps x series, `final` steps x series.

    `values` are origins x steps x series as the model gave them: gaps and closed periods are left
    as they are. `fallen` says why series fell back to another model, by their place in the panel.
    """

    values: Floats
    judged: Floats
    final: Floats
    state: Arrays
    seconds: float
    fallen: Reasons = field(default_factory=dict)


def parts(width: int, size: int) -> list[tuple[int, int]]:
    """Cut the series in shards of about `size`, in whole blocks: any cut gives the same numbers."""
    blocks = max(-(-width // BLOCK), 1)
    count = min(max(-(-width // size), 1), blocks)
    edges = [min(round(blocks * one / count) * BLOCK, width) for one in range(count + 1)]
    return list(pairwise(edges))


def size_of(periods: int, seconds: float) -> int:
    """Return how many series a shard should have, of which each takes `seconds` to train."""
    by_time = SECONDS / seconds if seconds > 0 else float("inf")
    return max(int(min(by_time, MOST_CELLS / periods)), BLOCK)


def judging(config: Config, periods: int, first: date | None = None) -> Work:
    """Forecast from the origin of every fold and, on all data, from the last period."""
    windows = config.windows
    origins = (*(one.origin for one in windows.windows(periods)), periods - 1)
    task = Task(origins, windows.steps, config.season, config.frequency, config.frame, first)
    return Work(task, config.gap, config.horizon, config.horizon, config.window)


def issuing(config: Config, periods: int, ahead: int) -> Work:
    """Forecast from the last period only."""
    task = Task((periods - 1,), ahead, config.season, config.frequency, config.frame)
    return Work(task, 0, 0, ahead, config.window)


def local(models: Iterable[str]) -> list[str]:
    """Return the models that run over shards; any other runs over the whole panel by itself."""
    return [name for name in models if zoo()[name].scope == "local"]


def learn(
    models: Sequence[str], whole: Whole, work: Work, report: Report = unheard
) -> dict[str, Arrays]:
    """Return what models take from the whole panel.

    With a window it is taken for each origin, and named by its number.
    """
    views = work.views(whole)
    shares = iter(range(len(models) * len(views)))
    part = partial(part_of, report, of=len(models) * len(views))
    found = {
        name: [
            fallbacks.learn(zoo()[name], view, replace(task, report=part(next(shares))))
            for view, task in views
        ]
        for name in models
    }
    if work.window is None:
        return {name: one for name, (one,) in found.items()}
    return {
        name: {f"{n}:{key}": value for n, one in enumerate(many) for key, value in one.items()}
        for name, many in found.items()
    }


def _learned_at(learned: Arrays, work: Work, number: int) -> Arrays:
    if work.window is None:
        return learned
    return under(f"{number}:", learned)


def run(
    panel: Panel,
    work: Work,
    learned: Mapping[str, Arrays],
    report: Report,
) -> dict[str, Forecast]:
    """Run every model in `learned` over the panel, block by block.

    Closed periods are forecast as zero, as far ahead as they are known.
    """
    closed, ahead = _closed(panel, work), _closed_ahead(panel, work)
    blocks = list(panel.pieces()) if work.window is None else None
    done: dict[str, Forecast] = {}
    for place, name in enumerate(learned):
        started = perf_counter()
        part = part_of(report, place, len(learned))
        found = _made(name, (panel, blocks), work, learned[name], part)
        judged = found.values[:-1, work.gap : work.gap + work.horizon]
        done[name] = Forecast(
            values=found.values,
            judged=np.where(closed, 0.0, judged),
            final=np.where(ahead, 0.0, found.values[-1, : work.ahead]),
            state=found.state,
            seconds=perf_counter() - started,
            fallen=found.fallen,
        )
    return done


def _made(
    name: str,
    seen: tuple[Panel, list[Panel] | None],
    work: Work,
    learned: Arrays,
    report: Report,
) -> Made:
    """Forecast from every origin, each from what is seen there.

    Without a window that is the same panel everywhere, of which all models share the blocks.
    """
    panel, blocks = seen
    views = work.views(panel)
    made = [
        fallbacks.over_blocks(
            zoo()[name],
            blocks or list(view.pieces()),
            task,
            _learned_at(learned, work, number),
            part_of(report, number, len(views)),
        )
        for number, (view, task) in enumerate(views)
    ]
    fallen = {place: why for one in reversed(made) for place, why in one.fallen.items()}
    return Made(np.concatenate([one.values for one in made]), made[-1].state, fallen)


def part_of(report: Report, place: int, of: int) -> Report:
    """Return where one of several equal parts of a task reports how far it is."""
    return between(report, place / of, (place + 1) / of)


def joined(parts: Sequence[Forecast], widths: Sequence[int]) -> Forecast:
    """Put one model's work on the parts of a panel side by side."""
    starts = [sum(widths[:place]) for place in range(len(widths))]
    return Forecast(
        values=np.concatenate([one.values for one in parts], axis=-1),
        judged=np.concatenate([one.judged for one in parts], axis=-1),
        final=np.concatenate([one.final for one in parts], axis=-1),
        state=fallbacks.side_by_side([one.state for one in parts], widths),
        seconds=sum(one.seconds for one in parts),
        fallen={
            start + place: why
            for start, one in zip(starts, parts, strict=True)
            for place, why in one.fallen.items()
        },
    )


def _closed(panel: Panel, work: Work) -> Flags:
    """Return which judged periods were closed: folds x steps x series."""
    closed = np.zeros((len(work.task.origins) - 1, work.horizon, panel.width), dtype=np.bool_)
    for fold, origin in enumerate(work.task.origins[:-1]):
        start = origin + 1 + work.gap
        closed[fold] = panel.closed[start : start + work.horizon]
    return closed


def _closed_ahead(panel: Panel, work: Work) -> Flags:
    """Return which of the periods after the last one will be closed: steps x series."""
    closed = np.zeros((work.ahead, panel.width), dtype=np.bool_)
    told = panel.closed[panel.periods : panel.periods + work.ahead]
    closed[: len(told)] = told
    return closed
