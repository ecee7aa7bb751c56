"""Columnar frames into and out of PostgreSQL.

In: binary COPY on Django's own connection, so that it belongs to the caller's transaction; rows
are encoded a block at a time with array operations. Out: ADBC on a connection of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import quote

import adbc_driver_postgresql
import numpy as np
import polars as pl
import pyarrow as pa
from adbc_driver_manager import AdbcConnection, AdbcStatement
from django.db import connection
from psycopg import sql

SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
# Rows that are encoded at a time, of about so many values.
BLOCK, USUAL_WIDTH = 16_384, 8
Given = TypeVar("Given")
Made = TypeVar("Made")
# Element type of an array -> (type number, big-endian array type).
_ELEMENTS: dict[Any, tuple[int, str]] = {pl.Float32: (700, ">f4"), pl.Float64: (701, ">f8")}

# polars type -> big-endian array type, as COPY's binary form wants it.
_ENCODED: dict[Any, str] = {
    pl.Int64: ">i8",
    pl.Int32: ">i4",
    pl.Int16: ">i2",
    pl.Float64: ">f8",
    pl.Float32: ">f4",
    pl.Boolean: "u1",
}
# PostgreSQL type number -> polars type, for reads on Django's own connection.
_READ: dict[int, Any] = {
    16: pl.Boolean,
    20: pl.Int64,
    21: pl.Int16,
    23: pl.Int32,
    25: pl.String,
    700: pl.Float32,
    701: pl.Float64,
    1021: pl.List(pl.Float32),
    1022: pl.List(pl.Float64),
    1043: pl.String,
}


def copy_in(
    table: str, columns: Sequence[str], frames: Iterable[pl.DataFrame], *, freeze: bool = False
) -> int:
    """Append the frames to `table` in the current transaction and return the number of rows.

    The frames' types must be the table's: bigint Int64, integer Int32, double precision Float64,
    real Float32, boolean Boolean, text and varchar String, real[] Array(Float32), double
    precision[] Array(Float64). `freeze` needs a table that was created in this transaction. While
    rows are sent the connection answers nothing else: an iterator of frames must not query it.
    Each block is encoded while the one before it is sent.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT binary{})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", FREEZE" if freeze else ""),
    )
    rows = 0
    # Django wraps what a statement raises, not what a copy does.
    errors = connection.wrap_database_errors
    with connection.cursor() as cursor, errors, cursor.copy(statement) as copy:
        copy.write(SIGNATURE)
        for height, block in _encoded_ahead(columns, frames):
            copy.write(block)
            rows += height
        copy.write(TRAILER)
    return rows


def _encoded_ahead(
    columns: Sequence[str], frames: Iterable[pl.DataFrame]
) -> Iterator[tuple[int, bytes]]:
    """Yield rows and bytes of each block; a thread encodes the next one meanwhile."""
    blocks = (one for frame in frames for one in frame.select(columns).iter_slices(_rows_of(frame)))
    return ahead(lambda one: (one.height, encoded(one)), blocks)


