"""Between the check and the load: what new facts are to those of the version before.

Runs outside of a transaction, block by block of whole series, and leaves a comparison in the
workplace; with `append` and `correct` also the blocks of the version that will be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from forecastlab.warehouse.domain import (
    alignment,
    checks,
    differences,
    findings,
    oddities,
    problems,
)
from forecastlab.warehouse.domain.alignment import Alignment, Misaligned
from forecastlab.warehouse.domain.differences import REPLACE, Names, Tally, signal_column
from forecastlab.warehouse.domain.findings import Findings
from forecastlab.warehouse.domain.problems import SHOWN, Problem
from forecastlab.warehouse.gateways.merged import Writer
from forecastlab.warehouse.gateways.workplace import Staged, Workplace
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.queries import fact_blocks
from forecastlab.warehouse.services.loading import Load

Report = Callable[[float], None]
Row = dict[str, Any]


def parent_of(name: str, by: Any) -> DatasetVersion | None:
    """Return the newest version of the dataset that `by` may see under this name."""
    versions = DatasetVersion.objects.filter(dataset__in=Dataset.objects.visible_to(by))
    named = versions.filter(dataset__in=Dataset.objects.named(name))
    return named.select_related("dataset").order_by("-number").first()


def frequency_before(name: str, mode: str) -> str:
    """Return the frequency of the version that new rows are added to, "" where there is none."""
    if mode == REPLACE:
        return ""
    versions = DatasetVersion.objects.filter(dataset__in=Dataset.objects.named(name))
    newest = versions.order_by("-number").values_list("frequency", flat=True)
    return newest.first() or ""


def prepare(place: Workplace, wanted: Load, report: Report) -> list[Problem]:
    """Compare the staged facts with the version before, and merge them with it where asked.

    Does nothing when that has been done and no newer version has come since. An error among the
    problems says why they do not go together; nothing is to be loaded then.
    """
    parent = parent_of(wanted.name, wanted.by)
    known = place.comparison()
    if known is not None and known["parent"] == (parent.pk if parent else None):
        return [Problem(**one) for one in known.get("notes", [])]
    place.clear_comparison()
    if parent is None:
        found = _nothing_to_add_to(wanted)
        place.write_comparison({"parent": None, "notes": [one.as_json() for one in found]})
        return found
    staged = place.staged()
    if staged.content_hash == parent.content_hash:
        place.write_comparison({"parent": parent.pk})
        return []
    try:
        aligned = _aligned(parent, staged, wanted.mode)
    except Misaligned as error:
        return _misaligned(place, parent, wanted, str(error))
    return _Merging(place, parent, staged, aligned, wanted.mode).run(report)


def sentence(place: Workplace) -> str:
    """Say in one line what the comparison found."""
    comparison = place.comparison() or {}
    difference = comparison.get("difference", {})
    if comparison.get("parent") is None:
        return "There is no version before"
    if not difference:
        return "Nothing differs from the version before"
    if not difference["comparable"]:
        return f"Not compared: {difference['reason']}"
    rows = difference["rows"]
    return ", ".join(f"{problems.counted(rows[one], 'row')} {one}" for one in differences.CHANGES)


def outcome(place: Workplace) -> dict[str, Any]:
    """Return what the version that would be is to the one before, nothing without one to compare.

    Counts of rows and series, the last period, and the first rows that differ.
    """
    difference = (place.comparison() or {}).get("difference", {})
    if not difference or not difference["comparable"]:
        return {}
    kept = ("rows", "series", "span", "examples")
    return {one: difference[one] for one in kept}


def _nothing_to_add_to(wanted: Load) -> list[Problem]:
    if wanted.mode == REPLACE:
        return []
    message = f"There is no version of '{wanted.name}' yet: the file is its first."
    return [problems.note("first_version", message)]


def _aligned(parent: DatasetVersion, staged: Staged, mode: str) -> Alignment:
    if mode != REPLACE:
        if parent.held_back:
            raise Misaligned(
                f"its last {parent.held_back:,} periods are held back as the truth of the last fold"
            )
        _same_signals(parent, staged)
    return alignment.align(parent.calendar, staged.calendar)


def _same_signals(parent: DatasetVersion, staged: Staged) -> None:
    known = {one.name: one.known for one in parent.signals.all()}
    words = {True: "known ahead", False: "observed"}
    for one in staged.signals:
        if known.get(one["name"], one["known"]) != one["known"]:
            was, now = words[not one["known"]], words[one["known"]]
            raise Misaligned(f"signal '{one['name']}' is {was} in one and {now} in the other")


def _misaligned(
    place: Workplace, parent: DatasetVersion, wanted: Load, reason: str
) -> list[Problem]:
    if wanted.mode == REPLACE:
        told = problems.note("other_calendar", f"Not compared with {parent.ref}: {reason}.")
        difference = {"comparable": False, "reason": reason}
        place.write_comparison(
            {"parent": parent.pk, "difference": difference, "notes": [told.as_json()]}
        )
        return [told]
    verb = {"append": "added to", "correct": "used to correct"}[wanted.mode]
    return [
        problems.error(
            "does_not_fit",
            f"The file cannot be {verb} {parent.ref}: {reason}. Change the file or the options, "
            "or import it with the mode replace.",
        )
    ]


class _Merging:
    def __init__(
        self,
        place: Workplace,
        parent: DatasetVersion,
        staged: Staged,
        aligned: Alignment,
        mode: str,
    ) -> None:
        self.place, self.parent, self.staged = place, parent, staged
        self.aligned, self.mode = aligned, mode
        self.theirs = fact_blocks.names_of(parent)
        self.ours = [str(one["name"]) for one in staged.signals]
        self.names = differences.joined(self.theirs, Names(staged.columns, self.ours))
        self.columns = [*self.names.columns, "held_back"]
        self.carried = Names(staged.columns, self.ours).columns
        self.spoken = [one for one in self.carried if one not in staged.joined]
        self.series = self._all_series()
        self.ids = self.series["unique_id"].to_list()
        self.tally = Tally(self.columns, aligned.calendar)
        self.conflicts: list[Row] = []
        self.contradicted = self.looked_at = 0
        self.findings = Findings()
        self.writer = Writer(place.merged, self.names, self.ids) if mode != REPLACE else None

    def run(self, report: Report) -> list[Problem]:
        parts = list(fact_blocks.blocks(self.series, ["rows", "given_rows"]))
        for number, part in enumerate(parts):
            self._block(part)
            report((number + 1) / len(parts))
        if self.conflicts:
            self.place.clear_comparison()
            return [self._conflict()]
        if self.writer:
            self.writer.finish(self._merged_staged())
            self.series.select("code", "unique_id", "store", "product").write_parquet(
                self.place.merged.series
            )
        told = self._notes()
        self.place.write_comparison(
            {
                "parent": self.parent.pk,
                "difference": self._difference(),
                "notes": [one.as_json() for one in told],
            }
        )
        return told

    def _all_series(self) -> pl.DataFrame:
        """Return the series of both sides in the order of their ids, under new codes."""
        old = fact_blocks.counted_series(self.parent)
        rows = self.place.scan_facts().group_by("code").agg(pl.len().alias("given_rows")).collect()
        new = pl.read_parquet(self.place.series).select("code", "unique_id", "store", "product")
        new = new.join(rows, on="code").rename({"code": "given_code"})
        both = old.join(new, on="unique_id", how="full", coalesce=True).sort("unique_id")
        return both.with_row_index("code").with_columns(
            pl.coalesce("store", "store_right").alias("store"),
            pl.coalesce("product", "product_right").alias("product"),
            pl.col("rows", "given_rows").fill_null(0).cast(pl.Int64),
        )

    def _block(self, part: pl.DataFrame) -> None:
        theirs = part.drop_nulls("series_id")
        old = fact_blocks.coded(self.parent, self.theirs, theirs, lead=self.aligned.before)
        pairs = differences.paired(old, self._given(part), self.columns)
        if self.mode == differences.APPEND:
            self._contradictions(pairs)
        from_file = pairs["is"]
        pairs = differences.merged(pairs, self.columns, carried=self.spoken, mode=self.mode)
        self.tally.add(pairs, self.ids)
        if self.writer and not self.conflicts:
            self.writer.add(pairs)
            self._look(pairs, from_file)

    def _given(self, part: pl.DataFrame) -> pl.DataFrame:
        ours = part.drop_nulls("given_code").select("given_code", "code")
        low, high = ours["given_code"].min(), ours["given_code"].max()
        places = {f"signal_{at}": signal_column(one) for at, one in enumerate(self.ours)}
        facts = self.place.scan_facts().filter(pl.col("code").is_between(pl.lit(low), pl.lit(high)))
        renamed = facts.rename({"code": "given_code", **places})
        joined = renamed.join(ours.lazy(), on="given_code").drop("given_code")
        return joined.with_columns(pl.col("t") + self.aligned.after).collect(engine="streaming")

    # -- what is odd in the version that will be -----------------------------------------------

    def _look(self, pairs: pl.DataFrame, from_file: pl.Series) -> None:
        """Look at whole series, and keep what is odd about rows that the file brings."""
        kept = pairs.with_columns(from_file.alias("from_file")).filter("is")
        block = kept.select(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("line"),
            *differences.KEY,
            pl.col(differences.after("quantity")).alias("quantity"),
        )
        places = {"gaps": oddities.gaps(block), "outliers": oddities.outliers(block)}
        for kind, found in places.items():
            brought = found.filter(kept["from_file"].gather(found["line"]))
            self.findings.add(kind, brought.with_columns(pl.col("line") + self.looked_at))
        self.looked_at += block.height

    def _notes(self) -> list[Problem]:
        """Tell it with the lines of the file in the place of the places in the version."""
        for kind, tally in self.findings.kinds.items():
            if tally.first is not None:
                last = pl.col("t") + (pl.col("value").cast(pl.Int32) if kind == "gaps" else 0)
                keys = tally.first.select("code", last.alias("t")).rows()
                lines = self._lines([(self.ids[code], t) for code, t in keys])
                tally.first = tally.first.with_columns(pl.Series("line", lines))
        return self.findings.notes(
            findings.Names(self.ids, self.aligned.calendar, "line", "ds", "quantity")
        )

    # -- what append does not do ---------------------------------------------------------------

    def _contradictions(self, pairs: pl.DataFrame) -> None:
        """Count rows that say otherwise; what was only planned gives way."""
        past = pl.col("t") < self.parent.history + self.aligned.before
        found = differences.contradictions(pairs.filter(past), self.spoken)
        self.contradicted += found.height
        self.conflicts += found.head(SHOWN - len(self.conflicts)).to_dicts()

    def _conflict(self) -> Problem:
        first = self.conflicts[0]
        column = self._moved(first)
        found = self._lines([(self.ids[one["code"]], one["t"]) for one in self.conflicts])
        more = self.contradicted - 1
        also = f" The same goes for {more:,} more rows." if more else ""
        was = _shown(first[differences.before(column)])
        now = _shown(first[differences.given(column)])
        return problems.error(
            "exists_already",
            f"Line {found[0]:,}: series '{self.ids[first['code']]}' has {self._label(first)} in "
            f"{self.parent.ref} already, with another {column}: {was} there, {now} in the "
            f"file.{also} To overwrite what is there, import with the mode correct.",
            count=self.contradicted,
            places=[self._place(*one) for one in zip(found, self.conflicts, strict=True)],
        )

    def _lines(self, keys: Sequence[tuple[str, int]]) -> list[int]:
        """Return where in the file a series has a period."""
        rows = pl.scan_parquet(self.place.rows).select("line", "unique_id", "ds")
        named = rows.filter(pl.col("unique_id").is_in([one for one, _ in keys])).collect()
        dated = checks.with_periods(named, self.aligned.calendar).sort("line", descending=True)
        known = {(one, t): line for line, one, t in dated.select("line", "unique_id", "t").rows()}
        return [known.get(key, 0) for key in keys]

    def _place(self, line: int, row: Row) -> Row:
        column = self._moved(row)
        was, now = row[differences.before(column)], row[differences.given(column)]
        shown = f"{self.ids[row['code']]} {self._label(row)}: {_shown(was)}, now {_shown(now)}"
        return problems.spot(line, column, shown)

    def _label(self, row: Row) -> str:
        return self.aligned.calendar.label(row["t"])

    def _moved(self, row: Row) -> str:
        return next(
            one
            for one in self.spoken
            if row[differences.before(one)] != row[differences.given(one)]
        )

    # -- what will be --------------------------------------------------------------------------

    def _merged_staged(self) -> Staged:
        signals = self.parent.signals.order_by("position")
        theirs = [{"name": one.name, "known": one.known} for one in signals]
        fresh = [one for one in self.staged.signals if one["name"] not in self.theirs.signals]
        calendar = self.aligned.calendar
        return replace(
            self.staged,
            frequency=calendar.frequency.value,
            epoch=calendar.epoch.isoformat() if calendar.epoch else None,
            month_day=calendar.month_day,
            signals=[*theirs, *fresh],
        )

    def _difference(self) -> dict[str, Any]:
        after = self.place.merged.staged() if self.writer else self.staged
        last = after.calendar.label(after.periods - 1)
        return {
            **self.tally.as_json(),
            "span": {
                "before": [self.parent.first, self.parent.last],
                "after": [after.calendar.label(0), last],
            },
            "columns": {
                "added": [one for one in self.carried if one not in self.theirs.columns],
                "removed": self._lost_columns(),
            },
        }

    def _lost_columns(self) -> list[str]:
        if self.mode != REPLACE:
            return []
        return [one for one in self.theirs.columns if one not in self.carried]


def _shown(value: Any) -> str:
    return "unknown" if value is None else f"{value:g}"
