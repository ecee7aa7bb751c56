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
from forecastlab.forecasting.domain.frames.signals import PricePromo, SameProduct, Signals
from forecastlab.forecasting.domain.frames.sources import (
    WINDOWS,
    Cells,
    Layout,
    Numbers,
    Source,
    layout_of,
)

__all__ = [
    "WINDOWS",
    "Cells",
    "Layout",
    "Numbers",
    "Source",
    "build",
    "columns",
    "described",
    "layout_of",
]
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
MORE: tuple[Group, ...] = (SamePlace(), Slopes(), Maturity(), Dates())
VERSIONS: Mapping[int, tuple[Group, ...]] = {
    1: GROUPS,
    2: (*GROUPS, *MORE),
    3: (*GROUPS, SameProduct()),
    4: (*GROUPS, SameProduct(), *MORE),
}
# What trees learn from unless they are told.
FRAME_VERSION = 3
NEWEST_VERSION = max(VERSIONS)


def tells_of_products(version: int) -> bool:
    """Say whether a version has columns of the product in all stores."""
    return any(isinstance(group, SameProduct) for group in VERSIONS[version])


def follows_length(version: int) -> bool:
    """Say whether the columns of a version follow from how long the history is, to the period."""
    return any(isinstance(group, SamePlace) for group in VERSIONS[version])


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
