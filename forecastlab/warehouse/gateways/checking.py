"""From typed rows to checked blocks of facts, whole series in order, one block in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from forecastlab.warehouse.domain import checks, problems, spacing
from forecastlab.warehouse.domain.checks import Rhythm
from forecastlab.warehouse.domain.content import NUMBERS, ContentHash
from forecastlab.warehouse.domain.mapping import NamedSignal
from forecastlab.warehouse.domain.periods import Calendar, Frequency
from forecastlab.warehouse.domain.problems import SHOWN, Problem
from forecastlab.warehouse.gateways.workplace import Staged, Workplace

BLOCK_ROWS = 1_000_000
Report = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked the check to respect.

    `undated`: `ds` holds whole numbers of periods, from 0; the frequency cannot be guessed then.
    `usual` is the frequency where no series has two rows to guess from.
    """

    undated: bool = False
    frequency: str = ""
    usual: str = ""
    returns: str = "keep"
    signals: tuple[NamedSignal, ...] = ()
    line_word: str = "line"
    ds_column: str = "ds"
    quantity_column: str = "quantity"


def check(place: Workplace, wanted: Wanted, report: Report) -> tuple[Staged | None, list[Problem]]:
    """Sort, date and count the staged rows, and write the facts unless something is wrong."""
    place.clear_blocks()
    series = _series(place)
    mixed = checks.mixed_stores(series)
    if mixed:
        return None, [mixed]
    if wanted.undated and not wanted.frequency:
        return None, [_no_dates(wanted)]
    rhythm, blocks = _sort(place, series, Rhythm(undated=wanted.undated), report)
    asked = wanted.frequency or ("" if rhythm.gaps else wanted.usual)
    frequency = Frequency(asked) if asked else spacing.guess(rhythm.gaps)
    if frequency is None:
        return None, [_no_rhythm(rhythm)]
    checking = _Checking(place, wanted, rhythm, rhythm.calendar(frequency), series)
    for block in range(blocks):
        checking.add(block)
        report(0.5 + 0.5 * (block + 1) / blocks)
    return checking.result()


def _series(place: Workplace) -> pl.DataFrame:
    """Write the table of series in the order of their ids; its row number is their code."""
    pair = pl.struct("store", "product")
    series = (
        pl.scan_parquet(place.rows)
        .group_by("unique_id")
        .agg(pl.first("store", "product"), pl.len().alias("rows"), pair.n_unique().alias("pairs"))
        .collect(engine="streaming")
        .sort("unique_id")
    )
    alone = pl.col("store").is_null() & pl.col("product").is_null()
    product = pl.when(alone).then(pl.col("unique_id")).otherwise(pl.col("product"))
    series = series.with_columns(product.alias("product")).with_row_index("code")
    series.write_parquet(place.series)
    return series


def _sort(
    place: Workplace, series: pl.DataFrame, rhythm: Rhythm, report: Report
) -> tuple[Rhythm, int]:
    """Write blocks sorted by series and date, none much longer than BLOCK_ROWS."""
    number = (series["rows"].cum_sum() - 1) // BLOCK_ROWS
    parts = series.select("code", "unique_id", number.alias("block")).partition_by("block")
    for block, part in enumerate(parts):
        low, high = part["unique_id"][0], part["unique_id"][-1]
        rows = pl.scan_parquet(place.rows).drop("store", "product", "^bad_.*$")
        if len(parts) > 1:
            rows = rows.filter(pl.col("unique_id").is_between(pl.lit(low), pl.lit(high)))
        codes = part.lazy().select("unique_id", "code")
        joined = rows.join(codes, on="unique_id").drop("unique_id").collect(engine="streaming")
        ordered = joined.sort("code", "ds", "line")
        rhythm.add(ordered)
        ordered.write_parquet(place.sorted_rows(block), compression="lz4")
        report(0.5 * (block + 1) / len(parts))
    return rhythm, len(parts)


def _no_dates(wanted: Wanted) -> Problem:
    return problems.error(
        "no_dates",
        f"Column '{wanted.ds_column}' holds numbers of periods, not dates: say how long a period "
        "is with --frequency.",
    )


def _no_rhythm(rhythm: Rhythm) -> Problem:
    usual = max(rhythm.gaps, key=lambda gap: rhythm.gaps[gap])
    return problems.error(
        "no_rhythm",
        f"No frequency fits: most rows of a series are {usual / 60:,.0f} minutes apart. "
        "The shortest period is an hour; give --frequency.",
    )


