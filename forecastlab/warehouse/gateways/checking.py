"""From typed rows to checked blocks of facts, whole series in order, one block in memory."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from forecastlab.warehouse.domain import (
    checks,
    holidays,
    moments,
    oddities,
    problems,
    repeats,
    spacing,
)
from forecastlab.warehouse.domain.checks import Rhythm
from forecastlab.warehouse.domain.content import NUMBERS, ContentHash
from forecastlab.warehouse.domain.findings import Findings, Names, Tally
from forecastlab.warehouse.domain.mapping import NamedSignal
from forecastlab.warehouse.domain.periods import Calendar, Frequency
from forecastlab.warehouse.domain.problems import SHOWN, Problem
from forecastlab.warehouse.gateways.workplace import Staged, Workplace

BLOCK_ROWS = 1_000_000
# A longer calendar comes from a slip in a date, and no panel could hold it.
MOST_YEARS = 100
Report = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked the check to respect.

    `undated`: `ds` holds whole numbers of periods, from 0; the frequency cannot be guessed then.
    `usual` is the frequency where no series has two rows to guess from. `duplicates` as in
    repeats; `timezone` is the IANA name of the zone whose wall time the rows have, "" if unknown.
    `holidays` are days of a calendar, for rows that do not say it themselves; `holidays_kept` if
    the calendar did not come with the rows. `part`: other rows of the same series lie elsewhere,
    so that series are not judged by these alone.
    """

    undated: bool = False
    frequency: str = ""
    usual: str = ""
    returns: str = "keep"
    duplicates: str = repeats.REJECT
    timezone: str = ""
    signals: tuple[NamedSignal, ...] = ()
    line_word: str = "line"
    ds_column: str = "ds"
    quantity_column: str = "quantity"
    holidays: tuple[tuple[date, float], ...] = ()
    holidays_kept: bool = False
    part: bool = False


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
        return None, [_no_rhythm(place, rhythm, series, wanted)]
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


