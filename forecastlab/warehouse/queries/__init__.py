"""Reading datasets: by reference, as frames, as pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from forecastlab.lib import frames, texts
from forecastlab.lib.errors import NotFound
from forecastlab.warehouse.domain import names
from forecastlab.warehouse.domain.periods import Calendar, Frequency
from forecastlab.warehouse.models import Dataset, DatasetQuerySet, DatasetVersion

FACT_COLUMNS = (
    "quantity",
    "price",
    "discount",
    "promo",
    "open",
    "stockout_share",
    "stock",
    "holiday",
    "held_back",
    "signals",
)
# The facts of a page: so many rows at most.
FEW = 20_000


# -- by reference, and as frames: for every app above ------------------------------------------


class NoSuchDataset(NotFound):
    """There is no such dataset."""

    code = "no_such_dataset"


def resolve(ref: str, user: Any) -> DatasetVersion:
    """Return the version that `NAME` (the newest) or `NAME@NUMBER` means to this user.

    A name that the dataset had before it was renamed still means it.

    Raises NoSuchDataset, naming what there is.
    """
    name, _, number = ref.partition("@")
    versions = DatasetVersion.objects.visible_to(user).filter(dataset__in=_named(name))
    wanted = versions.filter(number=texts.number(number) or 0) if number else versions
    found = wanted.select_related("dataset").order_by("-number").first()
    if found is None:
        raise NoSuchDataset(_what_there_is(name, number, user), field="dataset")
    return found


def newest(dataset: Dataset) -> DatasetVersion:
    """Return the newest version of a dataset that has one."""
    return dataset.versions.select_related("dataset").latest("number")


def _what_there_is(name: str, number: str, user: Any) -> str:
    numbers = DatasetVersion.objects.visible_to(user).filter(dataset__in=_named(name))
    have = [str(one) for one in numbers.order_by("number").values_list("number", flat=True)]
    if have and number:
        return f"Dataset '{name}' has no version '{number}'. It has {', '.join(have)}."
    seen = Dataset.objects.visible_to(user).order_by("name").values_list("name", flat=True)
    listed = ", ".join(seen[:10])
    return f"There is no dataset '{name}'. " + (
        f"There are: {listed}." if listed else "Import one."
    )


def facts(
    version: DatasetVersion,
    columns: Sequence[str] = ("quantity",),
    series_ids: Sequence[int] | None = None,
    *,
    between: tuple[int, int] | None = None,
    signals: Sequence[int] = (),
    in_order: bool = True,
) -> pl.DataFrame:
    """Return the facts as `series_id, t` and `columns`, sorted by series and t if `in_order`.

    With `series_ids` only those series, with `between` those from the first id to the last. A
    period without a row is missing, not zero. The signals at the given positions come one by one,
    as `signal_<position>`.
    """
    unknown = set(columns) - set(FACT_COLUMNS)
    if unknown:
        raise ValueError(f"facts have no columns {sorted(unknown)}")
    single = [f"signals[{one + 1:d}] AS signal_{one:d}" for one in signals]
    listed = ", ".join(["series_id", "t", *columns, *single])
    # Numbers are written out: a query without parameters is read faster.
    query = f"SELECT {listed} FROM warehouse_salesfact WHERE version_id = {version.pk:d}"  # noqa: S608
    parameters: list[Any] = []
    if series_ids is not None:
        # Bound as text: outside a subquery, a scan of the whole version reads the list at each row.
        query += " AND series_id = ANY((SELECT $1::bigint[])::bigint[])"
        parameters.append("{" + ",".join(str(int(one)) for one in series_ids) + "}")
    if between is not None:
        query += f" AND series_id BETWEEN {between[0]:d} AND {between[1]:d}"
    few = series_ids is not None and len(series_ids) * version.periods <= FEW
    found = frames.read(query, parameters, few=few)
    return found.sort("series_id", "t") if in_order else found


SERIES_OF_VERSION = """
SELECT s.id AS series_id, s.unique_id,
    coalesce(st.code, '') AS store, coalesce(p.code, '') AS product,
    coalesce(p.attributes->>'category', '') AS category
FROM warehouse_seriesprofile told
JOIN warehouse_series s ON s.id = told.series_id
LEFT JOIN warehouse_store st ON st.id = s.store_id
LEFT JOIN warehouse_product p ON p.id = s.product_id
WHERE told.version_id = {version:d}
"""


def series_frame(version: DatasetVersion) -> pl.DataFrame:
    """Return `series_id, unique_id, store, product, category` of each series with facts here."""
    return frames.read(SERIES_OF_VERSION.format(version=version.pk)).sort("series_id")


def moments(version: DatasetVersion, numbers: Iterable[int]) -> pl.Series:
    """Return `ds`: dates of periods (times for hours), their numbers where there are no dates."""
    return moments_of(version.calendar, numbers)


def moments_of(calendar: Calendar, numbers: Iterable[int]) -> pl.Series:
    """Return the same for the periods of a calendar."""
    numbered = list(numbers)
    if calendar.epoch is None:
        return pl.Series("ds", numbered, dtype=pl.Int64)
    begun = [calendar.start(one) for one in numbered]
    if calendar.frequency is Frequency.HOUR:
        return pl.Series("ds", begun, dtype=pl.Datetime("ms"))
    return pl.Series("ds", [one.date() if one else None for one in begun], dtype=pl.Date)


def period_label(version: DatasetVersion, t: int) -> str:
    """Return the ISO date of a period (its number where there are no dates)."""
    return version.calendar.label(t)


def may_see(name: str, user: Any) -> bool:
    """Say whether a dataset of this name is visible, or is not there yet.

    What stands for the name of a deleted one is no name, and nobody sees it.
    """
    datasets = _named(name)
    if datasets.exists():
        return datasets.visible_to(user).exists()
    return names.is_usable(name)


def called_now(name: str) -> str:
    """Return the name of the dataset that has this one, or had it; "" where there is none."""
    return _named(name).values_list("name", flat=True).first() or ""


def _named(name: str) -> DatasetQuerySet:
    return Dataset.objects.all().named(name)
