"""What overrides did to the error, told when what was sold is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from django.core.paginator import Page, Paginator
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.queries.panels import Source
from forecastlab.lib import figures, frames
from forecastlab.planning.domain import value_added
from forecastlab.planning.domain.value_added import Added, Judged, Verdict
from forecastlab.planning.models import Override
from forecastlab.planning.queries import places, scopes
from forecastlab.planning.queries.horizons import fits, number_of
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.domain.periods import Calendar
from forecastlab.warehouse.models import DatasetVersion

BY = ("author", "reason", "series")
PER_PAGE, AT_ONCE = 50, 2_000
_CELLS = """
SELECT c.series_id, s.unique_id AS series, c.period, c.units, c.model, o.reason,
    u.username AS author, i.origin, i.version_id
FROM planning_overridecell c
JOIN planning_override o ON o.id = c.override_id
JOIN accounts_user u ON u.id = o.made_by_id
JOIN forecasting_forecastissue i ON i.id = o.issue_id
JOIN warehouse_datasetversion v ON v.id = i.version_id
JOIN warehouse_series s ON s.id = c.series_id
WHERE c.dataset_id = $1 AND c.units IS NOT NULL AND v.frequency = $2
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    dataset: str = ""
    by: str = "author"
    page: str = "1"


def wanted(parameters: Mapping[str, str]) -> Wanted:
    by = parameters.get("by", "")
    return Wanted(
        parameters.get("dataset", ""), by if by in BY else "author", parameters.get("page", "1")
    )


@dataclass(frozen=True)
class Found:
    """The overridden numbers that have come true in a version, and how many have not yet."""

    version: DatasetVersion
    cells: pl.DataFrame
    judged: Judged
    pending: int

    def all(self) -> Added:
        return value_added.judge(self.judged)

    def by(self, name: str) -> dict[str, Added]:
        return value_added.judge_by(self.judged, self.cells[name].to_list())


def of(version: DatasetVersion) -> Found:
    """Judge the overrides of a dataset by what one of its versions knows.

    Overrides of another frequency, with dates where it has none or without, and of periods before
    the version begins, say nothing here.
    """
    cells = frames.read(_CELLS, [version.dataset_id, version.frequency])
    known = [fits(version.calendar, one) for one in cells["period"]]
    cells = cells.filter(pl.Series(known, dtype=pl.Boolean))
    numbers = [number_of(version.calendar, one) for one in cells["period"]]
    calendars = _calendars(cells)
    origins = [
        _translated(calendars[made], origin, version.calendar)
        for made, origin in cells.select("version_id", "origin").iter_rows()
    ]
    cells = cells.with_columns(
        pl.Series("t", numbers, dtype=pl.Int64), pl.Series("from", origins, dtype=pl.Int64)
    )
    cells = cells.filter(pl.col("t") >= 0)
    due = cells.filter(pl.col("t") < version.history).sort("series_id", "t")
    actual, naive = _sold(version, due)
    forecasts = {
        "naive": naive,
        "model": due["model"].to_numpy().astype(np.float64),
        "overridden": due["units"].to_numpy().astype(np.float64),
    }
    judged = Judged(actual, forecasts, due["t"].to_numpy())
    return Found(version, due, judged, cells.height - due.height)


def _calendars(cells: pl.DataFrame) -> dict[int, Calendar]:
    ids = cells["version_id"].unique().to_list()
    return {one.pk: one.calendar for one in DatasetVersion.objects.filter(pk__in=ids)}


def _translated(made: Calendar, number: int, calendar: Calendar) -> int:
    """Return the number that a period of one calendar has in another."""
    moment = made.start(number)
    return number if moment is None or calendar.epoch is None else calendar.number(moment)


def _sold(version: DatasetVersion, due: pl.DataFrame) -> tuple[Any, Any]:
    """Return what was sold, NaN where it does not count, and the naive forecast of each number.

    The naive forecast is the last value that was seen at the origin of the forecast that was
    overridden, 0 where none was: that of the model `naive`.
    """
    actual, naive = np.full(due.height, np.nan), np.zeros(due.height)
    if not due.height:
        return actual, naive
    source = Source(version)
    series, t, origin = (due[one].to_numpy() for one in ("series_id", "t", "from"))
    there = np.unique(series[np.isin(series, source.series)])
    for start in range(0, len(there), AT_ONCE):
        panel = source.some(there[start : start + AT_ONCE].tolist()).panel
        mine = np.flatnonzero(np.isin(series, panel.series))
        columns = np.searchsorted(panel.series, series[mine])
        actual[mine] = panel.actual[t[mine], columns]
        seen = observed.carried_forward(panel.fit)
        last = np.nan_to_num(seen[np.maximum(origin[mine], 0), columns])
        naive[mine] = np.where(origin[mine] < 0, 0.0, last)
    return actual, naive


# -- the page ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """What the overrides of one author, reason or series did."""

    by: str
    name: str
    added: Added

    @property
    def points(self) -> str:
        return figures.points(self.added.points / 100)

    @property
    def tone(self) -> str:
        return {Verdict.BETTER: "ok", Verdict.WORSE: "bad"}.get(self.added.verdict, "")

    @property
    def wape(self) -> Mapping[str, str]:
        return {one: figures.percent(value / 100) for one, value in self.added.wape.items()}

    @property
    def bias(self) -> Mapping[str, str]:
        return {one: figures.signed_percent(value / 100) for one, value in self.added.bias.items()}

    @property
    def verdict(self) -> str:
        return verdict(self.added, self.by, self.name)


