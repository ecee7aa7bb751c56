"""One series of a version: its sales and signals over a window of time, and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import polars as pl
from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.lib import dates, downloads, figures
from forecastlab.lib.errors import NotFound
from forecastlab.lib.figures import number, percent
from forecastlab.warehouse import queries
from forecastlab.warehouse.domain import profiles
from forecastlab.warehouse.domain.content import NUMBERS
from forecastlab.warehouse.models import DatasetVersion, SeriesProfile
from forecastlab.warehouse.queries.dataset_page import address
from forecastlab.warehouse.queries.series_list import amount

PER_PAGE = 50
MOST_SHOWN = 800
# What can be looked at at once, by frequency, in periods; the first is what a reader sees.
WINDOWS: Mapping[str, Sequence[int]] = {
    "H": (168, 336, 720),
    "D": (91, 182, 365),
    "W": (104, 52, 208),
    "M": (60, 24, 120),
    "Q": (40, 12, 80),
    "Y": (30, 10, 60),
}
MARKS = ("promo", "open", "stockout_share")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for: how many periods, up to which one, and which page of them."""

    window: int = 0
    end: int | None = None
    page: str = "1"


@dataclass(frozen=True, slots=True)
class Strip:
    """A small drawing under the chart, on the same axis of time: one signal."""

    name: str
    values: Sequence[float | None]
    low: str
    high: str


class NoSuchSeries(NotFound):
    """This version has no such series."""

    code = "no_such_series"


def wanted(given: Mapping[str, str]) -> Wanted:
    window, end = given.get("window", ""), given.get("end", "")
    return Wanted(
        window=int(window) if window.isdecimal() and len(window) < 7 else 0,
        end=int(end) if end.isdecimal() and len(end) < 9 else None,
        page=given.get("page", "1"),
    )


def find(version: DatasetVersion, series_id: int) -> SeriesProfile:
    """Return what the version holds of a series; raises NoSuchSeries."""
    told = SeriesProfile.objects.filter(version=version, series=series_id)
    found = told.select_related("series__store", "series__product").first()
    if found is None:
        raise NoSuchSeries(f"{version.ref} has no series {series_id}.")
    return found


