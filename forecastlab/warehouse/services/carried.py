"""Sales carried here from another installation: the same content, and so the same hash.

What is read are the tables that a version is downloaded as: its facts, and its series with what
is known of their stores and products.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from forecastlab.accounts.models import User
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse import queries
from forecastlab.warehouse.domain import checks, names
from forecastlab.warehouse.domain.content import NUMBERS, ContentHash
from forecastlab.warehouse.domain.periods import Calendar, Frequency
from forecastlab.warehouse.gateways.workplace import Staged, Workplace
from forecastlab.warehouse.models import Dataset, DatasetVersion, Product, Store
from forecastlab.warehouse.services import loading
from forecastlab.warehouse.services.describing import AT_ONCE, fill
from forecastlab.warehouse.services.loading import Load, Report

KEYS = ["unique_id", "store", "product", "ds"]
SUFFIX = "imported"
BLOCK_ROWS = 1_000_000
MOST_ROWS = 500_000_000
_CATALOGUE = ("unique_id", "store", "product", "store_attributes", "product_attributes")


class SalesUnusable(BadInput):
    """The sales are not those that were written down."""

    code = "sales_unusable"


@dataclass(frozen=True, slots=True)
class Told:
    """What another installation says of its version; `epoch` is local wall time."""

    name: str
    content_hash: str
    rows: int
    periods: int
    frequency: str
    epoch: datetime | None
    month_day: int
    signals: Sequence[Mapping[str, Any]]

    @property
    def calendar(self) -> Calendar:
        return Calendar(Frequency(self.frequency), self.epoch, self.month_day)


def existing(content_hash: str, *, by: User) -> DatasetVersion | None:
    """Return the newest version with this content that the person may read."""
    readable = DatasetVersion.objects.filter(dataset__in=Dataset.objects.visible_to(by))
    found = readable.filter(content_hash=content_hash).select_related("dataset")
    return found.order_by("-pk").first() if content_hash else None


def free_name(name: str) -> str:
    """Return the name, or the first of `NAME-imported`, `NAME-imported-2` ... that nobody has."""
    base = name if names.is_usable(name) else SUFFIX
    tries = [
        base,
        *(f"{base[:80]}-{SUFFIX}{end}" for end in ("", *(f"-{n}" for n in range(2, 99)))),
    ]
    for one in tries:
        if not Dataset.objects.named(one).exists():
            return one
    raise SalesUnusable(f"There are too many datasets called '{base}'.", field="file")


def stage(place: Workplace, facts: Path, told: Told, report: Report) -> Staged:
    """Write the facts as blocks to be loaded. Raises SalesUnusable for other content."""
    place.clear_blocks()
    try:
        staged = _Staging(place, facts, told).run(report)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SalesUnusable("The table of the sales cannot be read.", field="file") from error
    if staged.content_hash != told.content_hash:
        raise SalesUnusable(
            "The sales in the file do not have the content hash that it names.", field="file"
        )
    place.write_staged(staged)
    return staged


def load(place: Workplace, wanted: Load, series: Path, report: Report) -> DatasetVersion:
    """Make the first version of a new dataset, inside the caller's transaction."""
    version, _made = loading.load(place, wanted, report)
    _describe(version.dataset, series)
    return version


