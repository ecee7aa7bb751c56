"""What was found in the blocks of an import, counted, and told with the first places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from forecastlab.warehouse.domain import problems
from forecastlab.warehouse.domain.periods import Calendar
from forecastlab.warehouse.domain.problems import SHOWN, Problem

_EXAMPLES = 3


@dataclass
class Tally:
    """Places of one kind, `line, code, t, value`: how many, of how many series, and the first."""

    count: int = 0
    series: int = 0
    total: float = 0.0
    first: pl.DataFrame | None = None

    def add(self, places: pl.DataFrame) -> None:
        if places.is_empty():
            return
        self.count += places.height
        self.series += places["code"].n_unique()
        self.total += float(places["value"].sum() or 0)
        both = places if self.first is None else pl.concat([self.first, places])
        self.first = both.bottom_k(SHOWN, by="line").sort("line")


@dataclass(frozen=True, slots=True)
class Names:
    """How lines, series and periods are called."""

    ids: Sequence[str]
    calendar: Calendar
    line_word: str
    ds_column: str
    quantity_column: str

    @property
    def noun(self) -> str:
        return self.calendar.frequency.noun


@dataclass
class Findings:
    """All tallies of an import; `notes` tells those that found something."""

    kinds: dict[str, Tally] = field(default_factory=dict)

    def add(self, kind: str, places: pl.DataFrame) -> None:
        self.kinds.setdefault(kind, Tally()).add(places)

    def notes(self, names: Names) -> list[Problem]:
        return [
            _note(kind, tally, names)
            for kind, tally in self.kinds.items()
            if tally.count and kind in _SENTENCES
        ]


_SENTENCES = {
    "closed_days": "Closed {noun}s without a quantity, set to zero: {count}",
    "sold_while_closed": "Rows that sell although open is 0: {count}; one of the two is wrong",
    "unknown": "Rows without a quantity: {count}; they are unknown, not zero",
    "gaps": (
        "{Noun}s without a row inside a series: {total}, in {series} series; they are unknown, "
        "not zero"
    ),
    "skipped_hour": (
        "Hours missing where clocks are set forward: {count}; no clock has shown them"
    ),
    "mixed_frequencies": (
        "Series that never have rows in neighbouring {noun}s, as if they were counted at another "
        "frequency: {series}"
    ),
    "silent": "Series that sell nothing at all: {series}",
    "constant": "Series that sell the same in every row: {series}",
    "late_start": (
        "Series that begin with more zeros than they ever have later: {series}; they may not have "
        "been on sale yet"
    ),
    "outliers": (
        "Quantities far above the others of their series: {count}, in {series} series; they were "
        "kept"
    ),
}
_OF_ROWS = frozenset({"closed_days", "sold_while_closed", "unknown", "outliers"})
_DETAILS = {
    "gaps": "{id} from {when} ({value} in a row)",
    "skipped_hour": "{id} at {when}",
    "mixed_frequencies": "{id} (at least {value} {noun}s apart, from {word} {line})",
    "silent": "{id} ({value} rows from {word} {line})",
    "constant": "{id} (always {value}, from {word} {line})",
    "late_start": "{id} ({value} zeros, from {word} {line})",
    "outliers": "{value} in {word} {line} ({id}, {when})",
}
_USUAL_DETAIL = "{word} {line} ({id}, {when})"


def _note(kind: str, tally: Tally, names: Names) -> Problem:
    rows = tally.first.rows() if tally.first is not None else []
    counts = {"count": tally.count, "series": tally.series, "total": int(tally.total)}
    told = {name: f"{number:,}" for name, number in counts.items()}
    sentence = _SENTENCES[kind].format(noun=names.noun, Noun=names.noun.capitalize(), **told)
    detail = _DETAILS.get(kind, _USUAL_DETAIL)
    first = [_detail(detail, row, names) for row in rows[:_EXAMPLES]]
    more = "; and more." if tally.count > len(first) else "."
    return problems.note(
        kind,
        f"{sentence}. First: {'; '.join(first)}{more}",
        count=tally.count,
        places=[_place(kind, row, names) for row in rows],
    )


def _detail(form: str, row: tuple[int, int, int, float | None], names: Names) -> str:
    line, code, t, value = row
    return form.format(
        line=f"{line:,}",
        id=f"'{names.ids[code]}'",
        when=names.calendar.label(t),
        value="" if value is None else f"{value:,.10g}",
        word=names.line_word,
        noun=names.noun,
    )


def _place(kind: str, row: tuple[int, int, int, float | None], names: Names) -> dict[str, object]:
    line, code, t, value = row
    if kind in _OF_ROWS:
        shown = "" if value is None else f"{value:.10g}"
        return problems.spot(line, names.quantity_column, shown)
    return problems.spot(line, names.ds_column, f"{names.ids[code]} {names.calendar.label(t)}")