@dataclass(frozen=True)
class SeriesPage:
    version: DatasetVersion
    profile: SeriesProfile
    asked: Wanted

    @property
    def title(self) -> str:
        return self.profile.unique_id

    @property
    def facts(self) -> list[str]:
        label = self.version.calendar.label
        return [
            _("%s units") % amount(self.profile.quantity),
            _("%s rows") % number(self.profile.rows),
            dates.window(label(self.profile.first), label(self.profile.last)),
            _("by %s") % self.version.calendar.frequency.noun,
        ]

    # -- figures ------------------------------------------------------------------------------

    @cached_property
    def told(self) -> dict[str, Any]:
        """Return the figures of the series, with its class of demand."""
        one = self.profile
        known = one.rows - one.unknown
        demands = known - one.zeros
        return {
            "pattern": profiles.pattern_of(one.rows, one.unknown, one.zeros, one.variation),
            "mean": one.quantity / known if known else None,
            "interval": known / demands if demands else None,
        }

    @property
    def kpis(self) -> list[dict[str, Any]]:
        one, told, noun = self.profile, self.told, self.version.calendar.frequency.noun
        whole = self.version.profile.get("quantity") or 0
        return [
            {
                "label": _("Quantity"),
                "value": amount(one.quantity),
                "note": _("%s of all") % percent(one.quantity / whole) if whole > 0 else "",
            },
            {"label": _("Mean per %s") % noun, "value": figures.number(told["mean"], 1)},
            {
                "label": _("Demand"),
                "value": self._patterns().get(told["pattern"], _("None")),
                "long": True,
            },
            {"label": _("Zeros"), "value": number(one.zeros), "note": _share(one.zeros, one.rows)},
            {
                "label": _("Gaps"),
                "value": number(one.gaps),
                "note": _share(one.gaps, one.rows + one.gaps),
            },
            {
                "label": _("Stock-outs"),
                "value": number(one.stockouts),
                "note": _share(one.stockouts, one.rows),
            },
        ]

    def _patterns(self) -> dict[str, str]:
        return {
            "smooth": _("Regular, steady"),
            "erratic": _("Regular, varying"),
            "intermittent": _("With pauses, steady"),
            "lumpy": _("With pauses, varying"),
        }

    @property
    def figures(self) -> list[dict[str, Any]]:
        one, told = self.profile, self.told
        series = one.series
        return [
            {"label": _("Store"), "value": series.store.code if series.store else None},
            {"label": _("Product"), "value": series.product.code if series.product else None},
            *self._attributes(series.store),
            *self._attributes(series.product),
            {"label": _("Unknown quantities"), "value": number(one.unknown)},
            {"label": _("Negative quantities"), "value": number(one.negative)},
            {"label": _("Outliers"), "value": number(one.outliers)},
            {"label": _("Variation"), "value": number(one.variation, 2)},
            {"label": _("Periods between sales"), "value": number(told["interval"], 2)},
        ]

    def _attributes(self, of: Any) -> list[dict[str, Any]]:
        told = sorted(of.attributes.items()) if of else []
        return [
            {"label": name, "value": _short(value)} for name, value in told if value is not None
        ]

    # -- the window ---------------------------------------------------------------------------

    @property
    def sizes(self) -> list[int]:
        """Return the windows to choose from; the whole version is one unless it is too long."""
        periods = self.version.periods
        fitting = [one for one in WINDOWS[self.version.frequency] if one < periods]
        whole = [periods] if periods <= MOST_SHOWN else []
        return [*fitting, *whole] or [MOST_SHOWN]

    @property
    def size(self) -> int:
        return self.asked.window if self.asked.window in self.sizes else self.sizes[0]

    @property
    def end(self) -> int:
        """Return the last period of the window: the version's last one unless asked otherwise."""
        last = self.version.periods - 1
        least = min(self.size, self.version.periods) - 1
        return last if self.asked.end is None else min(max(self.asked.end, least), last)

    @property
    def start(self) -> int:
        return max(0, self.end + 1 - self.size)

    @property
    def windows(self) -> list[dict[str, Any]]:
        noun = self.version.calendar.frequency.noun
        end = {} if self.asked.end is None else {"end": self.end}
        return [
            {
                "label": f"{number(one)} {noun}s",
                "url": self._at(window=one, **end),
                "set": one == self.size,
            }
            for one in sorted(self.sizes)
        ]

    @property
    def earlier(self) -> str:
        return self._at(window=self.size, end=self.start - 1) if self.start > 0 else ""

    @property
    def later(self) -> str:
        is_last = self.end >= self.version.periods - 1
        return "" if is_last else self._at(window=self.size, end=self.end + self.size)

    def _at(self, **asked: int) -> str:
        return "?" + urlencode(asked)

    # -- the drawings -------------------------------------------------------------------------

    @cached_property
    def columns_held(self) -> list[str]:
        kept = self.version.profile.get("columns", ["quantity"])
        return [one for one in NUMBERS if one in kept]

    @cached_property
    def signals(self) -> list[str]:
        return list(self.version.signals.order_by("position").values_list("name", flat=True))

    @cached_property
    def frame(self) -> pl.DataFrame:
        """Return one row per period of the window, null where the series has none."""
        columns = [*self.columns_held, *(["signals"] if self.signals else [])]
        found = queries.facts(self.version, columns, [self.profile.series_id])
        full = pl.DataFrame({"t": range(self.start, self.end + 1)}, schema={"t": pl.Int32})
        told = full.join(found.with_columns(held=pl.lit(value=True)), on="t", how="left").sort("t")
        values = [
            pl.col("signals")
            .list.get(place, null_on_oob=True)
            .fill_nan(None)
            .alias(f"signal_{place}")
            for place in range(len(self.signals))
        ]
        return told.with_columns(values)

    @property
    def labels(self) -> list[str]:
        return [self.version.calendar.label(t) for t in range(self.start, self.end + 1)]

    @cached_property
    def chart(self) -> dict[str, Any]:
        """Return what `components/chart.html` draws; a missing row is a gap in the line."""
        frame = self.frame
        marks = {
            "promo": self._marked("promo", pl.col("promo") > 0),
            "stockout": self._marked("stockout_share", pl.col("stockout_share") > 0),
            "closed": self._marked("open", pl.col("open") == 0),
        }
        return {
            "t": self.labels,
            "actual": frame["quantity"].to_list(),
            **{name: found for name, found in marks.items() if any(found)},
            "fixed": True,
            "words": {"actual": _("Sales"), "stockout": _("Stock-out")},
        }

    def _marked(self, column: str, mark: pl.Expr) -> list[bool]:
        if column not in self.frame.columns:
            return []
        return self.frame.select(mark.fill_null(value=False)).to_series().to_list()

    @property
    def strips(self) -> list[Strip]:
        """Return price, the other columns and the signals, each where anything of it is known."""
        held = [(one, one) for one in self.columns_held if one != "quantity"]
        held += [(f"signal_{place}", name) for place, name in enumerate(self.signals)]
        found = [
            _strip(name, self.frame[column].to_list(), self._places[column])
            for column, name in held
        ]
        return [one for one in found if one is not None]

    @property
    def sentence(self) -> str:
        sold = self.frame["quantity"]
        missing = int(self.frame["held"].null_count())
        words = {
            "total": amount(float(sold.sum())),
            "span": dates.window(self.labels[0], self.labels[-1]),
            "missing": number(missing),
        }
        return _("%(total)s units, %(span)s; %(missing)s periods without a row") % words

    @property
    def chart_columns(self) -> list[str]:
        return [_("Period"), _("Sales")]

    @property
    def chart_rows(self) -> list[list[str]]:
        values = zip(self.labels, self.chart["actual"], strict=True)
        return [[when, _cell(value, self._places["quantity"])] for when, value in values]

    # -- the table ----------------------------------------------------------------------------

    @property
    def table_columns(self) -> list[str]:
        return [_("Period"), *self.columns_held, *self.signals]

    @cached_property
    def table_page(self) -> Page[dict[str, Any]]:
        """Return a page of the window's periods, newest first."""
        return Paginator(self.frame.reverse().to_dicts(), PER_PAGE).get_page(self.asked.page)

    @cached_property
    def _places(self) -> dict[str, int]:
        """Return how many decimals each column needs: none where all its numbers are whole."""
        numbers = pl.col(pl.Float64, pl.Float32)
        whole = self.frame.select((numbers % 1 == 0).all()).row(0, named=True)
        largest = self.frame.select(numbers.abs().max()).row(0, named=True)
        return {
            name: 0 if is_whole else figures.places_for(largest[name] or 0)
            for name, is_whole in whole.items()
        }

    @property
    def table_rows(self) -> list[dict[str, Any]]:
        names = [*self.columns_held, *(f"signal_{place}" for place in range(len(self.signals)))]
        label = self.version.calendar.label
        return [
            {
                "when": label(one["t"]),
                "is_gap": not one["held"],
                "cells": [_cell(one[name], self._places[name]) for name in names],
            }
            for one in self.table_page.object_list
        ]

    # -- where to go from here ----------------------------------------------------------------

    @property
    def neighbours(self) -> dict[str, str]:
        """Return the addresses of the series before and after this one, by name."""
        same = SeriesProfile.objects.filter(version=self.version)
        before = same.filter(unique_id__lt=self.title).order_by("-unique_id")
        after = same.filter(unique_id__gt=self.title).order_by("unique_id")
        found = {
            "before": before.values_list("series_id", flat=True).first(),
            "after": after.values_list("series_id", flat=True).first(),
        }
        return {name: self._page(one) if one else "" for name, one in found.items()}

    def _page(self, series_id: int) -> str:
        args = [self.version.dataset.name, self.version.number, series_id]
        return reverse("warehouse:series-page", args=args)

    @property
    def downloads(self) -> list[dict[str, str]]:
        args = [self.version.dataset.name, self.version.number, self.profile.series_id]
        return downloads.offered("warehouse:series-download", *args)

    @property
    def forecasts_url(self) -> str:
        """Return where forecasts of this series are looked for, "" where nothing offers that."""
        named = {"dataset": self.version.dataset.name, "search": self.title}
        return address("forecasting:series", f"?{urlencode(named)}")


def _strip(name: str, values: list[float | None], places: int) -> Strip | None:
    known = [one for one in values if one is not None]
    if not known:
        return None
    return Strip(name, values, _cell(min(known), places), _cell(max(known), places))


def _short(value: Any) -> str:
    is_long = isinstance(value, float) and abs(value) < figures.ONE_MILLION
    return f"{value:.5g}" if is_long else str(value)


def _cell(value: float | None, places: int) -> str:
    return figures.UNKNOWN if value is None else number(value, places)


def _share(part: float, whole: float) -> str:
    return percent(part / whole) if part and whole else ""
