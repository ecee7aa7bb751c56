"""Boosted trees over feature frames: rows to learn from, one fit, forecasts of a block.

A tree forecasts sales over the scale of the series, for all steps ahead at once; the scale also
weighs the rows, so that what is fitted is the error in pieces sold. The library is loaded only
when something is fitted or forecast.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain import frames, tree_library, walking
from forecastlab.forecasting.domain.frames import Cells, Layout, Numbers, Source
from forecastlab.forecasting.domain.panel import BLOCK, Flags, Floats, Whole
from forecastlab.forecasting.domain.protocol import Task
from forecastlab.forecasting.domain.tree_library import Rows

SEED = 20_240_607
SETTINGS: dict[str, Any] = {
    "objective": "tweedie",
    "tweedie_variance_power": 1.2,
    "num_leaves": 31,
    "learning_rate": 0.06,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 127,
    "bin_construct_sample_cnt": 50_000,
    "seed": SEED,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
# Trees side by side: each grows deep on its own part of rows and columns; their mean is taken.
SIDE_BY_SIDE: dict[str, Any] = {
    **SETTINGS,
    "boosting": "rf",
    "objective": "regression",
    "num_leaves": 255,
    "min_data_in_leaf": 20,
    "bagging_fraction": 0.632,
}
# With fewer rows there is nothing to learn; of few, a leaf needs no more than this share.
FEWEST_ROWS, LEAF_SHARE = 60, 0.02
# How much of a fit is drawing its rows; of how many trees each tells of it.
DRAWING, TOLD_EVERY = 0.3, 5

Text = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Trees:
    """How many rows a fit learns from, at most, how many trees it makes of them, and how."""

    rows: int
    rounds: int
    settings: Mapping[str, Any]


WHOLE, TRIAL = Trees(200_000, 150, SETTINGS), Trees(40_000, 50, SETTINGS)
FOREST, FOREST_TRIAL = Trees(100_000, 100, SIDE_BY_SIDE), Trees(40_000, 50, SIDE_BY_SIDE)


def unavailable() -> str:
    """Return why LightGBM cannot run here, "" where it can; it is not imported for that."""
    if find_spec("lightgbm") is None:
        return "The package lightgbm is not installed."
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        return "The system lacks libgomp1 (on Debian: apt-get install libgomp1)."
    return ""


def fit(whole: Whole, sources: Iterable[Source], last: int, task: Task, trees: Trees) -> Text:
    """Return the text of a model of all that happened up to the period `last`, empty for none.

    `sources` are what the features of each piece are made of, as known at `last`. How far it is
    is told while rows are drawn and trees grow.
    """
    drawing, growing = task.reporting(0.0, DRAWING), task.reporting(DRAWING, 1.0)
    seen = sum(int((~np.isnan(one.fit[: last + 1])).sum()) for one in whole.pieces())
    share, made, layout = trees.rows / max(seen, 1), [], None
    for number, source in enumerate(sources):
        layout = source.layout
        random = np.random.default_rng([SEED, number, last])
        made.append(_rows(source, _drawn(source, last, task.steps, share, random)))
        drawing.report(min((number + 1) * BLOCK / whole.width, 1.0))
    frame, label, weight = (np.concatenate(one) for one in zip(*made, strict=True))
    if layout is None or len(label) < FEWEST_ROWS or not label.any():
        return np.zeros(0, dtype=np.uint8)
    leaf = min(trees.settings["min_data_in_leaf"], max(int(LEAF_SHARE * len(label)), 1))
    settings = {**trees.settings, "min_data_in_leaf": leaf}

    def told(grown: int) -> None:
        if grown % TOLD_EVERY == 0:
            growing.report(grown / trees.rounds)

    rows = Rows(frame, label, weight, _names(layout))
    return np.frombuffer(tree_library.grow(rows, settings, trees.rounds, told), dtype=np.uint8)


def _names(layout: Layout) -> list[str]:
    """Return a name for each column, in plain letters and numbers: the library takes no others."""
    names = [name for told in frames.columns(layout).values() for name in told]
    return [f"{place}_{re.sub('[^A-Za-z0-9]', '_', one)}" for place, one in enumerate(names)]


def _drawn(
    source: Source, last: int, steps: int, share: float, random: np.random.Generator
) -> Cells:
    """Draw about `share` cells for each sale up to `last`, none twice."""
    fit = source.block.fit[: last + 1]
    known = np.argwhere(~np.isnan(fit))
    wanted = min(round(share * len(known)), steps * len(known))
    drawn = random.choice(steps * len(known), wanted, replace=False, shuffle=False)
    target, series = known[drawn // steps].T
    step = 1 + drawn % steps
    return _kept(Cells(target - step, step, series), target - step >= source.told.began[series])


def _rows(source: Source, cells: Cells) -> tuple[Numbers, Floats, Floats]:
    """Return a frame, its label and its weight."""
    scale = source.scale(cells)
    cells, scale = _kept(cells, scale > 0), scale[scale > 0]
    sold = source.block.fit[cells.target, cells.series]
    return frames.build(source, cells), sold / scale, scale


def _kept(cells: Cells, keep: Flags) -> Cells:
    return Cells(cells.origin[keep], cells.step[keep], cells.series[keep])


def forecast(text: Text, source: Source, origin: int, steps: int) -> Floats:
    """Return steps x series. Without a model it is the scale; 0 for what was never sold."""
    width = source.block.width
    step, series = (one.reshape(-1) for one in np.mgrid[1 : steps + 1, :width])
    cells = Cells(np.full(step.shape, origin), step, series)
    values = np.nan_to_num(source.scale(cells))
    if text.size:
        values *= _predicted(text.tobytes(), frames.build(source, cells))
    return np.maximum(values, 0.0).reshape(steps, width)


def _predicted(text: bytes, frame: Numbers) -> Floats:
    trees = walking.read(text)
    found = walking.forecast(trees, frame) if trees is not None else None
    if found is None:
        found = model(text).predict(frame)
    return found


@lru_cache(maxsize=8)
def model(text: bytes) -> tree_library.Trees:
    """Return the trees of a text, read once for all blocks."""
    return tree_library.Trees(text)
