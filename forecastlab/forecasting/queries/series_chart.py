"""The chart of one series: what was sold, what was judged on the folds, what is forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.domain.panel import Flags, Floats
from forecastlab.forecasting.models import Forecast
from forecastlab.forecasting.queries import labels, panels
from forecastlab.forecasting.queries.replay import Replay
from forecastlab.lib import registry
from forecastlab.lib.contributions import Dot, SeriesDots
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.models import DatasetVersion

MOST_SHOWN = 400
# What a reader first sees of the history, by frequency, in periods.
WINDOWS: Mapping[str, Sequence[int]] = {
    "H": (168, 336),
    "D": (56, 91, 365),
    "W": (26, 52, 104),
    "M": (24, 60),
    "Q": (12, 40),
    "Y": (10, 30),
}
RANGES = {"low80": "lo80", "high80": "hi80", "low95": "lo95", "high95": "hi95"}


@dataclass(frozen=True)
class SeriesChart:
    """What `components/chart.html` draws. `origin` is the last period before `forecast`.

    With a chosen fold the chart ends with it and shows no forecast.
    """

    version: DatasetVersion
    series_id: int
    origin: int
    forecast: Forecast | None
    replay: Replay | None

    @property
    def _window(self) -> Any:
        return self.replay.window if self.replay else None

    @property
    def end(self) -> int:
        """Return the last period of sales that is drawn."""
        return self._window.end if self._window else self.origin

    @property
    def ahead(self) -> int:
        """Return how many periods of forecast follow."""
        if self.forecast is None or self._window:
            return 0
        return len(self.forecast.yhat)

    @property
    def start(self) -> int:
        return max(self.end + 1 - MOST_SHOWN, 0)

    @cached_property
    def plain(self) -> dict[str, Any]:
        """Return the chart as plain data."""
        total = self.end + 1 + self.ahead
        history, scored = self._history
        known = slice(self.start, self.end + 1)
        stockout = (~np.isnan(history) & np.isnan(scored))[known]
        chart: dict[str, Any] = {
            "t": [self.version.calendar.label(t) for t in range(self.start, total)],
            "actual": self._padded(_plain(history[known])),
            "window": self._usual + self.ahead,
            "windows": self._windows,
            "words": {
                "actual": _("Actual"),
                "judged": _("Champion on the folds"),
                "forecast": _("Forecast"),
            },
            **self._issued,
            **self._judged,
            **self._dotted,
        }
        if stockout.any():
            chart["stockout"] = [*(bool(one) for one in stockout), *[False] * self.ahead]
        promoted = self._promoted[self.start : total]
        if promoted.any():
            chart["promo"] = [bool(one) for one in promoted]
        return chart

    def _padded(self, values: Sequence[float | None]) -> list[float | None]:
        return [*values, *[None] * self.ahead]

    @property
    def _issued(self) -> dict[str, Any]:
        if self.forecast is None or not self.ahead:
            return {}
        blank = [None] * (self.end + 1 - self.start)
        ranges = {key: [*blank, *getattr(self.forecast, field)] for key, field in RANGES.items()}
        said = {"count": self.ahead, "noun": BY_FREQUENCY[self.version.frequency].noun}
        label = _("Forecast, %(count)s %(noun)s") % said
        return {"forecast": [*blank, *self.forecast.yhat], **ranges, "forecast_label": label}

    @cached_property
    def dots(self) -> list[tuple[str, Mapping[str, Dot]]]:
        """Return what apps put beside the forecast, by title and period; only what there is."""
        if not self.ahead:
            return []
        first = self.end + 1
        periods = [self.version.calendar.label(first + step) for step in range(self.ahead)]
        found = [
            (one.title(), {dot.period: dot for dot in one.find(self.series_id, periods)})
            for _app, one in registry.contributed("series_dots", SeriesDots)
        ]
        return [(title, dots) for title, dots in found if dots]

    @property
    def _dotted(self) -> dict[str, Any]:
        labels_of = range(self.start, self.end + 1 + self.ahead)
        names = [self.version.calendar.label(t) for t in labels_of]
        drawn = [
            {"title": title, "values": [dots[one].units if one in dots else None for one in names]}
            for title, dots in self.dots
        ]
        return {"dots": drawn} if drawn else {}

    @property
    def _judged(self) -> dict[str, Any]:
        """Return the champion on the folds, the folds, and the models drawn beside it."""
        replay = self.replay
        if replay is None:
            return {"folds": []}
        found: dict[str, Any] = {"folds": replay.marks(self.start)}
        if replay.served is not None:
            found["judged"] = self._line(replay, replay.served)
        overlays = [
            {"title": title_of(one), "values": self._line(replay, replay.of(one))}
            for one in replay.drawn
        ]
        return {**found, "overlays": overlays} if overlays else found

    def _line(self, replay: Replay, values: Floats) -> list[float | None]:
        return self._padded(replay.line(values, self.end + 1)[self.start :])

    # -- facts ----------------------------------------------------------------------------------

    @cached_property
    def facts(self) -> pl.DataFrame:
        return warehouse.facts(self.version, (*panels.COLUMNS, "promo"), [self.series_id])

    @cached_property
    def _history(self) -> tuple[Floats, Floats]:
        """Return what was sold, and of it what counts when judging."""
        facts = self.facts.filter(pl.col("t") < self.version.history)
        sold = np.full(self.version.history, np.nan)
        sold[facts["t"].to_numpy()] = facts["quantity"].to_numpy()
        panel = panels.of_series(facts, self.version).panel
        return sold, panel.actual[:, 0] if panel.width else sold

    @cached_property
    def _promoted(self) -> Flags:
        """Return which periods had a promotion, the planned ones among them."""
        promoted = np.zeros(self.version.periods + self.ahead, dtype=bool)
        promoted[self.facts.filter(pl.col("promo") > 0)["t"].to_numpy()] = True
        return promoted

    # -- how much of it -------------------------------------------------------------------------

    @property
    def _usual(self) -> int:
        """Return how much history is shown first."""
        return WINDOWS[self.version.frequency][0]

    @property
    def _windows(self) -> list[dict[str, Any]]:
        known = self.end + 1 - self.start
        noun = BY_FREQUENCY[self.version.frequency].noun
        sizes = [one for one in WINDOWS[self.version.frequency] if one < known]
        return [
            {"label": f"{size} {noun}", "points": size + self.ahead} for size in [*sizes, known]
        ]

    # -- as a table -----------------------------------------------------------------------------

    @property
    def columns(self) -> list[str]:
        overlays = [one["title"] for one in self.plain.get("overlays", [])]
        issued = [_("Forecast"), "80 %", "95 %"] if self.ahead else []
        dotted = [title for title, _dots in self.dots]
        return [_("Period"), _("Actual"), _("Champion on the folds"), *overlays, *issued, *dotted]

    @property
    def rows(self) -> list[list[str]]:
        """Return the chart's values as a table."""
        chart = self.plain
        blank = [None] * len(chart["t"])
        lines = [
            chart["actual"],
            chart.get("judged", blank),
            *(one["values"] for one in chart.get("overlays", [])),
        ]
        written = [[labels.quantity(one) for one in line] for line in lines]
        if self.ahead:
            written += [
                [labels.quantity(one) for one in chart["forecast"]],
                _spans(chart["low80"], chart["high80"]),
                _spans(chart["low95"], chart["high95"]),
            ]
        written += [[_said(dots.get(when)) for when in chart["t"]] for _title, dots in self.dots]
        return [[str(when), *cells] for when, *cells in zip(chart["t"], *written, strict=True)]


def _spans(low: Sequence[float | None], high: Sequence[float | None]) -> list[str]:
    return [labels.span(*one) for one in zip(low, high, strict=True)]


def _said(dot: Dot | None) -> str:
    return f"{labels.quantity(dot.units)} ({dot.about})" if dot else labels.quantity(None)


def _plain(values: Floats) -> list[float | None]:
    return [None if np.isnan(one) else float(one) for one in values]
