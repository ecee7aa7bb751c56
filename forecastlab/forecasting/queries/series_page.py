"""One series: its history, its champion on the folds, and what is forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain import config as rules
from forecastlab.forecasting.domain import metrics
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.domain.folds import Fold
from forecastlab.forecasting.domain.panel import Flags, Floats
from forecastlab.forecasting.models import Champion, Forecast, ForecastIssue, SeriesScore
from forecastlab.forecasting.queries import labels, panels
from forecastlab.forecasting.queries.labels import share
from forecastlab.lib import figures
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.domain.periods import Frequency

MOST_SHOWN = 400
# In percent: less is written as 0.0.
LEAST_MARGIN = 0.05
# What a reader first sees of the history, by frequency, in periods.
WINDOWS: Mapping[str, Sequence[int]] = {
    "H": (168, 336),
    "D": (56, 91, 365),
    "W": (26, 52, 104),
    "M": (24, 60),
    "Q": (12, 40),
    "Y": (10, 30),
}


@dataclass(frozen=True)
class SeriesPage:
    """Everything the page of one series shows; figures are words already."""

    issue: ForecastIssue
    forecast: Forecast

    @property
    def title(self) -> str:
        return str(self.forecast.series.unique_id)

    @property
    def noun(self) -> str:
        return BY_FREQUENCY[self.issue.version.frequency].noun

    @property
    def unit(self) -> str:
        """Return the frequency as a word, such as "day"."""
        return Frequency(self.issue.version.frequency).noun

    @property
    def span(self) -> str:
        return labels.ahead(self.issue)

    @cached_property
    def champion(self) -> Champion | None:
        return Champion.objects.filter(
            backtest=self.issue.backtest_id, series=self.forecast.series_id
        ).first()

    @cached_property
    def scores(self) -> list[SeriesScore]:
        found = SeriesScore.objects.filter(
            backtest=self.issue.backtest_id, series=self.forecast.series_id
        )
        return sorted(found, key=self._rank)

    def _rank(self, one: SeriesScore) -> tuple[bool, float, bool, str]:
        """Best first; of equals the one that serves."""
        return one.wape is None, one.wape or 0.0, one.model != self.forecast.model, one.model

    @property
    def kpis(self) -> list[dict[str, Any]]:
        score = next((one for one in self.scores if one.model == self.forecast.model), None)
        config = self.issue.backtest.config
        folds = _("%(folds)s folds") % {"folds": config["folds"]}
        horizon = f"{config['horizon']} {self.noun}"
        return [
            {"label": _("Champion"), "value": title_of(self.forecast.model), "long": True},
            {
                "label": f"WAPE, {horizon}, {folds}",
                "value": figures.percent(share(score.wape if score else None)),
                "note": self._ahead(),
            },
            {
                "label": _("Bias"),
                "value": figures.signed_percent(share(score.bias if score else None)),
            },
            {"label": "MASE", "value": figures.number(score.mase if score else None, 2)},
            {
                "label": _("Scored"),
                "value": figures.number(score.points) if score else None,
                "note": _("of %(count)s %(noun)s")
                % {"count": config["folds"] * config["horizon"], "noun": self.noun},
            },
        ]

    def _ahead(self) -> str:
        margin = self.champion.margin if self.champion else None
        if margin is None or self.champion is None:
            return ""
        said = {
            "margin": figures.percent(share(abs(margin))),
            "rival": title_of(self.champion.runner_up),
        }
        if abs(margin) < LEAST_MARGIN:
            return _("level with %(rival)s") % said
        ahead = _("%(margin)s ahead of %(rival)s")
        return (ahead if margin > 0 else _("%(margin)s behind %(rival)s")) % said

    @property
    def bars(self) -> list[dict[str, Any]]:
        """Return the models by WAPE on this series, best first."""
        known = [one for one in self.scores if one.wape is not None]
        most = max((one.wape or 0.0 for one in known), default=0.0)
        return [
            {
                "name": title_of(one.model),
                "share": (one.wape or 0.0) / most if most else 0.0,
                "value": figures.percent(share(one.wape)),
            }
            for one in known
        ]

    @property
    def not_judged(self) -> str:
        """Return why this series could not be judged, if it could not."""
        for one in self.issue.backtest.skipped:
            if one["series"] == self.title:
                return str(one["reason"])
        return ""

    @property
    def ahead(self) -> list[dict[str, str]]:
        """Return the forecast, period by period."""
        one, calendar = self.forecast, self.issue.version.calendar
        return [
            {
                "when": labels.period(calendar, self.issue.origin + 1 + step),
                "forecast": labels.quantity(one.yhat[step]),
                "range80": labels.span(one.lo80[step], one.hi80[step]),
                "range95": labels.span(one.lo95[step], one.hi95[step]),
            }
            for step in range(self.issue.horizon)
        ]

    @property
    def neighbours(self) -> dict[str, int | None]:
        """Return the series before and after this one, by name."""
        same = Forecast.objects.filter(issue=self.issue)
        before = same.filter(series__unique_id__lt=self.title).order_by("-series__unique_id")
        after = same.filter(series__unique_id__gt=self.title).order_by("series__unique_id")
        return {
            "before": before.values_list("series_id", flat=True).first(),
            "after": after.values_list("series_id", flat=True).first(),
        }

    # -- the chart ----------------------------------------------------------------------------

    @cached_property
    def chart(self) -> dict[str, Any]:
        """Return what `components/chart.html` draws."""
        origin, horizon = self.issue.origin, self.issue.horizon
        start = max(origin + 1 - MOST_SHOWN, 0)
        label = self.issue.version.calendar.label
        history, scored = self._history()
        stockout = ~np.isnan(history) & np.isnan(scored)
        one, blank = self.forecast, [None] * (origin + 1 - start)
        judged, folds = self._judged(scored, start)
        chart = {
            "t": [label(t) for t in range(start, origin + 1 + horizon)],
            "actual": [*_plain(history[start:]), *[None] * horizon],
            "forecast": [*blank, *one.yhat],
            "low80": [*blank, *one.lo80],
            "high80": [*blank, *one.hi80],
            "low95": [*blank, *one.lo95],
            "high95": [*blank, *one.hi95],
            "folds": folds,
            "forecast_label": _("Forecast, %(span)s") % {"span": self.span},
            "window": WINDOWS[self.issue.version.frequency][0] + horizon,
            "windows": self._windows(horizon),
            "words": {
                "actual": _("Actual"),
                "judged": _("Judged on folds"),
                "forecast": _("Forecast"),
            },
        }
        if any(one is not None for one in judged):
            chart["judged"] = [*judged, *[None] * horizon]
        if stockout[start:].any():
            chart["stockout"] = [*(bool(one) for one in stockout[start:]), *[False] * horizon]
        promoted = self._promoted()
        if promoted[start:].any():
            chart["promo"] = [*(bool(one) for one in promoted[start:]), *[False] * horizon]
        return chart

    @cached_property
    def facts(self) -> pl.DataFrame:
        columns = (*panels.COLUMNS, "promo")
        version = self.issue.version
        facts = warehouse.facts(version, columns, [self.forecast.series_id])
        return facts.filter(pl.col("t") < version.history)

    def _history(self) -> tuple[Floats, Floats]:
        """Return what was sold, and of it what counts when judging."""
        sold = np.full(self.issue.version.history, np.nan)
        sold[self.facts["t"].to_numpy()] = self.facts["quantity"].to_numpy()
        panel = panels.of_series(self.facts, self.issue.version).panel
        return sold, panel.actual[:, 0] if panel.width else sold

    def _promoted(self) -> Flags:
        promoted = np.zeros(self.issue.version.history, dtype=bool)
        promoted[self.facts.filter(pl.col("promo") > 0)["t"].to_numpy()] = True
        return promoted

    def _judged(self, scored: Floats, start: int) -> tuple[list[float | None], list[Any]]:
        """Return what the champion forecast on the folds, and the folds, from `start` on.

        An issue over a newer version than the judged one shows none: its periods may have moved.
        """
        line: list[float | None] = [None] * (self.issue.origin + 1)
        marks: list[dict[str, Any]] = []
        if self.champion is None or self.issue.backtest.version_id != self.issue.version_id:
            return line[start:], marks
        config = rules.restore(self.issue.backtest.config)
        windows = config.windows.windows(self.issue.version.history)
        for number, fold in enumerate(windows):
            part = self.champion.judged[number * config.horizon : (number + 1) * config.horizon]
            line[fold.start : fold.end + 1] = part
            if fold.start >= start:
                marks.append(_mark(number + 1, fold, start, scored, part))
        return line[start:], marks

    def _windows(self, horizon: int) -> list[dict[str, Any]]:
        known = min(self.issue.origin + 1, MOST_SHOWN)
        sizes = [one for one in WINDOWS[self.issue.version.frequency] if one < known]
        return [
            {"label": f"{size} {self.noun}", "points": size + horizon} for size in [*sizes, known]
        ]

    @property
    def columns(self) -> list[str]:
        return [_("Period"), _("Actual"), _("Judged"), _("Forecast"), "80 %", "95 %"]

    @property
    def rows(self) -> list[list[str]]:
        """Return the chart's values as a table."""
        chart = self.chart
        judged = chart.get("judged", [None] * len(chart["t"]))
        return [
            [
                str(chart["t"][one]),
                labels.quantity(chart["actual"][one]),
                labels.quantity(judged[one]),
                labels.quantity(chart["forecast"][one]),
                labels.span(chart["low80"][one], chart["high80"][one]),
                labels.span(chart["low95"][one], chart["high95"][one]),
            ]
            for one in range(len(chart["t"]))
        ]

    @property
    def sentence(self) -> str:
        one = self.forecast
        words = _("Expect %(total)s units in %(span)s, 8 times in 10 between %(low)s and %(high)s")
        return words % {
            "total": labels.quantity(one.total),
            "span": self.span,
            "low": labels.quantity(one.total_low),
            "high": labels.quantity(one.total_high),
        }


def _mark(
    number: int, fold: Fold, start: int, scored: Floats, judged: Sequence[float]
) -> dict[str, Any]:
    wape = metrics.wape(scored[fold.start : fold.end + 1], np.array(judged))
    said = {"number": number, "wape": figures.percent(share(wape))}
    label = _("Fold %(number)s · %(wape)s") % said
    return {"from": fold.start - start, "to": fold.end - start, "label": label}


def _plain(values: Floats) -> list[float | None]:
    return [None if np.isnan(one) else float(one) for one in values]
