"""What forecasts from an origin follow from, as keys: equal keys, equal bytes.

They follow from what may be known of the panel there, how they were asked for, and the software.
A model in which no series learns from another reads its own block of series, any other reads all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.frames import follows_length
from forecastlab.forecasting.domain.frames.fixed import YEARS
from forecastlab.forecasting.domain.panel import Panel
from forecastlab.forecasting.domain.protocol import LocalModel, Model, Task
from forecastlab.forecasting.domain.shards import Work

# Counts up when the same key comes to mean something else.
KIND = 1
Keys = NDArray[np.str_]


def prints(panel: Panel, work: Work) -> list[list[str]]:
    """Return the digest of what may be known of each block at each origin: blocks x origins."""
    return [
        [one for view, task in work.views(block) for one in _at_origins(view, task)]
        for block in panel.pieces()
    ]


def _at_origins(block: Panel, task: Task) -> Iterable[str]:
    """Yield a digest for each origin; everything is read once, since a later one knows more."""
    told = [block.fit, block.closed, *block.signals.values]
    ahead = [False, True, *block.signals.known]
    begun = _begun(block)
    streams = [hashlib.sha256() for _ in told]
    start = 0
    for origin in task.origins:
        stop = origin + 1
        for stream, values in zip(streams, told, strict=True):
            stream.update(values[start:stop].tobytes())
        start = stop
        found = begun.copy()
        for stream, values, known in zip(streams, told, ahead, strict=True):
            found.update(stream.digest())
            if known:
                found.update(_to_come(values, stop, task.steps).tobytes())
        yield found.hexdigest()


def _begun(block: Panel) -> Any:
    """Return a digest of what does not change over time."""
    groups = block.groups
    counts = groups.stores, groups.products, groups.categories
    head = [block.width, block.signals.names, block.signals.known, counts]
    begun = hashlib.sha256(json.dumps(head).encode())
    for codes in (groups.store, groups.product, groups.category):
        begun.update(codes.tobytes())
    return begun


def _to_come(values: NDArray[Any], start: int, steps: int) -> NDArray[Any]:
    """Return what is told of the next periods; what lies after the plan is unknown."""
    told = values[start : start + steps]
    unknown = np.nan if values.dtype.kind == "f" else False
    found = np.full((steps, values.shape[1]), unknown, dtype=values.dtype)
    found[: len(told)] = told
    return found


def keys(
    model: Model, work: Work, printed: Sequence[Sequence[str]], periods: int, software: str
) -> Keys:
    """Return the key of each forecast of a model: blocks x origins.

    `printed` are the `prints` of all blocks, `software` stands for the code and its libraries.
    """
    asked = [_asked(model, work, place, periods) for place in range(len(work.task.origins))]
    whole = [""] * len(asked)
    if not isinstance(model, LocalModel):
        whole = [_digest(list(one)) for one in zip(*printed, strict=True)]
    return np.array(
        [
            [
                _digest([KIND, model.name, software, *both])
                for both in zip(asked, whole, of_block, strict=True)
            ]
            for of_block in printed
        ],
        dtype=np.str_,
    )


def _asked(model: Model, work: Work, place: int, periods: int) -> list[Any]:
    """Return how the forecasts from an origin are asked for.

    That says how long before it they were fitted, and about how long the whole history is: the
    parts that work is done in follow from that, and the columns of the frames that models of scope
    `whole` read, of some versions exactly.
    """
    task = work.task
    first = task.first.isoformat() if task.first else None
    start = 0 if work.window is None else max(task.origins[place] + 1 - work.window, 0)
    length = periods - start
    year = int(YEARS.get(task.frequency, 1.0))
    size = [length.bit_length()]
    if model.scope == "whole":
        size += [
            min(length // year, task.defaults.cycles),
            length if follows_length(task.frame) else 0,
        ]
    back = task.origins[place] - _fitted_at(model, work)[place]
    asked = [task.steps, task.season, task.frequency, task.frame, first, work.window]
    return [*asked, back, *size]


def _fitted_at(model: Model, work: Work) -> tuple[int, ...]:
    """Return at which origin the forecasts from each one are fitted; with a window at itself."""
    return work.task.origins if work.window is not None else model.fitted_at(work.task)


def needed(model: Model, work: Work, missing: Iterable[int]) -> tuple[int, ...]:
    """Return the places of the origins to work on so that those `missing` come out as ever.

    The last one is always among them: what serves is fitted there. All of them, where a model
    would be fitted elsewhere if it were asked for fewer.
    """
    origins, fitted = work.task.origins, _fitted_at(model, work)
    wanted = {*missing, len(origins) - 1}
    places = tuple(sorted({*wanted, *(origins.index(fitted[one]) for one in wanted)}))
    same = _fitted_at(model, only(work, places)) == tuple(fitted[one] for one in places)
    return places if same else tuple(range(len(origins)))


def apart(model: Model, work: Work, places: Sequence[int]) -> list[tuple[int, ...]]:
    """Part the places of origins by where a model is fitted for them: tasks beside each other.

    They come in order, so that the last one has what serves. One task has all of them where the
    model would be fitted elsewhere if it were asked for a part.
    """
    fitted = _fitted_at(model, work)
    parts: dict[int, list[int]] = {}
    for one in places:
        parts.setdefault(fitted[one], []).append(one)
    same = all(
        _fitted_at(model, only(work, part)) == tuple(fitted[one] for one in part)
        for part in parts.values()
    )
    return [tuple(one) for one in parts.values()] if same else [tuple(places)]


def only(work: Work, places: Sequence[int]) -> Work:
    """Return the same work for some of its origins."""
    task, last = work.task, len(work.task.origins) - 1
    origins = tuple(task.origins[one] for one in places)
    return replace(work, task=replace(task, origins=origins, final=task.final and last in places))


def _digest(told: object) -> str:
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
