"""Tables of stores, products and days beside the sales: read, compared with them, and kept."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from forecastlab.warehouse.domain import describing as tables
from forecastlab.warehouse.domain import problems
from forecastlab.warehouse.domain.describing import CALENDAR, HOLIDAY, PRODUCTS, STORES
from forecastlab.warehouse.domain.mapping import Mapping
from forecastlab.warehouse.domain.options import Options
from forecastlab.warehouse.domain.problems import SHOWN, Problem
from forecastlab.warehouse.gateways import describing
from forecastlab.warehouse.gateways.describing import KEY
from forecastlab.warehouse.gateways.workplace import Staged, Workplace
from forecastlab.warehouse.models import CalendarDay, Dataset, Product, Store
from forecastlab.warehouse.services import beside
from forecastlab.warehouse.services.describing import AT_ONCE, fill, keep_days

Days = tuple[tuple[date, float], ...]
MOST_NAMED = 8
_MODELS = ((STORES, Store), (PRODUCTS, Product))


def check(place: Workplace, options: Options, mapping: Mapping) -> None:
    """Raise TableUnusable for a table whose columns do not say what a row is about."""
    for role in _given(options):
        source = beside.opened(place, role, options)
        key = tables.key_of(role, source.headings, _own(role, mapping), source.name)
        tables.attributes_of(role, source.headings, key, source.name)


def read(place: Workplace, options: Options, mapping: Mapping) -> list[Problem]:
    """Leave what the tables say in the workplace, and return what is wrong with them."""
    found: list[Problem] = []
    for role in tables.TABLES:
        _path(place, role).unlink(missing_ok=True)
    for role in _given(options):
        source = beside.opened(place, role, options)
        told = describing.read(source, role, _own(role, mapping), options.reading)
        found += told.found
        if not problems.refusal(told.found):
            told.rows.write_parquet(_path(place, role))
    return found


def holidays(place: Workplace) -> Days:
    """Return the days of which the calendar says whether they are holidays."""
    rows = _kept(place, CALENDAR)
    if rows is None or HOLIDAY not in rows.columns:
        return ()
    return tuple(rows.select(KEY, HOLIDAY).drop_nulls().rows())


def kept_holidays(name: str, mapping: Mapping) -> Days:
    """Return what the dataset of that name knows of holidays, for sales that say nothing of any."""
    if mapping.column(HOLIDAY):
        return ()
    days = CalendarDay.objects.filter(dataset__in=Dataset.objects.named(name))
    told = days.order_by("day").values_list("day", "holiday")
    return tuple((day, holiday) for day, holiday in told if holiday is not None)


def joined(name: str, days: Days, staged: Staged) -> list[Problem]:
    """Say which days of a dataset the rows took their holidays from, where they did."""
    if HOLIDAY not in staged.joined:
        return []
    message = f"Holidays are those of the calendar that is kept with '{name}', {days[0][0]} to "
    message += f"{days[-1][0]}. To change them, import with a calendar."
    return [problems.note("kept_holidays", message, count=len(days))]


def compare(place: Workplace, staged: Staged, options: Options, mapping: Mapping) -> list[Problem]:
    """Return what the tables bring, and what stands in the sales only or in a table only."""
    found = []
    for role, column in ((STORES, "store"), (PRODUCTS, "product")):
        rows = _kept(place, role)
        if rows is not None:
            sold = pl.read_parquet(place.series, columns=[column])[column]
            sold = sold.drop_nulls().unique()
            name = getattr(options, role)
            strangers = _strangers(role, name, rows[KEY], sold)
            found += [_kinds(role, name, rows), *strangers]
    calendar = _kept(place, CALENDAR)
    if calendar is not None:
        found += _days(staged, options.calendar, calendar)
        if HOLIDAY in calendar.columns and mapping.column(HOLIDAY):
            message = f"The sales have a column of holidays, so that of '{options.calendar}' "
            message += "was kept beside them and not joined to them."
            found.append(problems.note("own_holidays", message))
    return found


def keep(dataset: Dataset, place: Workplace) -> None:
    """Write what the tables say over what is known; belongs in the transaction of the load."""
    for role, model in _MODELS:
        rows = _kept(place, role)
        if rows is None:
            continue
        for part in rows.iter_slices(AT_ONCE):
            told = {one.pop(KEY): _given_of(one) for one in part.to_dicts()}
            known = model.objects.filter(dataset=dataset, code__in=told)
            fill(model, list(known), told)
    calendar = _kept(place, CALENDAR)
    if calendar is not None:
        keep_days(dataset, {one.pop(KEY): _given_of(one) for one in calendar.to_dicts()})


# -- one table ---------------------------------------------------------------------------------


def _given(options: Options) -> list[str]:
    return [role for role in tables.TABLES if getattr(options, role)]


def _own(role: str, mapping: Mapping) -> str | None:
    """Return what the sales call the key; series without a product are told apart as products."""
    column = mapping.column(tables.KEYS[role])
    if role == PRODUCTS and column is None and mapping.column("store") is None:
        return mapping.column("series")
    return column


def _path(place: Workplace, role: str) -> Path:
    return place.folder / f"table-{role}.parquet"


def _kept(place: Workplace, role: str) -> pl.DataFrame | None:
    path = _path(place, role)
    return pl.read_parquet(path) if path.exists() else None


def _strangers(role: str, name: str, told: pl.Series, sold: pl.Series) -> list[Problem]:
    found = []
    unsold = told.filter(~told.is_in(sold.to_list())).sort()
    if len(unsold):
        message = f"{_counted(unsold, role)} of '{name}' not in the sales, such as '{unsold[0]}'."
        places = [problems.spot(0, name, one) for one in unsold.head(SHOWN)]
        found.append(problems.note(f"unsold_{role}", message, count=len(unsold), places=places))
    bare = sold.filter(~sold.is_in(told.to_list())).sort()
    if len(bare):
        message = f"{_counted(bare, role)} of the sales not in '{name}', such as '{bare[0]}'."
        places = [problems.spot(0, name, one) for one in bare.head(SHOWN)]
        found.append(problems.note(f"undescribed_{role}", message, count=len(bare), places=places))
    return found


def _kinds(role: str, name: str, rows: pl.DataFrame) -> Problem:
    kinds = [one for one in rows.columns if one != KEY]
    listed = ", ".join(kinds[:MOST_NAMED]) + (", ..." if len(kinds) > MOST_NAMED else "")
    count = problems.counted(len(kinds), "attribute")
    message = f"{_counted(rows[KEY], role)} of '{name}' with {count}: {listed}."
    return problems.note(f"described_{role}", message, count=rows.height)


def _counted(found: pl.Series, noun: str) -> str:
    return f"{len(found):,} {noun if len(found) > 1 else noun[:-1]}"


def _days(staged: Staged, name: str, calendar: pl.DataFrame) -> list[Problem]:
    first = staged.calendar.start(0)
    last = staged.calendar.start(staged.periods - 1)
    if first is None or last is None:
        return []
    days = pl.date_range(first.date(), last.date(), eager=True)
    missing = days.filter(~days.is_in(calendar[KEY].to_list()))
    if missing.is_empty():
        return []
    message = f"{_counted(missing, 'days')} of the sales not in '{name}', such as {missing[0]}."
    return [problems.note("days_not_in_calendar", message, count=len(missing))]


def _given_of(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items() if value is not None}


def _plain(value: Any) -> Any:
    """Return whole numbers without decimals: 2, not 2.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