class _Checking:
    """Second pass: one sorted block after another becomes facts."""

    def __init__(
        self,
        place: Workplace,
        wanted: Wanted,
        rhythm: Rhythm,
        calendar: Calendar,
        series: pl.DataFrame,
    ) -> None:
        self.place, self.wanted, self.rhythm, self.calendar = place, wanted, rhythm, calendar
        self.series = series
        self.ids = series["unique_id"].to_list()
        self.stray: list[pl.DataFrame] = []
        self.repeats: list[pl.DataFrame] = []
        self.negative: list[pl.DataFrame] = []
        self.figures: list[dict[str, float]] = []
        self.periods = 0
        self.sold = np.zeros(len(self.ids))
        staged = pl.read_parquet_schema(place.rows)
        self.columns = [name for name in NUMBERS if name in staged]
        self.places = [f"signal_{place}" for place in range(len(wanted.signals))]
        self.content = ContentHash(self._header(), [*self.columns, *self.places])

    def _header(self) -> dict[str, object]:
        epoch = self.calendar.epoch.isoformat() if self.calendar.epoch else None
        return {
            "frequency": self.calendar.frequency.value,
            "epoch": epoch,
            "month_day": self.calendar.month_day,
            "signals": [[one.column, one.known] for one in self.wanted.signals],
        }

    def add(self, number: int) -> None:
        block = pl.read_parquet(self.place.sorted_rows(number))
        frequency = self.calendar.frequency
        if frequency.hours and not self.rhythm.undated:
            usual = self.rhythm.usual_offset(frequency)
            self.stray.append(checks.off_rhythm(block, frequency, usual))
        block = checks.with_periods(block, self.calendar)
        self.repeats.append(checks.repeated(block))
        self.negative.append(block.filter(pl.col("quantity") < 0).select("line", "quantity"))
        block = checks.quantity_policy(block, self.wanted.returns)
        facts = checks.as_facts(block, len(self.places))
        self.content.add(facts, self.ids)
        self.figures.append(checks.figures(facts))
        latest = facts["t"].max()
        self.periods = max(self.periods, int(latest) + 1 if isinstance(latest, int) else 0)
        sold = facts.group_by("code").agg(pl.col("quantity").sum())
        self.sold[sold["code"].to_numpy()] = sold["quantity"].to_numpy()
        facts.write_parquet(self.place.facts(number), compression="lz4")
        self.place.sorted_rows(number).unlink()

    def result(self) -> tuple[Staged | None, list[Problem]]:
        found = [*self._stray(), *self._repeats(), *self._negative()]
        if problems.refusal(found):
            return None, found
        best = int(self.sold.argmax())
        profile = {**checks.total(list(self.figures)), "best_selling": self.ids[best]}
        staged = Staged(
            frequency=self.calendar.frequency.value,
            epoch=self.calendar.epoch.isoformat() if self.calendar.epoch else None,
            month_day=self.calendar.month_day,
            periods=self.periods,
            rows=int(self.series["rows"].sum()),
            series=len(self.ids),
            content_hash=self.content.hexdigest(),
            columns=self.columns,
            signals=[{"name": one.column, "known": one.known} for one in self.wanted.signals],
            profile=profile,
        )
        self.place.write_staged(staged)
        return staged, found

    def _stray(self) -> list[Problem]:
        rows = pl.concat(self.stray) if self.stray else pl.DataFrame()
        if rows.is_empty():
            return []
        first, column = rows.sort("line").rows(), self.wanted.ds_column
        noun = self.calendar.frequency.noun
        return [
            problems.error(
                "off_rhythm",
                f"{self.wanted.line_word.capitalize()} {first[0][0]:,}, column '{column}': "
                f"{first[0][1]} does not begin {'an' if noun == 'hour' else 'a'} {noun} as the "
                "other rows do. Correct it, or give another --frequency.",
                count=rows.height,
                places=[problems.spot(line, column, moment) for line, moment in first],
            )
        ]

    def _repeats(self) -> list[Problem]:
        rows = pl.concat(self.repeats) if self.repeats else pl.DataFrame()
        if rows.is_empty():
            return []
        places = [
            problems.spot(line, self.wanted.ds_column, f"{self.ids[code]} {self.calendar.label(t)}")
            for code, t, _rows, lines in rows.head(SHOWN).rows()
            for line in lines
        ]
        code, t, count, lines = rows.row(0)
        more = f" {rows.height - 1:,} more are repeated." if rows.height > 1 else ""
        return [
            problems.error(
                "repeated",
                f"Series '{self.ids[code]}' has {self.calendar.label(t)} in {count:,} "
                f"{self.wanted.line_word}s: {', '.join(f'{one:,}' for one in lines)}."
                f"{more} Leave one row for each series and {self.calendar.frequency.noun}.",
                count=rows.height,
                places=places,
            )
        ]

    def _negative(self) -> list[Problem]:
        rows = pl.concat(self.negative)
        if rows.is_empty():
            return []
        if self.wanted.returns != "reject":
            done = {"keep": "kept", "missing": "set to unknown"}[self.wanted.returns]
            return [problems.note("returns", f"{rows.height:,} negative quantities were {done}.")]
        column, first = self.wanted.quantity_column, rows.sort("line").head(SHOWN).rows()
        return [
            problems.error(
                "returns",
                f"{self.wanted.line_word.capitalize()} {first[0][0]:,}, column '{column}': "
                f"{first[0][1]:g} is negative, and --returns says reject.",
                count=rows.height,
                places=[problems.spot(line, column, value) for line, value in first],
            )
        ]