@dataclass(frozen=True)
class ValueAddedPage:
    wanted: Wanted
    datasets: Sequence[str]
    found: Found | None
    overall: Row | None
    page: Page[Row] | None
    undefined: int

    @property
    def dataset(self) -> str:
        return str(self.found.version.dataset.name) if self.found else ""

    @property
    def choices(self) -> Sequence[Mapping[str, object]]:
        return [places.dataset_choice(self.datasets, self.dataset, always=True)]

    @property
    def facts(self) -> Sequence[str]:
        if self.found is None or self.overall is None:
            return []
        added = self.overall.added
        told = [
            _("judged on %s") % self.found.version.ref,
            ngettext("%(n)s number judged", "%(n)s numbers judged", added.numbers)
            % {"n": figures.number(added.numbers)},
        ]
        if added.unjudged:
            said = _("%s left out: closed, out of stock or not known")
            told.append(said % figures.number(added.unjudged))
        if self.found.pending:
            told.append(_("%s not due yet") % figures.number(self.found.pending))
        return told

    @property
    def kpis(self) -> Sequence[Mapping[str, Any]]:
        if self.overall is None:
            return []
        row = self.overall
        steps = {
            "naive": _("naive"),
            "model": _("model"),
            "overridden": _("with overrides"),
        }
        return [
            *(
                {
                    "label": _("WAPE, %s") % words,
                    "value": row.wape[step],
                    "note": _("bias %s") % row.bias[step],
                }
                for step, words in steps.items()
            ),
            {
                "label": _("Value added by overrides"),
                "value": row.points,
                "note": _("closer on %(closer)s of %(all)s")
                % {"closer": row.added.closer, "all": row.added.numbers},
                "tone": row.tone,
            },
        ]

    @property
    def views(self) -> Sequence[Mapping[str, object]]:
        titles = {"author": _("By author"), "reason": _("By reason"), "series": _("By series")}
        query = f"&dataset={self.dataset}" if self.dataset else ""
        return [
            {"label": titles[one], "url": f"?by={one}{query}", "is_here": one == self.wanted.by}
            for one in BY
        ]

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        heads = {"author": _("Author"), "reason": _("Reason"), "series": _("Series")}
        return [
            {"label": heads[self.wanted.by], "key": ""},
            {"label": _("Numbers"), "key": "", "numeric": True},
            {"label": _("Naive"), "key": "", "numeric": True},
            {"label": _("Model"), "key": "", "numeric": True},
            {"label": _("Overridden"), "key": "", "numeric": True},
            {"label": _("Value added"), "key": "", "numeric": True},
            {"label": _("Bias, model"), "key": "", "numeric": True},
            {"label": _("Bias, overridden"), "key": "", "numeric": True},
            {"label": _("Verdict"), "key": ""},
        ]


def page(viewer: User, asked: Wanted) -> ValueAddedPage:
    """Judge the overrides of a dataset, the first one with overrides unless it is named."""
    datasets = with_overrides(viewer)
    name = asked.dataset or (datasets[0] if datasets else "")
    if not name:
        return ValueAddedPage(asked, datasets, None, None, None, 0)
    found = of(warehouse.newest(warehouse.resolve(name, viewer).dataset))
    groups = found.by(asked.by)
    ranked = sorted(groups.items(), key=lambda one: np.nan_to_num(one[1].points, nan=np.inf))
    rows = [Row(asked.by, _named(asked.by, key), added) for key, added in ranked]
    shown = Paginator(rows, PER_PAGE).get_page(asked.page)
    overall = Row("", "", found.all())
    return ValueAddedPage(asked, datasets, found, overall, shown, value_added.undefined(groups))


def with_overrides(viewer: User) -> list[str]:
    """Return the names of the visible datasets that have overrides, newest override first."""
    visible = Override.objects.visible_to(viewer).values("dataset__name")
    newest = visible.annotate(newest=Max("pk")).order_by("-newest")
    return list(newest.values_list("dataset__name", flat=True))


def _named(by: str, key: str) -> str:
    return scopes.reason(key) if by == "reason" else key


def verdict(added: Added, by: str = "", key: str = "") -> str:
    """Say what overrides did: "Overrides by ada made the error 2.1 points worse on 14 periods"."""
    subjects = {
        "author": _("Overrides by %s") % key,
        "reason": _("Overrides for “%s”") % key,
        "series": _("Overrides of %s") % key,
    }
    said = {
        "overrides": subjects.get(by, _("Overrides")),
        "points": figures.number(abs(added.points), 1),
        "periods": ngettext("%(n)s period", "%(n)s periods", added.days) % {"n": added.days},
        "numbers": ngettext("%(n)s number", "%(n)s numbers", added.numbers)
        % {"n": figures.number(added.numbers)},
    }
    texts = {
        Verdict.BETTER: _("%(overrides)s made the error %(points)s points better on %(periods)s"),
        Verdict.WORSE: _("%(overrides)s made the error %(points)s points worse on %(periods)s"),
        Verdict.ALIKE: _("%(overrides)s changed nothing about the error on %(periods)s"),
        Verdict.FEW: _("%(overrides)s: %(numbers)s so far, too few to tell"),
        Verdict.UNDEFINED: _("%(overrides)s: nothing was sold, so the error is undefined"),
    }
    return texts[added.verdict] % said