def _no_rhythm(place: Workplace, rhythm: Rhythm, series: pl.DataFrame, wanted: Wanted) -> Problem:
    usual = max((gap for gap in rhythm.gaps if gap), key=lambda gap: rhythm.gaps[gap])
    close = (pl.col("code") == pl.col("code").shift()) & (
        pl.col("ds").diff().dt.total_seconds() == usual
    )
    rows = pl.read_parquet(place.sorted_rows(0)).filter(close).head(1)
    where = ""
    if not rows.is_empty():
        line, code = rows.select("line", "code").row(0)
        where = f", such as {wanted.line_word} {line:,} of series '{series['unique_id'][code]}'"
    return problems.error(
        "no_rhythm",
        f"No frequency fits: most rows of a series are {usual / 60:,.0f} minutes apart{where}. "
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
        self.turned: list[pl.DataFrame] = []
        self.again: list[pl.DataFrame] = []
        self.findings = Findings()
        self.negative = Tally()
        self.figures: list[dict[str, float]] = []
        self.rows = self.periods = 0
        self.sold = np.zeros(len(self.ids))
        own_holidays = "holiday" in pl.read_parquet_schema(place.rows)
        self.holidays = None if own_holidays else self._joined()
        joined = () if self.holidays is None else ("holiday",)
        told = {"quantity", *place.columns_with_values(), *joined}
        self.columns = [name for name in NUMBERS if name in told]
        self.places = [f"signal_{place}" for place in range(len(wanted.signals))]
        self.content = ContentHash(self._header(), [*self.columns, *self.places])
        self.skipped, self.repeated = self._changes()

    def _header(self) -> dict[str, object]:
        epoch = self.calendar.epoch.isoformat() if self.calendar.epoch else None
        return {
            "frequency": self.calendar.frequency.value,
            "epoch": epoch,
            "month_day": self.calendar.month_day,
            "signals": [[one.column, one.known] for one in self.wanted.signals],
        }

    def _joined(self) -> pl.DataFrame | None:
        """Return the holidays by period; None where the calendar says nothing of any."""
        if self.calendar.epoch is None or self.rhythm.last is None:
            return None
        last = self.calendar.number(self.rhythm.last)
        table = holidays.by_period(self.wanted.holidays, self.calendar, last)
        return None if table.is_empty() else table

    def _changes(self) -> tuple[list[int], list[int] | None]:
        """Return the hours that clocks leave out, and those they repeat; None without hours."""
        first, last = self.rhythm.first, self.rhythm.last
        if self.calendar.frequency is not Frequency.HOUR or first is None or last is None:
            return [], None
        if not self.wanted.timezone:
            return [], []
        skipped, repeated = moments.changes(self.wanted.timezone, first, last)
        number = self.calendar.number
        return [number(one) for one in skipped], [number(one) for one in repeated]

    def add(self, number: int) -> None:
        block = pl.read_parquet(self.place.sorted_rows(number))
        frequency = self.calendar.frequency
        if frequency.hours and not self.rhythm.undated:
            usual = self.rhythm.usual_offset(frequency)
            self.stray.append(checks.off_rhythm(block, frequency, usual))
        block = checks.with_periods(block, self.calendar)
        settled = repeats.settle(block, self.wanted.duplicates, self.repeated)
        self.turned.append(settled.turned)
        self.again.append(settled.again)
        block, filled, odd = oddities.closed(settled.block)
        self.findings.add("closed_days", filled)
        self.findings.add("sold_while_closed", odd)
        self.negative.add(oddities.negative(block))
        block = checks.quantity_policy(block, self.wanted.returns)
        looked_at = block
        if self.holidays is not None:
            block = block.join(self.holidays, on="t", how="left", maintain_order="left")
        facts = checks.as_facts(block, len(self.places))
        with ThreadPoolExecutor(1) as aside:  # digests need one core, so the other one looks
            digested = aside.submit(self.content.add, facts, self.ids)
            self._look(looked_at)
            digested.result()
        self.figures.append(checks.figures(facts))
        latest = facts["t"].max()
        self.periods = max(self.periods, int(latest) + 1 if isinstance(latest, int) else 0)
        self.rows += facts.height
        sold = facts.group_by("code").agg(pl.col("quantity").sum())
        self.sold[sold["code"].to_numpy()] = sold["quantity"].to_numpy()
        facts.write_parquet(self.place.facts(number), compression="lz4")
        self.place.sorted_rows(number).unlink()

    def _look(self, block: pl.DataFrame) -> None:
        self.findings.add("unknown", oddities.unknown(block))
        if self.wanted.part:
            return
        found = {
            "gaps": oddities.gaps(block, self.skipped),
            "mixed_frequencies": oddities.slower(block),
            "silent": oddities.silent(block),
            "constant": oddities.constant(block),
            "late_start": oddities.late(block),
            "outliers": oddities.outliers(block),
        }
        if self.skipped:
            found["skipped_hour"] = oddities.skipped(block, self.skipped)
        for kind, places in found.items():
            self.findings.add(kind, places)

    def result(self) -> tuple[Staged | None, list[Problem]]:
        found = [*self._stray(), *self._too_long(), *self._repeats(), *self._negative()]
        if problems.refusal(found):
            return None, found
        wanted = self.wanted
        names = Names(
            self.ids, self.calendar, wanted.line_word, wanted.ds_column, wanted.quantity_column
        )
        best = int(self.sold.argmax())
        profile = {**checks.total(list(self.figures)), "best_selling": self.ids[best]}
        staged = Staged(
            frequency=self.calendar.frequency.value,
            epoch=self.calendar.epoch.isoformat() if self.calendar.epoch else None,
            month_day=self.calendar.month_day,
            periods=self.periods,
            rows=self.rows,
            series=len(self.ids),
            content_hash=self.content.hexdigest(),
            columns=self.columns,
            signals=[{"name": one.column, "known": one.known} for one in self.wanted.signals],
            profile=profile,
            joined=["holiday"] if self.holidays is not None and wanted.holidays_kept else [],
        )
        self.place.write_staged(staged)
        return staged, [*found, *self._sums(), *self.findings.notes(names)]

    def _sums(self) -> list[Problem]:
        found = oddities.sums(self.ids)
        if not found or len(found) == len(self.ids):
            return []
        message = (
            f"Series '{found[0]}' is called like a sum of the others. If it is one, all sales "
        )
        message += "count twice: leave it out of the file."
        return [problems.note("sums", message, count=len(found))]

    def _stray(self) -> list[Problem]:
        rows = pl.concat(self.stray) if self.stray else pl.DataFrame()
        if rows.is_empty():
            return []
        first, column = rows.sort("line").rows(), self.wanted.ds_column
        noun = self.calendar.frequency.noun
        line, moment, code = first[0]
        return [
            problems.error(
                "off_rhythm",
                f"{self.wanted.line_word.capitalize()} {line:,}, column '{column}': "
                f"{moment} of series '{self.ids[code]}' does not begin "
                f"{'an' if noun == 'hour' else 'a'} {noun} as the other rows do. Correct it, or "
                "give another --frequency.",
                count=rows.height,
                places=[problems.spot(line, column, moment) for line, moment, _code in first],
            )
        ]

    def _too_long(self) -> list[Problem]:
        frequency = self.calendar.frequency
        most = MOST_YEARS * (
            12 // frequency.months if frequency.months else 8766 // frequency.hours
        )
        if self.periods <= most:
            return []
        rows = pl.scan_parquet(self.place.rows).select("line", "ds")
        ends = pl.concat([rows.bottom_k(1, by="ds"), rows.top_k(1, by="ds")]).collect().rows()
        word = self.wanted.line_word
        (line, first), (other, last) = ends
        return [
            problems.error(
                "too_long",
                f"From {first} ({word} {line:,}) to {last} ({word} {other:,}) there are "
                f"{self.periods:,} {frequency.noun}s; at most {most:,} are kept. Is one of the two "
                "wrong?",
                places=[problems.spot(one, self.wanted.ds_column, when) for one, when in ends],
            )
        ]

    def _repeats(self) -> list[Problem]:
        found = []
        turned, again = pl.concat(self.turned), pl.concat(self.again)
        if not turned.is_empty():
            message = f"Hours that clocks show twice in autumn, added up: {turned.height:,}. "
            message += f"First: {self._shared(turned)}."
            found.append(self._told("repeated_hour", message, turned))
        if again.is_empty():
            return found
        shared = self._shared(again)
        if self.wanted.duplicates != repeats.REJECT:
            done = {repeats.SUM: "added up", repeats.LAST: "read from their last row"}
            message = f"Repeated {self.calendar.frequency.noun}s, "
            message += f"{done[self.wanted.duplicates]}: {again.height:,}. First: {shared}."
            return [*found, self._told("duplicates", message, again)]
        more = f" {again.height - 1:,} more are repeated." if again.height > 1 else ""
        message = f"{shared}.{more} Leave one row for each series and "
        message += f"{self.calendar.frequency.noun}, or say --duplicates sum or last."
        places = self._places(again)
        return [*found, problems.error("repeated", message, count=again.height, places=places)]

    def _shared(self, keys: pl.DataFrame) -> str:
        """Say which series has which period in which lines."""
        code, t, count, lines = keys.select("code", "t", "rows", "lines").row(0)
        listed = ", ".join(f"{one:,}" for one in lines)
        return (
            f"Series '{self.ids[code]}' has {self.calendar.label(t)} in {count:,} "
            f"{self.wanted.line_word}s: {listed}"
        )

    def _told(self, code: str, message: str, keys: pl.DataFrame) -> Problem:
        return problems.note(code, message, count=keys.height, places=self._places(keys))

    def _places(self, keys: pl.DataFrame) -> list[dict[str, object]]:
        return [
            problems.spot(line, self.wanted.ds_column, f"{self.ids[code]} {self.calendar.label(t)}")
            for code, t, lines in keys.select("code", "t", "lines").head(SHOWN).rows()
            for line in lines
        ]

    def _negative(self) -> list[Problem]:
        tally, column = self.negative, self.wanted.quantity_column
        if tally.first is None:
            return []
        first = tally.first.select("line", "value").rows()
        places = [problems.spot(line, column, f"{value:.10g}") for line, value in first]
        where = f"{self.wanted.line_word} {first[0][0]:,}, column '{column}': {first[0][1]:.10g}"
        if self.wanted.returns == "reject":
            message = f"{where[0].upper()}{where[1:]} is negative, and --returns says reject."
            return [problems.error("returns", message, count=tally.count, places=places)]
        done = {"keep": "kept", "missing": "set to unknown"}[self.wanted.returns]
        what = "1 negative quantity was" if tally.count == 1 else f"{tally.count:,} negative "
        what += "" if tally.count == 1 else "quantities were"
        message = f"{what} {done}, the first in {where}."
        return [problems.note("returns", message, count=tally.count, places=places)]
