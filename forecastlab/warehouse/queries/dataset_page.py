"""One version of a dataset: what it holds, what that is worth, and its total sales over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.dateformat import format as dated
from django.utils.translation import gettext as _

from forecastlab.lib import dates, downloads
from forecastlab.lib.figures import factor, number, percent
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.queries import findings, series_list
from forecastlab.warehouse.queries.findings import Quality, Told
from forecastlab.warehouse.queries.series_list import Row, amount

EXTREMES = 5
LONGEST_SHOWN_SEASON = 24
# How the place in a season is written, by frequency and length of the season.
PLACES = {("H", 24): "H:i", ("D", 7): "l", ("M", 12): "F", ("Q", 4): "F"}


@dataclass(frozen=True)
class DatasetPage:
    version: DatasetVersion
    is_newest: bool

    @property
    def facts(self) -> list[str]:
        """Return the line under the title."""
        version = self.version
        return [
            _("%s rows") % number(version.rows),
            _("%s series") % number(version.series_count),
            dates.window(version.first, version.last),
            _("by %s") % version.calendar.frequency.noun,
        ]

    @property
    def quality(self) -> Quality:
        return findings.quality(self.version)

    @property
    def findings(self) -> Sequence[Told]:
        return findings.told(self.version)

    @property
    def kpis(self) -> list[dict[str, Any]]:
        profile, version = self.version.profile, self.version
        gaps = profile.get("gaps") or 0
        known = profile.get("stockout_known") or 0
        noun = version.calendar.frequency.noun
        return [
            {"label": _("Series"), "value": number(version.series_count)},
            {"label": _("Rows"), "value": number(version.rows)},
            {"label": _("Span"), "value": number(version.periods), "note": f"{noun}s"},
            {"label": _("Zeros"), "value": _share(profile.get("zeros"), version.rows)},
            {"label": _("Gaps"), "value": _share(gaps, version.rows + gaps)},
            {
                "label": _("Time out of stock"),
                "value": _share(profile.get("stockout_sum", 0), known) if known else None,
            },
        ]

    @property
    def figures(self) -> list[dict[str, Any]]:
        """Return name and value of what the facts say about themselves."""
        profile, version = self.version.profile, self.version
        return [
            {"label": _("Content hash"), "value": version.content_hash, "mono": True},
            {"label": _("Quantity"), "value": amount(profile.get("quantity"))},
            {"label": _("Gaps"), "value": number(profile.get("gaps"))},
            {"label": _("Series with gaps"), "value": number(profile.get("gappy_series"))},
            {"label": _("Zeros"), "value": number(profile.get("zeros"))},
            {"label": _("Unknown quantities"), "value": number(profile.get("unknown"))},
            {"label": _("Negative quantities"), "value": number(profile.get("negative"))},
            {"label": _("Outliers"), "value": number(profile.get("outliers"))},
            {"label": _("Rows with an empty shelf"), "value": number(profile.get("stockout_rows"))},
            {
                "label": _("Of these mostly empty"),
                "value": number(profile.get("lasting_stockouts")),
            },
            {"label": _("Series without sales"), "value": number(profile.get("silent_series"))},
            {"label": _("Sold regularly"), "value": self._share_of("smooth", "erratic")},
            {"label": _("Sold with pauses"), "value": self._share_of("intermittent", "lumpy")},
            {"label": _("Columns"), "value": ", ".join(profile.get("columns", []))},
            {"label": _("Signals"), "value": ", ".join(self._signals) or None},
            *self._report,
        ]

    @property
    def _report(self) -> list[dict[str, Any]]:
        """Return where the report of what made the version is, if it was kept."""
        report = self.version.reports.filter(verdict="loaded").first()
        if report is None:
            return []
        url = reverse("warehouse:import-job", args=[report.job_id])
        return [{"label": _("Report"), "value": report.file_name or _("Simulation"), "url": url}]

    def _share_of(self, *patterns: str) -> str:
        counts = [self.version.profile.get(one) for one in patterns]
        told = sum(one for one in counts if one is not None)
        return _share(None if None in counts else told, self.version.series_count)

    @cached_property
    def _signals(self) -> list[str]:
        return [one.name for one in self.version.signals.order_by("position")]

    # -- seasons, top and tail ----------------------------------------------------------------

    @property
    def season(self) -> dict[str, Any] | None:
        """Return the shortest season that can be drawn: its bars, highest first."""
        for one in self.version.profile.get("seasons", ()):
            if one["index"] and one["length"] <= LONGEST_SHOWN_SEASON:
                return self._drawn(one)
        return None

    def _drawn(self, one: dict[str, Any]) -> dict[str, Any]:
        most = max(one["index"])
        ranked = sorted(enumerate(one["index"]), key=lambda pair: -pair[1])
        bars = [
            {
                "name": self._place(place, one["length"]),
                "share": index / most if most > 0 else 0,
                "value": factor(index),
            }
            for place, index in ranked
        ]
        return {"bars": bars, "strength": number(one["strength"], 2), "length": one["length"]}

    def _place(self, place: int, length: int) -> str:
        form = PLACES.get((self.version.frequency, length))
        begun = self.version.calendar.start(place)
        return dated(begun, form) if form and begun else str(place + 1)

    @property
    def shares(self) -> list[dict[str, Any]]:
        """Return how the sales are spread over the series, as bars."""
        profile = self.version.profile
        if "top_share" not in profile:
            return []
        series, most = self.version.series_count, profile["most_of_it"]
        top = _("Best-selling tenth: %s series") % number(profile["top_series"])
        tail = _("Lower half: %s series") % number(profile["tail_series"])
        return [
            {"name": top, "share": profile["top_share"], "value": percent(profile["top_share"])},
            {"name": tail, "share": profile["tail_share"], "value": percent(profile["tail_share"])},
            {
                "name": _("Series that make 80 %"),
                "share": most / series,
                "value": number(most),
            },
        ]

    @cached_property
    def extremes(self) -> tuple[list[Row], list[Row]]:
        return series_list.extremes(self.version, EXTREMES)

    # -- total sales over time ----------------------------------------------------------------

    @cached_property
    def chart(self) -> dict[str, Any] | None:
        """Return what `components/chart.html` draws, None where nothing is known."""
        totals = self.version.profile.get("totals")
        if not totals or all(one is None for one in totals["values"]):
            return None
        label = self.version.calendar.label
        return {
            "t": [label(place * totals["width"]) for place in range(len(totals["values"]))],
            "actual": totals["values"],
            "fixed": True,
            "words": {"actual": _("Sales")},
        }

    @property
    def chart_title(self) -> str:
        totals, noun = self.version.profile["totals"], self.version.calendar.frequency.noun
        if totals["width"] == 1:
            return _("Units sold per %s, all series") % noun
        words = {"noun": noun, "width": totals["width"]}
        return _("Units sold per %(noun)s, all series, mean of %(width)s %(noun)ss") % words

    @property
    def chart_sentence(self) -> str:
        known = [one for one in self.version.profile["totals"]["values"] if one is not None]
        words = {"low": amount(min(known)), "high": amount(max(known))}
        return _("Total sales lie between %(low)s and %(high)s units") % words

    @property
    def chart_columns(self) -> list[str]:
        return [_("Period"), _("Sales")]

    @property
    def chart_rows(self) -> list[list[str]]:
        chart = self.chart or {"t": [], "actual": []}
        return [[t, amount(one)] for t, one in zip(chart["t"], chart["actual"], strict=True)]

    # -- where to go from here ----------------------------------------------------------------

    @property
    def series_url(self) -> str:
        return reverse("warehouse:series-list", args=self._args)

    @property
    def _args(self) -> list[Any]:
        return [self.version.dataset.name, self.version.number]

    @cached_property
    def calendar_days(self) -> int:
        return self.version.dataset.calendar_days.count()

    @property
    def downloads(self) -> list[dict[str, str]]:
        offered = [
            (_("All rows"), "facts"),
            (_("Series"), "series"),
            (_("Overview"), "overview"),
        ]
        address = "warehouse:version-download"
        return [
            one
            for label, table in offered
            for one in downloads.offered(address, *self._args, table, label=label)
        ]

    @property
    def run_url(self) -> str:
        """Return where a run over this version is started, "" where nothing offers that."""
        return address("showcase:run-new", f"?dataset={self.version.ref}")

    @property
    def runs_url(self) -> str:
        return address("showcase:runs", f"?dataset={self.version.dataset.name}")

    @property
    def models_url(self) -> str:
        return address("forecasting:models", f"?dataset={self.version.dataset.name}")

    @property
    def batches_url(self) -> str:
        return address("forecasting:batches", f"?dataset={self.version.dataset.name}")


def of(version: DatasetVersion) -> DatasetPage:
    newest = version.dataset.versions.filter(number__gt=version.number)
    return DatasetPage(version, not newest.exists())


def versions(dataset: Dataset) -> QuerySet[DatasetVersion]:
    """Return the versions of a dataset, the newest first."""
    related = dataset.versions.select_related("dataset", "parent", "created_by")
    return related.order_by("-number")


def address(name: str, query: str) -> str:
    """Return the address of a page of an app above, "" where nothing offers it."""
    try:
        return reverse(name) + query
    except NoReverseMatch:
        return ""


def _share(part: float | None, whole: float) -> str:
    return percent(part / whole if part is not None and whole else None)
