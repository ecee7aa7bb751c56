"""The folder in which one upload or simulation is prepared, and which goes away with its job."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from django.conf import settings

from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.domain.periods import Calendar, Frequency

TOKEN = re.compile(r"[0-9a-f]{32}")
DAY = 24 * 3600


class UploadGone(BadInput):
    """The uploaded file is no longer there: choose it again."""

    code = "upload_gone"


@dataclass(frozen=True, slots=True)
class Staged:
    """What stands ready to be loaded: blocks of facts, and the series their codes mean.

    `joined` are columns that the file did not bring: they say nothing against other rows.
    """

    frequency: str
    epoch: str | None
    month_day: int
    periods: int
    rows: int
    series: int
    content_hash: str
    columns: list[str]
    signals: list[dict[str, Any]] = field(default_factory=list)
    profile: dict[str, Any] = field(default_factory=dict)
    joined: list[str] = field(default_factory=list)

    @property
    def calendar(self) -> Calendar:
        epoch = datetime.fromisoformat(self.epoch) if self.epoch else None
        return Calendar(Frequency(self.frequency), epoch, self.month_day)


@dataclass(frozen=True)
class Workplace:
    """Names inside one folder below the upload root."""

    token: str

    @property
    def folder(self) -> Path:
        return Path(settings.UPLOAD_ROOT) / self.token

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def rows(self) -> Path:
        return self.folder / "rows.parquet"

    def columns_with_values(self) -> set[str]:
        """Return the columns of the rows that are not empty from the first row to the last."""
        told = pq.read_metadata(self.rows)
        groups = [told.row_group(one) for one in range(told.num_row_groups)]
        columns = [group.column(one) for group in groups for one in range(group.num_columns)]
        return {one.path_in_schema for one in columns if one.statistics.null_count < one.num_values}

    @property
    def series(self) -> Path:
        return self.folder / "series.parquet"

    @property
    def truth(self) -> Path:
        return self.folder / "truth.parquet"

    @property
    def merged(self) -> Workplace:
        """The place below this one for what becomes of its facts beside those of a version."""
        return Workplace(f"{self.token}/merged")

    def sorted_rows(self, block: int) -> Path:
        return self.folder / f"sorted-{block:04}.parquet"

    def facts(self, block: int) -> Path:
        return self.folder / f"facts-{block:04}.parquet"

    def blocks(self) -> Iterator[pl.DataFrame]:
        """Yield the blocks of facts in the order of their series."""
        for path in sorted(self.folder.glob("facts-*.parquet")):
            yield pl.read_parquet(path)

    def write_staged(self, staged: Staged) -> None:
        (self.folder / "staged.json").write_text(json.dumps(asdict(staged)))

    def staged(self) -> Staged:
        try:
            found = json.loads((self.folder / "staged.json").read_text())
        except OSError as error:
            raise UploadGone from error
        return Staged(**{one.name: found[one.name] for one in fields(Staged)})

    def scan_facts(self) -> pl.LazyFrame:
        return pl.scan_parquet(sorted(self.folder.glob("facts-*.parquet")))

    def tail(self) -> dict[str, int]:
        """Return what the last periods are: `held_back` and, after them, `planned`.

        Held back is the truth of the last fold. Where unknown quantities follow the last period in
        which anybody sold or was open, the plan begins after it and the closed periods right
        behind it, with rows or without. Without a single sale there is no plan.
        """
        t, quantity = pl.col("t"), pl.col("quantity")
        shut = (pl.col("open") == 0).fill_null(value=False) & (quantity == 0)
        of_period = (
            self.scan_facts()
            .group_by("t")
            .agg(
                pl.col("held_back").any(),
                sold=(quantity.is_not_null() & ~shut).any(),
                unknown=quantity.is_null().any(),
            )
        )
        told = of_period.collect(engine="streaming")
        spans = told.select(
            t.filter("held_back").min().alias("first"),
            t.filter("sold").max().alias("sold"),
            t.max().alias("last"),
        )
        first, sold, last = spans.row(0)
        after = told.clear() if sold is None else told.filter(t > sold)
        begun = last + 1
        if after["unknown"].any():
            begun, closed = sold + 1, set(after.filter(~pl.col("unknown"))["t"])
            while begun in closed:
                begun += 1
        return {"held_back": 0 if first is None else begun - first, "planned": last + 1 - begun}

    def write_comparison(self, comparison: dict[str, Any]) -> None:
        """Keep how the facts differ from those of the version before."""
        (self.folder / "comparison.json").write_text(json.dumps(comparison))

    def comparison(self) -> dict[str, Any] | None:
        """Return what was kept, None before anything was compared."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "comparison.json").read_text())
        except FileNotFoundError:
            return None
        return found

    def clear_comparison(self) -> None:
        """Forget what an earlier comparison found and merged."""
        (self.folder / "comparison.json").unlink(missing_ok=True)
        self.merged.discard()

    def clear_blocks(self) -> None:
        """Forget what an earlier attempt prepared."""
        for pattern in ("sorted-*.parquet", "facts-*.parquet", "staged.json"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)
        self.clear_comparison()

    def discard(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def begin() -> Workplace:
    """Make an empty folder."""
    place = Workplace(secrets.token_hex(16))
    place.folder.mkdir(parents=True)
    return place


def existing(token: str) -> Workplace:
    """Return the folder of a token, raise UploadGone when it has been swept."""
    place = Workplace(token)
    if not TOKEN.fullmatch(token) or not place.folder.is_dir():
        raise UploadGone(field="file")
    return place


def receive(chunks: Iterable[bytes]) -> Workplace:
    """Write what is uploaded into a new folder; leave nothing when that fails."""
    place = begin()
    try:
        with place.source.open("wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
    except BaseException:
        place.discard()
        raise
    return place


def left_behind(keep: Iterable[str], *, older_than: float = DAY) -> list[Workplace]:
    """Return folders that no job needs and nobody has touched for a while."""
    root, kept, limit = Path(settings.UPLOAD_ROOT), set(keep), time.time() - older_than
    folders = [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []
    stale = [path for path in folders if path.name not in kept and path.stat().st_mtime < limit]
    return [Workplace(path.name) for path in stale]
