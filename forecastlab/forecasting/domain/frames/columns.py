"""What a column of a feature frame is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

from numpy.typing import NDArray

from forecastlab.forecasting.domain.frames.sources import Cells, Layout, Source


class Safety(StrEnum):
    """What a column may be made of.

    `safe`: the calendar, and what never changes. `conditionally_safe`: sales up to the origin.
    `observed`: signals that are seen when their period is over, up to the origin.
    `unsafe_unless_supplied`: signals of the period that is forecast; somebody must plan them.
    """

    SAFE = "safe"
    CONDITIONALLY_SAFE = "conditionally_safe"
    OBSERVED = "observed"
    UNSAFE_UNLESS_SUPPLIED = "unsafe_unless_supplied"


Columns = Mapping[str, Safety]
Values = Mapping[str, NDArray[Any]]


class Group(Protocol):
    """Columns that are there together or not at all.

    `columns` names them, none where the version has no data for them; `values` returns the same
    names, each with a value a cell.
    """

    @property
    def name(self) -> str: ...

    def columns(self, layout: Layout) -> Columns: ...

    def values(self, source: Source, cells: Cells) -> Values: ...
