"""Tables to take away as CSV or Parquet, sent as they are read: a block in memory, not the whole.

CSV is for people and their spreadsheets, so that texts which a spreadsheet would carry out as
formulas are marked as texts; Parquet holds everything as it is. Importing this module makes
`<table_suffix:suffix>` known to addresses.
"""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import chain
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import register_converter, reverse
from django.urls.converters import StringConverter

FORMATS = (("CSV", "csv"), ("Parquet", "parquet"))
TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
MINUTES = "%Y-%m-%dT%H:%M"
FORMULA = r"^[=+\-@\t\r]"


class SuffixConverter(StringConverter):
    regex = "csv|parquet"


register_converter(SuffixConverter, "table_suffix")


def offered(name: str, *args: object, label: str = "", query: str = "") -> list[dict[str, str]]:
    """Return where a table is taken away in each format, as `components/download_menu.html` has it.

    `name` is that of the address, whose last argument is the format; `query` follows on it.
    """
    return [
        {
            "label": f"{label}, {kind}" if label else kind,
            "url": reverse(name, args=[*args, suffix]) + query,
        }
        for kind, suffix in FORMATS
    ]


def respond(
    request: HttpRequest, frames: Iterable[pl.DataFrame], *, name: str, suffix: str
) -> StreamingHttpResponse:
    """Send frames of one schema as one file; there is at least one frame, perhaps empty.

    They are read outside the caller's transaction and, under ASGI, in another thread: they must
    not use Django's connection, which `lib.frames.read` sees to.
    """
    chunks = csv_chunks(frames) if suffix == "csv" else parquet_chunks(frames)
    streamed = in_threads(chunks) if isinstance(request, ASGIRequest) else chunks
    disposition = {"Content-Disposition": f'attachment; filename="{name}.{suffix}"'}
    return StreamingHttpResponse(streamed, content_type=TYPES[suffix], headers=disposition)


def for_sheets(frame: pl.DataFrame) -> pl.DataFrame:
    """Mark texts and headings as texts that a spreadsheet would carry out as formulas."""
    text = pl.col(pl.String)
    formula = text.str.contains(FORMULA)
    marked = pl.when(formula).then(pl.lit("'") + text).otherwise(text).name.keep()
    return frame.with_columns(marked).rename(
        {one: f"'{one}" for one in frame.columns if re.search(FORMULA, one)}
    )


def csv_chunks(frames: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    for place, frame in enumerate(frames):
        text = for_sheets(frame).write_csv(include_header=place == 0, datetime_format=MINUTES)
        yield text.encode()


def parquet_chunks(frames: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    """Yield one row group a frame, and the foot of the file last."""
    rest = iter(frames)
    first = next(rest)
    sink = _Sink()
    with pq.ParquetWriter(sink, first.to_arrow().schema, compression="zstd") as writer:
        for frame in chain([first], rest):
            writer.write_table(frame.to_arrow())
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Takes what is written until it is sent; the writer asks only where it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[bytes] = []
        self.place = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        part = bytes(content)
        self.parts.append(part)
        self.place += len(part)
        return len(part)

    def tell(self) -> int:
        return self.place

    def taken(self) -> bytes:
        parts, self.parts = self.parts, []
        return b"".join(parts)


async def in_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read the chunks in threads, so that the loop of the server never waits for a table."""
    while (chunk := await sync_to_async(_next, thread_sensitive=False)(chunks)) is not None:
        yield chunk


def _next(chunks: Iterator[bytes]) -> bytes | None:
    """Read one chunk; the thread keeps no connection, since nobody knows when it is used again."""
    try:
        return next(chunks, None)
    finally:
        connection.close()