class _Staging:
    def __init__(self, place: Workplace, facts: Path, told: Told) -> None:
        self.place, self.told, self.facts = place, told, facts
        schema = pl.read_parquet_schema(facts)
        self.numbers = [one for one in NUMBERS if one in schema]
        self.signals = list(schema)[len(KEYS) + len(self.numbers) + 1 :]
        self._check(schema)
        self.moments = self._moments()

    def _check(self, schema: Mapping[str, pl.DataType]) -> None:
        told = self.told
        columns = [*KEYS, *self.numbers, "held_back", *self.signals]
        is_known = list(schema) == columns and len(self.signals) == len(told.signals)
        texts = all(schema[one] == pl.String for one in KEYS[:3] if one in schema)
        values = [schema[one] for one in (*self.numbers, *self.signals) if one in schema]
        if not is_known or not texts or not all(one.is_numeric() for one in values):
            raise SalesUnusable("The table of the sales has other columns.", field="file")
        if told.rows > MOST_ROWS or told.periods > MOST_ROWS:
            raise SalesUnusable(f"There are more than {MOST_ROWS:,} rows.", field="file")

    def _moments(self) -> pl.DataFrame:
        try:
            when = queries.moments_of(self.told.calendar, range(self.told.periods))
        except (OverflowError, ValueError) as error:
            raise SalesUnusable("The periods of the sales have no dates.", field="file") from error
        return pl.DataFrame({"ds": when, "t": range(len(when))}, schema_overrides={"t": pl.Int32})

    def run(self, report: Report) -> Staged:
        series = self._series()
        ids = series["unique_id"].to_list()
        content = ContentHash(self._header(), [*self.numbers, *self._places()])
        figures, rows = [], 0
        sold = pl.DataFrame(schema={"code": pl.UInt32, "quantity": pl.Float64})
        for number, block in enumerate(self._blocks(series)):
            content.add(block, ids)
            figures.append(checks.figures(block))
            sums = block.group_by("code").agg(pl.col("quantity").sum())
            sold = pl.concat([sold, sums.cast(sold.schema)])
            rows += block.height
            block.write_parquet(self.place.facts(number), compression="lz4")
            report(rows / max(1, self.told.rows))
        if rows != self.told.rows or not rows:
            raise SalesUnusable(
                f"The table has {rows:,} rows, not {self.told.rows:,}.", field="file"
            )
        best = sold.sort("quantity", "code", descending=[True, False])["code"][0]
        return self._staged(content, {**checks.total(list(figures)), "best_selling": ids[best]})

    def _series(self) -> pl.DataFrame:
        """Return the series in the order of their ids; its row number is their code.

        They are written in the order in which they come, and so numbered as they were elsewhere:
        models learn from series one after the other, and sums depend on the order.
        """
        pair = pl.struct("store", "product")
        series = (
            pl.scan_parquet(self.facts)
            .with_row_index("line")
            .group_by("unique_id")
            .agg(
                pl.first("store", "product"),
                pl.len().alias("rows"),
                pair.n_unique().alias("pairs"),
                pl.min("line"),
            )
            .collect(engine="streaming")
            .sort("unique_id")
            .with_row_index("code")
        )
        if series["unique_id"].null_count() or checks.mixed_stores(series):
            raise SalesUnusable("The series of the sales are not told apart.", field="file")
        series.sort("line").write_parquet(self.place.series)
        return series

    def _blocks(self, series: pl.DataFrame) -> Iterator[pl.DataFrame]:
        number = (series["rows"].cum_sum() - 1) // BLOCK_ROWS
        parts = series.select("code", "unique_id", number.alias("block")).partition_by("block")
        for part in parts:
            low, high = part["unique_id"][0], part["unique_id"][-1]
            within = pl.col("unique_id").is_between(pl.lit(low), pl.lit(high))
            rows = pl.scan_parquet(self.facts).drop("store", "product").filter(within)
            codes = part.lazy().select("unique_id", "code")
            found = rows.join(codes, on="unique_id").drop("unique_id").collect(engine="streaming")
            yield self._as_facts(found)

    def _as_facts(self, found: pl.DataFrame) -> pl.DataFrame:
        if found["ds"].dtype != self.moments["ds"].dtype:
            found = found.with_columns(pl.col("ds").cast(self.moments["ds"].dtype))
        dated = found.join(self.moments, on="ds", how="left").sort("code", "t")
        if dated["t"].null_count() or dated.select("code", "t").is_duplicated().any():
            raise SalesUnusable("The sales have other periods, or one of them twice.", field="file")
        named = dict(zip(self.signals, self._places(), strict=True))
        return checks.as_facts(dated.rename(named), len(self.signals))

    def _places(self) -> list[str]:
        return [f"signal_{place}" for place in range(len(self.signals))]

    def _header(self) -> dict[str, Any]:
        told = self.told
        return {
            "frequency": told.frequency,
            "epoch": told.epoch.isoformat() if told.epoch else None,
            "month_day": told.month_day,
            "signals": [[one["name"], one["known"]] for one in told.signals],
        }

    def _staged(self, content: ContentHash, profile: dict[str, Any]) -> Staged:
        told = self.told
        return Staged(
            frequency=told.frequency,
            epoch=told.epoch.isoformat() if told.epoch else None,
            month_day=told.month_day,
            periods=told.periods,
            rows=told.rows,
            series=len(content.digests),
            content_hash=content.hexdigest(),
            columns=self.numbers,
            signals=[{"name": one["name"], "known": one["known"]} for one in told.signals],
            profile=profile,
        )


def _describe(dataset: Dataset, path: Path) -> None:
    """Keep what is known of stores and products; raises SalesUnusable for another table."""
    try:
        rows = pl.read_parquet(path, columns=list(_CATALOGUE))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SalesUnusable("The table of the series cannot be read.", field="file") from error
    for column, model in (("store", Store), ("product", Product)):
        pairs = rows.select(column, f"{column}_attributes").drop_nulls().unique(column).rows()
        told = {code: said for code, text in pairs if (said := _attributes(text))}
        for start in range(0, len(told), AT_ONCE):
            some = dict(list(told.items())[start : start + AT_ONCE])
            fill(model, list(model.objects.filter(dataset=dataset, code__in=some)), some)


def _attributes(text: str) -> dict[str, Any]:
    """Return the plain values of an object that can be stored; nothing for what is none."""
    try:
        found = json.loads(text, parse_constant=lambda _word: None)
    except ValueError:
        return {}
    if not isinstance(found, dict) or "\\u0000" in text:
        return {}
    return {key: one for key, one in found.items() if isinstance(one, str | int | float)}
