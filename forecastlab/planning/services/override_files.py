"""Overrides from a file: all of its lines are written, or none and every bad one is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.accounts.models import User
from forecastlab.lib import texts
from forecastlab.lib.errors import BadInput
from forecastlab.planning.domain import override_lines
from forecastlab.planning.domain.override_lines import Line, Wrong
from forecastlab.planning.models import Override
from forecastlab.planning.queries import forecast_tables
from forecastlab.planning.queries.horizons import Horizon, NoSuchPeriod
from forecastlab.planning.services import overrides
from forecastlab.planning.services.overrides import Number, Words


class LinesWrong(BadInput):
    """Some lines of the file cannot be used."""

    code = "lines_wrong"

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        self.wrong = sorted(wrong, key=lambda one: one.line)
        count = len(self.wrong)
        said = ngettext(
            "%(n)s line cannot be used, so nothing was saved.",
            "%(n)s lines cannot be used, so nothing was saved.",
            count,
        )
        first = self.wrong[0]
        told = {"line": first.line, "what": first.what}
        hint = _("Line %(line)s: %(what)s") % told
        super().__init__(said % {"n": count}, hint=hint, field="file")

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = super().as_json()
        return {**told, "lines": [one.as_json() for one in self.wrong]}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a file came to: how many lines it had, and how many numbers changed."""

    lines: int
    changed: int
    acts: Sequence[Override]


def upload(horizon: Horizon, content: bytes, words: Words, *, by: User, at: datetime) -> Outcome:
    """Write the numbers of a CSV that change something; `words.reason` may be left empty.

    Raises BadInput for a file that is no table, LinesWrong naming each bad line. A line whose
    number stays as it is changes nothing and needs no reason.
    """
    words = replace(words, via=Override.Via.FILE)
    text = override_lines.decoded(content)
    texts.check(text, field="file")
    read = override_lines.read(text, reason=words.reason)
    series = _series(horizon, read.lines)
    wrong, numbers = list(read.wrong), {}
    lines: dict[tuple[int, str], int] = {}
    for line in read.lines:
        try:
            found = _number(horizon, line, series)
            first = lines.setdefault((found.series, found.period), line.number)
            if first != line.number:  # the same name, once as a spreadsheet marks texts
                raise override_lines.said_already(first, line.series, line.period)
            numbers[line.number] = found
        except BadInput as error:
            wrong.append(Wrong(line.number, error.message))
    if wrong:
        raise LinesWrong(wrong)
    acts = _saved(horizon, read.lines, numbers, words, by=by, at=at)
    return Outcome(len(read.lines), sum(one.numbers for one in acts), acts)


def _saved(
    horizon: Horizon,
    lines: Sequence[Line],
    numbers: Mapping[int, Number],
    words: Words,
    *,
    by: User,
    at: datetime,
) -> list[Override]:
    by_reason: dict[str, list[Number]] = {}
    for line in lines:
        by_reason.setdefault(line.reason, []).append(numbers[line.number])
    groups = [(replace(words, reason=reason), found) for reason, found in by_reason.items()]
    try:
        return overrides.save_groups(horizon, groups, by=by, at=at)
    except overrides.Refused as refused:
        places = {(one.series, one.period): line for line, one in numbers.items()}
        wrong = [Wrong(places[key], error.message) for key, error in refused.each.items()]
        raise LinesWrong(wrong) from refused


def _series(horizon: Horizon, lines: Sequence[Line]) -> dict[str, int]:
    names = [name for line in lines for name in (line.series, line.series.removeprefix("'"))]
    table = forecast_tables.of_names(horizon.issue, names)
    return dict(zip(table.names, table.series, strict=True))


def _number(horizon: Horizon, line: Line, series: Mapping[str, int]) -> Number:
    found = series.get(line.series) or series.get(line.series.removeprefix("'"))
    if found is None:
        raise BadInput(
            _("There is no forecast of series '%s'.") % line.series,
            hint=_("Write it as the download does, or drop the line."),
        )
    if line.period not in horizon.places:
        raise NoSuchPeriod(
            _("The forecast has no period '%s'.") % line.period,
            hint=_("It goes from %(first)s to %(last)s.")
            % {"first": horizon.labels[0], "last": horizon.labels[-1]},
        )
    return Number(found, line.period, line.units, line.revision)
