"""A model that fails on a series: the series falls back, the run goes on, and it is told.

It falls back to the seasonal naive forecast, which repeats the last value at places of the season
that were never seen. An exception costs all forecasts of the series that were asked for together;
a value that is no number, those from that origin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from forecastlab.forecasting.domain.models.seasonal_naive import MODEL as FALLBACK
from forecastlab.forecasting.domain.panel import Flags, Floats, Panel, Whole
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, Model, Task

# Errors of the language, of numpy and of the libraries that models use are a model's failure; any
# other exception is not about the model: a time limit, a lost lease, a refusal of the house.
LIBRARIES = frozenset(
    {"builtins", "numpy", "pandas", "sklearn", "lightgbm", "statsforecast", "mlforecast"}
)
FAILED = "failed"
NO_NUMBER = "no finite forecast"
MOST_EXAMPLES = 5
LONGEST_REASON = 200

Reasons = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Made:
    """Forecasts of a whole panel, and why series fell back, by their place in it."""

    values: Floats
    state: Arrays
    fallen: Reasons


def is_of_model(error: Exception) -> bool:
    """Say whether a model died of this, rather than the process in which it ran."""
    library = type(error).__module__.partition(".")[0]
    return library in LIBRARIES and not isinstance(error, MemoryError)


def reason_of(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_REASON]


def learn(model: Model, whole: Whole, task: Task) -> Arrays:
    """Return what the model learns from the whole panel, or under FAILED why it could not."""
    try:
        return model.learn(whole, task)
    except Exception as error:
        if not is_of_model(error):
            raise
        return {FAILED: np.array([reason_of(error)], dtype=np.str_)}


def over_blocks(
    model: Model,
    blocks: Sequence[Panel],
    task: Task,
    learned: Arrays,
    report: Callable[[float], None],
) -> Made:
    """Forecast block by block, or in smaller parts where the model wants them.

    A model that could not learn falls back everywhere.
    """
    made: list[Made] = []
    widths: list[int] = []
    width = sum(one.width for one in blocks)
    for part in _parts(blocks, model.at_once):
        if FAILED in learned:
            made.append(everywhere(part, task, str(learned[FAILED][0])))
        else:
            made.append(_tried(model, part, task, learned))
        widths.append(part.width)
        report(sum(widths) / width)
    starts = np.cumsum([0, *widths])
    fallen = {
        int(start) + place: reason
        for start, one in zip(starts, made, strict=False)
        for place, reason in one.fallen.items()
    }
    values = np.concatenate([one.values for one in made], axis=-1)
    return Made(values, side_by_side([one.state for one in made], widths), fallen)


def everywhere(panel: Panel, task: Task, reason: str) -> Made:
    """Let every series of the panel fall back."""
    values = FALLBACK.forecast(panel, task, {}).values
    return Made(values, {}, dict.fromkeys(range(panel.width), reason))


def side_by_side(parts: Sequence[Arrays], widths: Sequence[int]) -> Arrays:
    """Join arrays whose last axis is the series; NaN where a part lacks one of them."""
    joined = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        found = [part.get(name) for part in parts]
        shape = next(one.shape[:-1] for one in found if one is not None)
        joined[name] = np.concatenate(
            [
                np.full((*shape, width), np.nan) if one is None else one
                for one, width in zip(found, widths, strict=True)
            ],
            axis=-1,
        )
    return joined


def told(model: str, fallen: Reasons, names: Sequence[int]) -> list[dict[str, Any]]:
    """Return one entry per reason: how many series, and the first of them by `names`."""
    by_reason = sorted(fallen.items(), key=lambda one: (one[1], one[0]))
    entries = []
    for reason, group in groupby(by_reason, key=lambda one: one[1]):
        places = [place for place, _ in group]
        first = [int(names[place]) for place in places[:MOST_EXAMPLES]]
        entries.append({"model": model, "series": len(places), "reason": reason, "first": first})
    return entries


def merged(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add up the entries of the parts of a panel, given in their order."""
    whole: dict[tuple[str, str], dict[str, Any]] = {}
    for one in entries:
        kept = whole.setdefault((one["model"], one["reason"]), {**one, "series": 0, "first": []})
        kept["series"] += one["series"]
        kept["first"] = [*kept["first"], *one["first"]][:MOST_EXAMPLES]
    return list(whole.values())


def _parts(blocks: Sequence[Panel], at_once: int) -> Iterator[Panel]:
    for block in blocks:
        if block.width <= at_once:
            yield block
            continue
        for start in range(0, block.width, at_once):
            yield block.columns(start, min(start + at_once, block.width))


def _tried(model: Model, block: Panel, task: Task, learned: Arrays) -> Made:
    """Forecast a block; where that fails, each of its series alone, to find out which ones do."""
    try:
        found = model.forecast(block, task, learned)
    except Exception as error:
        if not is_of_model(error):
            raise
        if block.width == 1:
            return everywhere(block, task, reason_of(error))
        alone = [block.columns(one, one + 1) for one in range(block.width)]
        return _joined([_tried(model, one, task, learned) for one in alone])
    return _mended(block, task, found)


def _joined(made: Sequence[Made]) -> Made:
    fallen = {place: one.fallen[0] for place, one in enumerate(made) if one.fallen}
    values = np.concatenate([one.values for one in made], axis=-1)
    return Made(values, side_by_side([one.state for one in made], [1] * len(made)), fallen)


def _mended(block: Panel, task: Task, found: Forecasts) -> Made:
    bad: Flags = np.logical_not(np.isfinite(found.values).all(axis=1))
    if not bad.any():
        return Made(found.values, found.state, {})
    usual = FALLBACK.forecast(block, task, {}).values
    places = np.flatnonzero(bad.any(axis=0))
    values = np.where(bad[:, None, :], usual, found.values)
    return Made(values, found.state, {int(place): NO_NUMBER for place in places})
