"""Feature frames: what a learning model is told of each forecast it is to make.

A frame has a row a cell (origin, step, series) and the columns of all groups that its version has
and that there is data for. A column never gets another meaning: what is new is a new version, so
that model runs say what they learnt from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from forecastlab.forecasting.domain.frames.columns import Columns, Group
from forecastlab.forecasting.domain.frames.fixed import Calendar, Dates, Identity
from forecastlab.forecasting.domain.frames.sales import (
    Lifecycle,
    Maturity,
    Rolling,
    SamePlace,
    Slopes,
    TargetHistory,
    Trend,
)
from forecastlab.forecasting.domain.frames.shelves import Inventory, Replenishment, Returns
from forecastlab.forecasting.domain.frames.signals import PricePromo, Signals
from forecastlab.forecasting.domain.frames.sources import Cells, Layout, Numbers, Source, layout_of

__all__ = ["Cells", "Layout", "Numbers", "Source", "build", "columns", "described", "layout_of"]
FRAME_VERSION = 1
GROUPS: tuple[Group, ...] = (
    TargetHistory(),
    Calendar(),
    Rolling(),
    Trend(),
    PricePromo("price_promo"),
    Lifecycle(),
    Inventory(),
    Replenishment(),
    Returns(),
    Signals("weather"),
    Signals("macro"),
    Identity(),
)
# The groups of each version; the first one is what LightGBM learns from unless it is told.
VERSIONS: Mapping[int, tuple[Group, ...]] = {
    FRAME_VERSION: GROUPS,
    2: (*GROUPS, SamePlace(), Slopes(), Maturity(), Dates()),
}
NEWEST_VERSION = max(VERSIONS)


def described(layout: Layout) -> dict[str, Any]:
    """Return what a model run says of its frame."""
    return {"frame_version": layout.version, "groups": columns(layout)}


def columns(layout: Layout) -> dict[str, Columns]:
    """Return the groups that the version has data for, each with its columns."""
    found = {group.name: group.columns(layout) for group in VERSIONS[layout.version]}
    return {name: one for name, one in found.items() if one}


def build(source: Source, cells: Cells) -> Numbers:
    """Return the frame: cells x columns, in the order of `columns`; NaN is unknown."""
    told = columns(source.layout)
    frame = np.empty((len(cells.origin), sum(map(len, told.values()))), dtype=np.float32)
    place = 0
    for group in VERSIONS[source.layout.version]:
        values = group.values(source, cells) if group.name in told else {}
        for name in told.get(group.name, {}):
            frame[:, place] = values[name]
            place += 1
    return frame
