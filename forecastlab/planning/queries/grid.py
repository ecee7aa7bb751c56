"""The grid of overrides: some series down, some periods across, a field where one may write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.accounts.models import User
from forecastlab.forecasting.models import Forecast
from forecastlab.forecasting.queries import labels
from forecastlab.forecasting.queries.series_list import with_forecasts
from forecastlab.lib import figures
from forecastlab.planning.domain import overrides
from forecastlab.planning.models import OverrideCell
from forecastlab.planning.queries import forecast_tables, horizons, places, scopes, standing
from forecastlab.planning.queries.horizons import Horizon

SERIES, PERIODS = 20, 7


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; `first` is the label of the first period that is shown."""

    dataset: str = ""
    search: str = ""
    only: str = ""
    first: str = ""
    page: str = "1"


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into a grid that was refused: by series and period, and what is wrong."""

    values: Mapping[tuple[int, str], str] = field(default_factory=dict)
    problems: Mapping[tuple[int, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """One bucket. `written` is what its field holds, `title` names it for readers."""

    key: str
    before: str
    written: str
    model: str
    title: str
    who: str
    revision: int
    is_set: bool
    is_frozen: bool
    is_known: bool
    problem: str

    @property
    def was(self) -> str:
        """Return what stood in the field, with its revision: sent along to tell what changed."""
        return f"{self.revision}:{self.before}"

    @property
    def is_open(self) -> bool:
        return not (self.is_frozen or self.is_known)


@dataclass(frozen=True, slots=True)
class Row:
    series: int
    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Grid:
    wanted: Wanted
    horizon: Horizon
    datasets: Sequence[str]
    page: Page[Forecast]
    window: range
    rows: Sequence[Row]
    overridden: int
    added: float

    @property
    def title(self) -> str:
        """Say what overrides come to."""
        if not self.overridden:
            return _("No overrides: the model's forecast stands")
        said = {"n": figures.number(self.overridden), "units": figures.signed(self.added)}
        return (
            ngettext(
                "%(n)s override changes the forecast by %(units)s units",
                "%(n)s overrides change the forecast by %(units)s units",
                self.overridden,
            )
            % said
        )

    @property
    def facts(self) -> Sequence[str]:
        issue = self.horizon.issue
        origin = labels.period(self.horizon.calendar, issue.origin)
        known = self.horizon.first_open
        said = {"span": labels.ahead(issue), "origin": origin}
        told = [issue.version.ref, _("%(span)s after %(origin)s") % said]
        return [*told, _("%s of them sold already") % known] if known else told

    @property
    def dataset(self) -> str:
        return str(self.horizon.dataset.name)

    @property
    def search(self) -> Mapping[str, str]:
        hint = _("Search series")
        return {"value": self.wanted.search, "hint": hint, "label": hint}

    @property
    def choices(self) -> Sequence[Mapping[str, object]]:
        only = [("1", _("Overridden only"))]
        return [
            places.dataset_choice(self.datasets, self.dataset, always=True),
            {
                "name": "only",
                "label": _("All series"),
                "options": only,
                "chosen": self.wanted.only,
            },
        ]

    @property
    def query(self) -> str:
        """Return what is shown as the query of an address."""
        told = {**asdict(self.wanted), "dataset": self.dataset, "first": self.first}
        return urlencode({name: one for name, one in told.items() if one})

    @property
    def periods(self) -> Sequence[str]:
        return [self.horizon.title(place) for place in self.window]

    @property
    def first(self) -> str:
        return self.horizon.labels[self.window.start]

    @property
    def earlier(self) -> str:
        """Return the label that the window before begins with, "" for the first one."""
        start = self.window.start
        return self.horizon.labels[max(start - PERIODS, 0)] if start else ""

    @property
    def later(self) -> str:
        stop = self.window.stop
        return self.horizon.labels[stop] if stop < self.horizon.issue.horizon else ""


def wanted(parameters: Mapping[str, str]) -> Wanted:
    return Wanted(
        dataset=parameters.get("dataset", ""),
        search=parameters.get("search", "").strip(),
        only="1" if parameters.get("only") else "",
        first=parameters.get("first", ""),
        page=parameters.get("page", "1"),
    )


def of(asked: Wanted, *, viewer: User, typed: Typed | None = None) -> Grid | None:
    """Return the grid of the newest forecast, None where there is none to be seen."""
    horizon = horizons.newest(viewer, asked.dataset)
    if horizon is None:
        return None
    page = Paginator(_series(horizon, asked), SERIES).get_page(asked.page)
    window = _window(horizon, asked.first)
    counted = _standing(horizon)
    return Grid(
        wanted=asked,
        horizon=horizon,
        datasets=with_forecasts(viewer),
        page=page,
        window=window,
        rows=_rows(horizon, [one.series_id for one in page], window, typed or Typed()),
        overridden=counted.count(),
        added=counted.aggregate(added=Sum(F("units") - F("model")))["added"] or 0.0,
    )


def _series(horizon: Horizon, asked: Wanted) -> QuerySet[Forecast]:
    found = Forecast.objects.filter(issue=horizon.issue)
    if asked.search:
        found = found.filter(series__unique_id__icontains=asked.search)
    if asked.only:
        found = found.filter(series__in=_standing(horizon).values("series"))
    return found.order_by("series__unique_id").only("series_id")


def _standing(horizon: Horizon) -> QuerySet[OverrideCell]:
    """Return the overrides that stand within the horizon."""
    there: QuerySet[OverrideCell] = OverrideCell.objects.filter(
        dataset=horizon.dataset, period__in=list(horizon.labels)
    )
    return there.exclude(units=None)


def _window(horizon: Horizon, first: str) -> range:
    """Return the places that are shown: from the wanted period, else from the first open one."""
    length = horizon.issue.horizon
    usual = min(horizon.first_open, max(length - PERIODS, 0))
    start = horizon.places.get(first, usual)
    return range(start, min(start + PERIODS, length))


def _rows(horizon: Horizon, series: Sequence[int], window: range, typed: Typed) -> list[Row]:
    table = forecast_tables.of_series(horizon.issue, series)
    periods = [horizon.labels[place] for place in window]
    cells = standing.of(horizon.dataset, periods, table.series)
    held = overrides.frozen_by(
        horizons.freezes_in_force(horizon),
        table.codes,
        [horizon.numbers[place] for place in window],
    )
    model, rows = table.model, []
    for row, (which, name) in enumerate(zip(table.series, table.names, strict=True)):
        made = []
        for column, place in enumerate(window):
            key = which, periods[column]
            there = cells.cell(*key)
            written = plain(there.units if there else None)
            said = labels.quantity(float(model[row, place]))
            made.append(
                Cell(
                    key=f"{which}.{periods[column]}",
                    before=written,
                    written=typed.values.get(key, written),
                    model=said,
                    title=_("%(series)s, %(period)s, model %(model)s")
                    % {"series": name, "period": horizon.title(place), "model": said},
                    who=_who(there),
                    revision=there.revision if there else 0,
                    is_set=there is not None and there.units is not None,
                    is_frozen=bool(held[row, column]),
                    is_known=horizon.is_known(place),
                    problem=typed.problems.get(key, ""),
                )
            )
        rows.append(Row(which, name, made))
    return rows


def _who(cell: OverrideCell | None) -> str:
    if cell is None or cell.units is None:
        return ""
    return f"{standing.who(cell)} ({scopes.reason(cell.override.reason)})"


def plain(units: float | None) -> str:
    """Write units as a field has them: 12, 12.5, "" for none."""
    return "" if units is None else f"{units:.2f}".rstrip("0").rstrip(".")
