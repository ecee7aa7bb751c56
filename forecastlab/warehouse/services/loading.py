"""From checked blocks on disk to a version: everything in the caller's transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl
from django.db import connection, transaction
from psycopg import sql

from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.lib import artefacts, frames
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import NewEvent, StepContext, StepFailed, Transient
from forecastlab.lib.errors import Conflict
from forecastlab.warehouse.gateways.workplace import Staged, Workplace
from forecastlab.warehouse.models import (
    Dataset,
    DatasetVersion,
    Product,
    Series,
    Signal,
    Store,
)
from forecastlab.warehouse.services.profiling import Profiling

FACTS = "warehouse_salesfact"
Report = Callable[[float], None]


class NameTaken(Conflict):
    """Another dataset has this name."""

    code = "name_taken"


class ParentMoved(Transient):
    """Another version came while this one was compared with the one before."""

    code = "parent_moved"


@dataclass(frozen=True, slots=True)
class Load:
    """Who loads what under which name, and what is to be remembered of it."""

    name: str
    by: User
    at: datetime
    source: str
    config: dict[str, Any] = field(default_factory=dict)
    mode: str = DatasetVersion.Mode.REPLACE.value


def actor(context: StepContext) -> User:
    """Return who asked for the load; raise StepFailed when nobody did."""
    found = User.objects.filter(pk=context.actor_id or 0).first()
    if found is None:
        raise StepFailed("Nobody asked for this dataset, so nobody would own it.")
    return found


def load(place: Workplace, wanted: Load, report: Report) -> tuple[DatasetVersion, bool]:
    """Make the next version of the dataset, inside the caller's transaction.

    Returns the newest version and False when it already holds the same content. The dataset's
    row stays locked; the new partition is seen by nobody until the commit. Raises NameTaken when
    the name belongs to a dataset that the user may not see, and ParentMoved when the newest
    version is not the one that `merging.prepare` compared with.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("load() belongs in a transaction")
    dataset = _locked(wanted)
    newest = dataset.versions.order_by("-number").select_related("dataset").first()
    comparison = place.comparison() or {"parent": None}
    if comparison["parent"] != (newest.pk if newest else None):
        raise ParentMoved
    difference = comparison.get("difference", {})
    place = place.merged if place.merged.folder.exists() else place
    staged = place.staged()
    if newest is not None and newest.content_hash == staged.content_hash:
        return newest, False
    staged.profile.update(place.tail())
    version = _version(dataset, staged, wanted, parent=newest, difference=difference)
    if place.truth.exists():
        version.truth = artefacts.put(place.truth)
        version.save(update_fields=["truth"])
    ids = _series_ids(dataset, pl.read_parquet(place.series))
    _fill(version, ids, place, report)
    payload = {"version": version.number, "rows": version.rows, "series": version.series_count}
    event = NewEvent(dataset.stream, "version.loaded", payload)
    log.append([event], actor_id=wanted.by.pk, at=wanted.at)
    return version, True


def _locked(wanted: Load) -> Dataset:
    """Return the dataset of this name, or that had it; make it when there is none.

    Work on its other versions may start meanwhile.
    """
    if not Dataset.objects.named(wanted.name).exists():
        Dataset.objects.bulk_create(
            [Dataset(name=wanted.name, created_by=wanted.by, created_at=wanted.at)],
            ignore_conflicts=True,
        )
    dataset = Dataset.objects.named(wanted.name).select_for_update(no_key=True).get()
    if not Dataset.objects.visible_to(wanted.by).filter(pk=dataset.pk).exists():
        raise NameTaken(f"The name '{wanted.name}' is taken. Choose another.", field="name")
    return dataset


def _version(
    dataset: Dataset,
    staged: Staged,
    wanted: Load,
    *,
    parent: DatasetVersion | None,
    difference: dict[str, Any],
) -> DatasetVersion:
    epoch = staged.calendar.epoch
    dataset.last_number = max(dataset.last_number, parent.number if parent else 0) + 1
    dataset.save(update_fields=["last_number"])
    version = DatasetVersion.objects.create(
        dataset=dataset,
        number=dataset.last_number,
        source=wanted.source,
        mode=wanted.mode if parent else DatasetVersion.Mode.REPLACE,
        parent=parent,
        difference=difference,
        content_hash=staged.content_hash,
        frequency=staged.frequency,
        epoch=epoch.replace(tzinfo=UTC) if epoch else None,
        month_day=staged.month_day,
        periods=staged.periods,
        rows=staged.rows,
        series_count=staged.series,
        config=wanted.config,
        profile={**staged.profile, "columns": staged.columns},
        created_by=wanted.by,
        created_at=wanted.at,
    )
    Signal.objects.bulk_create(
        Signal(version=version, position=position, name=one["name"], known=one["known"])
        for position, one in enumerate(staged.signals)
    )
    return version


