"""What is known of the days of a dataset, whether or not there are sales on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from forecastlab.lib import downloads
from forecastlab.lib.figures import UNKNOWN, number
from forecastlab.warehouse.models import CalendarDay, Dataset

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class CalendarPage:
    dataset: Dataset
    page: Page[CalendarDay]
    special: bool

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [
            {"day": one.day, "name": one.name, "holiday": _share(one.holiday), "more": _more(one)}
            for one in self.page.object_list
        ]

    @property
    def downloads(self) -> list[dict[str, str]]:
        return downloads.offered("warehouse:dataset-calendar-download", self.dataset.name)

    @property
    def columns(self) -> list[dict[str, Any]]:
        return [
            {"label": _("Day"), "key": ""},
            {"label": _("Name"), "key": ""},
            {"label": _("Holiday"), "key": "", "numeric": True},
            {"label": _("More"), "key": ""},
        ]


def of(dataset: Dataset, *, page: str, special: bool) -> CalendarPage:
    """Return a page of the days in their order; only holidays and named ones if `special`."""
    found = days(dataset)
    if special:
        found = found.filter(Q(holiday__gt=0) | ~Q(name=""))
    return CalendarPage(dataset, Paginator(found, PER_PAGE).get_page(page), special)


def days(dataset: Dataset) -> QuerySet[CalendarDay]:
    return dataset.calendar_days.order_by("day")


def table(dataset: Dataset) -> Iterator[pl.DataFrame]:
    """Return ds, holiday, name, and each other attribute under its name."""
    rows = [
        {"ds": one.day, "holiday": one.holiday, "name": one.name or None, **_texts(one.attributes)}
        for one in days(dataset).iterator(10_000)
    ]
    names: Sequence[str] = sorted({name for row in rows for name in row})
    more = [one for one in names if one not in {"ds", "holiday", "name"}]
    kinds = {"ds": pl.Date, "holiday": pl.Float64, "name": pl.String}
    return iter([pl.DataFrame(rows, {**kinds, **dict.fromkeys(more, pl.String)})])


def _texts(attributes: dict[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in attributes.items()}


def _more(day: CalendarDay) -> str:
    return ", ".join(f"{name} {value}" for name, value in _texts(day.attributes).items())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.10g}"


def _share(holiday: float | None) -> str:
    if holiday is None:
        return UNKNOWN
    return number(holiday, 0 if holiday in (0, 1) else 2)
