"""The overrides that stand beside a forecast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from django.db.models import Sum
from django.utils.dateformat import format as dated
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from forecastlab.forecasting.queries import labels
from forecastlab.lib import frames, tools
from forecastlab.planning.models import OverrideCell
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.warehouse.models import Dataset

_NUMBERS = """
SELECT c.series_id, c.period, c.units, c.revision, c.override_id,
    CASE WHEN c.units IS NULL THEN '' ELSE o.reason END AS reason
FROM planning_overridecell c JOIN planning_override o ON o.id = c.override_id
WHERE c.dataset_id = $1 AND c.period = ANY($2::text[])
"""


@dataclass(frozen=True)
class Standing:
    """Cells by series and period; one that is missing was never overridden."""

    cells: dict[tuple[int, str], OverrideCell]

    def cell(self, series: int, period: str) -> OverrideCell | None:
        return self.cells.get((series, period))

    def revision(self, series: int, period: str) -> int:
        found = self.cells.get((series, period))
        return found.revision if found else 0

    def units(self, series: int, period: str) -> float | None:
        found = self.cells.get((series, period))
        return found.units if found else None

    @property
    def seen(self) -> int:
        """Return a number that changes whenever one of the cells does."""
        return sum(one.revision for one in self.cells.values())

    @property
    def newest(self) -> OverrideCell | None:
        return max(self.cells.values(), key=lambda one: one.override_id, default=None)

    def over(
        self, model: NDArray[np.float64], series: Sequence[int], periods: Sequence[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the model's numbers with the overrides, and which act wrote each (0: none)."""
        found, acts = model.copy(), np.zeros(model.shape, dtype=np.int64)
        rows = {one: place for place, one in enumerate(series)}
        columns = {one: place for place, one in enumerate(periods)}
        for (which, period), cell in self.cells.items():
            if cell.units is not None and which in rows and period in columns:
                place = rows[which], columns[period]
                found[place], acts[place] = cell.units, cell.override_id
        return found, acts


def of(dataset: Dataset, periods: Sequence[str], series: Iterable[int] | None = None) -> Standing:
    """Return the cells of a dataset on these periods, of all series unless some are named."""
    rows: Any = OverrideCell.objects.filter(dataset=dataset, period__in=list(periods))
    if series is not None:
        rows = rows.filter(series__in=list(series))
    found = rows.select_related("override__made_by")
    return Standing({(one.series_id, one.period): one for one in found})


def numbers(dataset: Dataset, periods: Sequence[str]) -> pl.DataFrame:
    """Return the overrides of all series on these periods as columns, however many they are.

    They are `series_id, period, units, revision, override_id, reason`; units are null and reason
    empty for what went back to the model.
    """
    listed = "{" + ",".join(periods) + "}"
    return frames.read(_NUMBERS, [dataset.pk, listed])


def mark(horizon: Horizon) -> str:
    """Return a name of a forecast with the overrides that stand; it changes with any of them."""
    cells = OverrideCell.objects.filter(dataset=horizon.dataset, period__in=list(horizon.labels))
    return tools.mark(horizon.issue.pk, cells.aggregate(sum=Sum("revision"))["sum"] or 0)


def laid_over(
    model: NDArray[np.float64], series: Sequence[int], periods: Sequence[str], told: pl.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the model's numbers with those overrides, and which act wrote each (0: none)."""
    found, acts = model.copy(), np.zeros(model.shape, dtype=np.int64)
    rows = pl.DataFrame({"series_id": series}, schema={"series_id": pl.Int64}).with_row_index("row")
    columns = pl.DataFrame({"period": periods}, schema={"period": pl.String})
    there = told.filter(pl.col("units").is_not_null()).join(rows, on="series_id")
    there = there.join(columns.with_row_index("column"), on="period")
    places = there["row"].to_numpy(), there["column"].to_numpy()
    found[places], acts[places] = there["units"].to_numpy(), there["override_id"].to_numpy()
    return found, acts


def who(cell: OverrideCell) -> str:
    """Say who wrote a cell last: "ada set it to 12 at 14:02 UTC on 21 Nov"."""
    act = cell.override
    said = {
        "who": act.made_by,
        "units": labels.quantity(cell.units),
        "when": dated(act.made_at, "H:i") + " UTC",
        "day": dated(act.made_at, "j M"),
    }
    if cell.units is None:
        return _("%(who)s took it back to the model at %(when)s on %(day)s") % said
    return _("%(who)s set it to %(units)s at %(when)s on %(day)s") % said


def place(horizon: Horizon, name: str, period: str) -> str:
    """Name a bucket: "S0:P1 on Fri 20 Nov"."""
    return _("%(series)s on %(period)s") % {
        "series": name,
        "period": horizon.title(horizon.places[period]),
    }