_CODES = """
INSERT INTO {table} (dataset_id, code, attributes)
SELECT %s, code, '{{}}'::jsonb FROM unnest(%s::text[]) WITH ORDINALITY AS given(code, place)
ORDER BY place
ON CONFLICT (dataset_id, code) DO NOTHING
"""
_SERIES = """
INSERT INTO warehouse_series (dataset_id, unique_id, store_id, product_id)
SELECT %s, unique_id, store_id, product_id
FROM unnest(%s::text[], %s::bigint[], %s::bigint[])
    WITH ORDINALITY AS given(unique_id, store_id, product_id, place)
ORDER BY place
ON CONFLICT (dataset_id, unique_id) DO NOTHING
"""


def _series_ids(dataset: Dataset, series: pl.DataFrame) -> pl.DataFrame:
    """Add the stores, products and series that are new; return `code, series_id, unique_id`."""
    for column, model in (("store", Store), ("product", Product)):
        codes = series[column].drop_nulls().unique().sort().to_list()
        statement = sql.SQL(_CODES).format(table=sql.Identifier(model._meta.db_table))
        with connection.cursor() as cursor:
            cursor.execute(statement, [dataset.pk, codes])
        known = dict(model.objects.filter(dataset=dataset).values_list("code", "pk"))
        ids = pl.col(column).replace_strict(known, default=None, return_dtype=pl.Int64)
        series = series.with_columns(ids.alias(f"{column}_id"))
    columns = [series[one].to_list() for one in ("unique_id", "store_id", "product_id")]
    with connection.cursor() as cursor:
        cursor.execute(_SERIES, [dataset.pk, *columns])
    pairs = list(Series.objects.filter(dataset=dataset).values_list("unique_id", "pk"))
    schema = {"unique_id": pl.String, "series_id": pl.Int64}
    ids_of = pl.DataFrame(pairs, schema=schema, orient="row")
    return series.join(ids_of, on="unique_id").select("code", "series_id", "unique_id").sort("code")


def _fill(version: DatasetVersion, ids: pl.DataFrame, place: Workplace, report: Report) -> None:
    """Fill a table of its own, then attach it: readers of other versions never wait."""
    name = partition(version)
    words = {
        "table": sql.Identifier(name),
        "facts": sql.Identifier(FACTS),
        "key": sql.Identifier(f"{name}_pkey"),
        "check": sql.Identifier(f"{name}_version"),
        "pk": sql.Literal(version.pk),
    }
    before = (
        "CREATE TABLE {table} (LIKE {facts} INCLUDING DEFAULTS, "
        "CONSTRAINT {check} CHECK (version_id = {pk}))"
    )
    after = (
        "ALTER TABLE {table} ADD CONSTRAINT {key} PRIMARY KEY (version_id, series_id, t)",
        "ALTER TABLE {facts} ATTACH PARTITION {table} FOR VALUES IN ({pk})",
        "ALTER TABLE {table} DROP CONSTRAINT {check}",
        # The facts are read by their key alone: a tenth of the usual sample tells enough.
        "SET LOCAL default_statistics_target = 10",
        "ANALYZE {table} (version_id, series_id, t)",
        "SET LOCAL default_statistics_target TO DEFAULT",
    )
    told = Profiling(version, ids)
    with connection.cursor() as cursor, ThreadPoolExecutor(1) as aside:
        cursor.execute(sql.SQL(before).format(**words))
        loaded, looking = 0, None
        for block in place.blocks():
            # One COPY a block: while it runs, its connection answers nothing else.
            rows = _rows(version, ids, block)
            loaded += frames.copy_in(name, rows.columns, [rows], freeze=True)
            if looking is not None:
                told.add(*looking.result())
            looking = aside.submit(told.look, block)
            report(loaded / version.rows)
        barrier("import-copied")
        for statement in after:
            cursor.execute(sql.SQL(statement).format(**words))
        if looking is not None:
            told.add(*looking.result())
        told.finish()


def partition(version: DatasetVersion) -> str:
    return f"{FACTS}_v{version.pk}"


def _rows(version: DatasetVersion, ids: pl.DataFrame, block: pl.DataFrame) -> pl.DataFrame:
    """Return a block in the order of the key, without the columns that say nothing."""
    known, ordered = ids["series_id"].to_numpy(), ids["series_id"].is_sorted()
    series_id = pl.Series("series_id", known[block["code"].to_numpy()])
    signals = [one for one in block.columns if one.startswith("signal_")]
    places = [pl.col(one).fill_null(float("nan")) for one in signals]
    rows = block.select(
        pl.lit(version.pk, dtype=pl.Int64).alias("version_id"),
        series_id,
        "t",
        *version.profile["columns"],
        "held_back",
        *([pl.concat_arr(places).alias("signals")] if places else []),
    )
    return rows if ordered else rows.sort("series_id", "t")