def _rows_of(frame: pl.DataFrame) -> int:
    """Return how many rows are encoded at a time: fewer where arrays make them wide."""
    values = sum(one.shape[0] for one in frame.dtypes if isinstance(one, pl.Array))
    return max(BLOCK // (1 + values // USUAL_WIDTH), 1)


def ahead(
    make: Callable[[Given], Made], given: Iterable[Given], *, threads: int = 1
) -> Iterator[Made]:
    """Yield what `make` returns for each one, as `map` does; threads make the next ones meanwhile.

    Of what is made no more is held at a time than there are threads, beside what was yielded.
    """
    with ThreadPoolExecutor(threads) as aside:
        waiting: deque[Future[Made]] = deque()
        for one in given:
            waiting.append(aside.submit(make, one))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def may_read_aside() -> bool:
    """Say whether a thread that reads sees what is seen here; not so within a transaction."""
    return not connection.in_atomic_block


def encoded(frame: pl.DataFrame) -> bytes:
    """Return the frame's rows in COPY's binary form."""
    if all(one.dtype in _ENCODED and not one.null_count() for one in frame):
        return _records(frame)
    count = np.full((frame.height, 1), frame.width, dtype=">i2").view("u1")
    parts, kept = [count], [np.ones(count.shape, dtype=bool)]
    for column in frame:
        field, present = _field(column)
        parts.append(field)
        kept.append(present)
    matrix = np.concatenate(parts, axis=1)
    mask = np.concatenate(kept, axis=1)
    return matrix.tobytes() if mask.all() else matrix[mask].tobytes()


def _records(frame: pl.DataFrame) -> bytes:
    """Encode rows of one width: numbers, none of them unknown. Several times as fast."""
    kinds = [_ENCODED[one.dtype] for one in frame]
    places = [(f"{part}{at}", kind) for at, of in enumerate(kinds) for part, kind in _parts(of)]
    records = np.empty(frame.height, dtype=np.dtype([("count", ">i2"), *places]))
    records["count"] = frame.width
    for at, column in enumerate(frame):
        records[f"size{at}"] = np.dtype(kinds[at]).itemsize
        records[f"value{at}"] = column.to_numpy()
    return records.tobytes()


def _parts(kind: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("size", ">i4"), ("value", kind)


def _field(column: pl.Series) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return length and bytes of each value, and which of these bytes are sent."""
    if column.dtype == pl.String:
        return _text_field(column)
    if isinstance(column.dtype, pl.Array):
        body = _array_bytes(column, column.dtype)
    else:
        filled = column.fill_null(False if column.dtype == pl.Boolean else 0)
        values = filled.to_numpy().astype(_ENCODED[column.dtype])
        body = values.reshape(-1, 1).view("u1")
    null = column.is_null().to_numpy()
    length = np.where(null, -1, body.shape[1]).astype(">i4").reshape(-1, 1).view("u1")
    present = np.ones((len(column), 4 + body.shape[1]), dtype=bool)
    present[null, 4:] = False
    return np.concatenate([length, body], axis=1), present


def _text_field(column: pl.Series) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Lay texts out at the width of the longest; only the bytes of each one are sent."""
    sizes = column.str.len_bytes().fill_null(0).to_numpy()
    width = max(int(sizes.max(initial=0)), 1)
    texts = [one.encode() for one in column.fill_null("")]
    body = np.array(texts, dtype=f"S{width}").view("u1").reshape(-1, width)
    null = column.is_null().to_numpy()
    length = np.where(null, -1, sizes).astype(">i4").reshape(-1, 1).view("u1")
    sent = np.arange(width) < sizes[:, None]
    present = np.concatenate([np.ones((len(column), 4), dtype=bool), sent], axis=1)
    return np.concatenate([length, body], axis=1), present


def _array_bytes(column: pl.Series, kind: pl.Array) -> np.ndarray[Any, Any]:
    """Return arrays of one width; an unknown place is NaN."""
    width = kind.shape[0]
    oid, encoding = _ELEMENTS[kind.inner]
    if not width:
        empty = np.array([[0, 0, oid]], dtype=">i4").view("u1")
        return np.repeat(empty, len(column), axis=0)
    head = np.array([[1, 0, oid, width, 1]], dtype=">i4").view("u1")
    values = np.ascontiguousarray(column.to_numpy().reshape(len(column), width).astype(encoding))
    values[np.isnan(values)] = np.nan
    size = values.itemsize
    cells = np.empty((len(column), width, 4 + size), dtype="u1")
    cells[:, :, :4] = np.array([size], dtype=">i4").view("u1")
    cells[:, :, 4:] = values.view("u1").reshape(len(column), width, size)
    return np.concatenate(
        [np.repeat(head, len(column), axis=0), cells.reshape(len(column), -1)], axis=1
    )


def read(query: str, parameters: Sequence[Any] = (), *, few: bool = False) -> pl.DataFrame:
    """Return the rows of a query whose parameters are written $1, $2, ...

    Inside a transaction the query runs on Django's connection, so that it sees what the
    transaction wrote; many rows take some five times as long there. So do a `few`, since to open a
    connection of their own takes longer than to read ten thousand.
    """
    if few or connection.in_atomic_block:
        return _read_here(query, parameters)
    return _read_aside(query, parameters)


def _read_aside(query: str, parameters: Sequence[Any]) -> pl.DataFrame:
    """Read over a connection of its own.

    A query without parameters is sent as COPY, many rows in two thirds of the time. This goes
    without the DB-API of the driver, which has pandas imported: over a second in every process.
    """
    with (
        adbc_driver_postgresql.connect(uri()) as database,
        AdbcConnection(database) as link,
        AdbcStatement(link) as statement,
    ):
        statement.set_sql_query(query)
        if parameters:
            statement.prepare()
            statement.bind(_bound(parameters))
        rows, _count = statement.execute_query()
        return pl.DataFrame(rows)


def _bound(parameters: Sequence[Any]) -> pa.RecordBatch:
    """Return one row. Polars makes it: given lists, Arrow has pandas imported to look at them."""
    table = pl.DataFrame({str(place): [one] for place, one in enumerate(parameters)}).to_arrow()
    (row,) = table.to_batches()
    return row


def _read_here(query: str, parameters: Sequence[Any]) -> pl.DataFrame:
    text = query.replace("%", "%%")
    for place in range(len(parameters), 0, -1):
        text = text.replace(f"${place}", f"%(p{place})s")
    named = {f"p{place}": value for place, value in enumerate(parameters, start=1)}
    with connection.cursor() as cursor:
        cursor.execute(text, named)
        schema = {one.name: _READ[one.type_code] for one in cursor.description}
        return pl.DataFrame(cursor.fetchall(), schema=schema, orient="row")


def uri() -> str:
    """Return the address of Django's database."""
    parts = connection.settings_dict
    user, password = quote(parts["USER"], safe=""), quote(parts["PASSWORD"], safe="")
    address = f"{parts['HOST'] or 'localhost'}:{parts['PORT'] or 5432}"
    return f"postgresql://{user}:{password}@{address}/{quote(parts['NAME'], safe='')}"
