"""The tables below a comparison: what differs line by line, and which champions changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.queries import labels as measures
from forecastlab.lib import dates, figures
from forecastlab.lib.statuses import look_of
from showcase.domain.comparison import Line, Measured
from showcase.queries import labels, pipeline
from showcase.queries.comparing import FOLD, Compared, Untold

MOST_LISTED = 8
MOST_MOVES = 60
STEP, TIMES = "step.", "durations"

WORDS: Mapping[str, str | Promise] = {
    "config_hash": gettext_lazy("Config"),
    "content_hash": gettext_lazy("Sales"),
    "metric": gettext_lazy("Ranked by"),
    "first": gettext_lazy("First period"),
    "last": gettext_lazy("Last period"),
    "total": gettext_lazy("All of it"),
    "series_judged": gettext_lazy("Series judged"),
}
WHY_UNTOLD: Mapping[Untold, str | Promise] = {
    Untold.NOT_JUDGED: gettext_lazy("nothing was judged"),
    Untold.GONE: gettext_lazy("the backtest is not here any more"),
    Untold.OTHER_DATASET: gettext_lazy("other dataset"),
    Untold.TOO_MANY: gettext_lazy("too many series: compare fewer at a time"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A value: `best` where nothing comparable is less, `quiet` where it is as in the first run."""

    text: str
    css: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Section:
    """A table with a column for each run; of the lines that `there_are`, some are `shown`."""

    key: str
    title: str
    rows: Sequence[Row]
    shown: int
    there_are: int
    numeric: bool = False

    @property
    def css(self) -> str:
        return "num " if self.numeric else ""

    @property
    def told(self) -> str:
        said = {"shown": figures.number(self.shown), "all": figures.number(self.there_are)}
        return _("%(shown)s of %(all)s") % said


@dataclass(frozen=True, slots=True)
class Change:
    """How many series one model serves in a run and not in the first, and the reverse."""

    name: str
    model: str
    gained: str
    lost: str


def of(found: Compared, *, everything: bool) -> list[Section]:
    """Return the tables of settings, sales, errors, times and story, those with lines to show."""
    parts: Sequence[tuple[str, str, Sequence[Line], Callable[[str, Any], str]]] = (
        ("config", _("Settings"), found.config, written),
        ("data", _("Sales and folds"), found.data, written),
        (TIMES, _("Time taken"), found.durations, lambda _what, one: figures.duration(one)),
        ("story", _("What happened"), found.story, written),
    )
    tables = [
        _section((key, title), lines, write, everything=everything)
        for key, title, lines, write in parts
    ]
    settings, sales, times, story = tables
    return [settings, sales, _errors(found, everything=everything), times, story]


def _section(
    head: tuple[str, str],
    lines: Sequence[Line],
    write: Callable[[str, Any], str],
    *,
    everything: bool,
) -> Section:
    shown = [one for one in lines if everything or one.differs]
    rows = [
        Row(
            label(one.what),
            [_cell(write, one, place) for place in range(len(one.values))],
        )
        for one in shown
    ]
    numeric = head[0] == TIMES
    return Section(*head, rows, len(shown), len(lines), numeric)


def _cell(write: Callable[[str, Any], str], line: Line, place: int) -> Cell:
    value = line.values[place]
    is_quiet = place > 0 and value == line.values[0]
    return Cell(write(line.what, value), "quiet" if is_quiet else "")


def _errors(found: Compared, *, everything: bool) -> Section:
    metric = found.finding.metric
    lines = [one for one in found.metrics if one.model and one.metric == metric]
    shown = [one for one in lines if everything or len(set(one.values)) > 1]
    title = _("%(metric)s of each model") % {"metric": measures.metric_title(metric)}
    rows = [Row(title_of(one.model), errors(found, one)) for one in shown]
    return Section("models", title, rows, len(shown), len(lines), numeric=True)


def errors(found: Compared, line: Measured) -> list[Cell]:
    """Return the errors of one line, the least of those on the same folds marked."""
    comparable = [
        abs(value)
        for value, reason in zip(line.values, found.apart, strict=True)
        if value is not None and reason is None
    ]
    least = min(comparable) if len(set(comparable)) > 1 else None
    return [
        Cell(
            measures.measured(value, line.metric),
            "best" if value is not None and reason is None and abs(value) == least else "",
        )
        for value, reason in zip(line.values, found.apart, strict=True)
    ]


def changes(found: Compared) -> list[Change]:
    """Return who gained and lost series, by run and model."""
    counts: dict[tuple[int, str], tuple[int, int]] = {}
    for one in found.gained:
        counts[one.side, one.model] = (one.series, 0)
    for one in found.lost:
        gained, _lost = counts.get((one.side, one.model), (0, 0))
        counts[one.side, one.model] = (gained, one.series)
    ranked = sorted(counts.items(), key=lambda item: (item[0][0], -sum(item[1]), item[0][1]))
    return [
        Change(
            found.names[side],
            title_of(model),
            figures.number(gained) if gained else figures.UNKNOWN,
            figures.number(lost) if lost else figures.UNKNOWN,
        )
        for (side, model), (gained, lost) in ranked
    ]


def untold(found: Compared) -> list[str]:
    return [f"{found.names[place]}: {WHY_UNTOLD[why]}" for place, why in found.untold.items()]


def label(what: str) -> str:
    """Write the name of a line for people: "Simulate: window days"."""
    if what in WORDS:
        return str(WORDS[what])
    if what in labels.PHASES:
        return labels.phase(what)
    if what.startswith(STEP):
        return _step(what.removeprefix(STEP))
    text = what.replace(".", ": ").replace("_", " ")
    return f"{text[:1].upper()}{text[1:]}"


def _step(name: str) -> str:
    """Write a step as its runs do; one that no app contributes any more by its name."""
    titles = {row.step.name: row.step.title for row in pipeline.contributed()}
    return _(titles[name]) if name in titles else name.replace("_", " ").capitalize()


def written(what: str, value: Any) -> str:
    """Write a value for people, long lists by their beginning."""
    if value is None or value in ("", [], ()):
        return figures.UNKNOWN
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        rest = len(value) - MOST_LISTED
        some = ", ".join(written(what, one) for one in value[:MOST_LISTED])
        return f"{some}, {_('%(n)s more') % {'n': rest}}" if rest > 0 else some
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {written(what, one)}" for name, one in value.items())
    return _word(what, str(value))


def _word(what: str, text: str) -> str:
    if FOLD in text and what == "folds":
        return dates.window(*text.split(FOLD))
    if what.endswith("_hash"):
        return figures.short_hash(text)
    if what == "status" or what.startswith(STEP):
        return str(look_of(text).word)
    if what in ("rows", "series", "series_judged"):
        return figures.number(int(text))
    return text
