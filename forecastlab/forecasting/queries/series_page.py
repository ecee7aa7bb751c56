"""One series: its history, every model on the folds, its champion, and what is forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isclose
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.models import (
    Backtest,
    Champion,
    Forecast,
    ForecastIssue,
    SeriesScore,
)
from forecastlab.forecasting.queries import judged_series, labels
from forecastlab.forecasting.queries.labels import share
from forecastlab.forecasting.queries.replay import Replay
from forecastlab.forecasting.queries.series_chart import SeriesChart
from forecastlab.lib import figures
from forecastlab.lib.contributions import Dot
from forecastlab.warehouse.domain.periods import Frequency
from forecastlab.warehouse.models import DatasetVersion, Series

# In percent: less is written as 0.0.
LEAST_MARGIN = 0.05


@dataclass(frozen=True)
class SeriesPage:
    """Everything the page of one series shows; figures are words already.

    `forecast` is what was issued for it, if anything was. `replay` is None where the forecasts
    were issued over another version than the judged one: its periods may have moved.
    """

    backtest: Backtest
    series: Series
    forecast: Forecast | None
    champion: Champion | None
    replay: Replay | None
    from_backtest: bool = False

    @property
    def title(self) -> str:
        return str(self.series.unique_id)

    @property
    def issue(self) -> ForecastIssue | None:
        return self.forecast.issue if self.forecast else None

    @property
    def version(self) -> DatasetVersion:
        found: DatasetVersion = self.issue.version if self.issue else self.backtest.version
        return found

    @property
    def noun(self) -> str:
        return BY_FREQUENCY[self.version.frequency].noun

    @property
    def unit(self) -> str:
        """Return the frequency as a word, such as "day"."""
        return Frequency(self.version.frequency).noun

    @property
    def span(self) -> str:
        return labels.ahead(self.issue) if self.issue else ""

    @property
    def serves(self) -> str:
        """Return the model that serves, "" for a series that was not judged nor forecast."""
        if self.forecast:
            return self.forecast.model
        return self.champion.model if self.champion else ""

    @cached_property
    def scores(self) -> list[SeriesScore]:
        found = SeriesScore.objects.filter(backtest=self.backtest, series=self.series)
        return sorted(found, key=self._rank)

    def _rank(self, one: SeriesScore) -> tuple[bool, float, bool, str]:
        """Best first; of equals the one that serves."""
        return one.wape is None, one.wape or 0.0, one.model != self.serves, one.model

    @property
    def kpis(self) -> list[dict[str, Any]]:
        score, wape = self._served()
        config = self.backtest.config
        folds = _("%(folds)s folds") % {"folds": config["folds"]}
        horizon = f"{config['horizon']} {self.noun}"
        return [
            {
                "label": _("Instead of the champion") if self.stands_in else _("Champion"),
                "value": title_of(self.serves) if self.serves else None,
                "long": True,
                "note": self._why(),
            },
            {
                "label": f"WAPE, {horizon}, {folds}",
                "value": figures.percent(share(wape)),
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

    def _score(self, model: str) -> SeriesScore | None:
        return next((one for one in self.scores if one.model == model), None)

    def _served(self) -> tuple[SeriesScore | None, float | None]:
        """Return the scores of what serves, where they are kept, and its WAPE."""
        score = self._score(self.serves)
        wape = score.wape if score else None
        if self.forecast is None or not self.stands_in:
            return score, wape
        return score if _same(wape, self.forecast.wape) else None, self.forecast.wape

    @cached_property
    def stands_in(self) -> bool:
        """Whether another choice than the champion serves, because too little is known ahead."""
        best, one, issue = self.champion, self.forecast, self.issue
        if best is None or one is None or issue is None or not issue.without_plan:
            return False
        # A mean of models goes by one name, with and without those that read signals.
        judged = self._score(best.model)
        return best.model != one.model or not _same(judged.wape if judged else None, one.wape)

    @property
    def why_another(self) -> str:
        """Return why another choice than the champion serves, and what to do; "" if none does."""
        if self.champion is None or not self.stands_in:
            return ""
        words = _(
            "%(champion)s, the champion here, reads signals known ahead, such as prices and "
            "promotions, and the dataset does not give them for all of the forecast: a choice "
            "among models that need none serves. Load them as planned rows and run again."
        )
        return words % {"champion": title_of(self.champion.model)}

    def _why(self) -> str:
        if self.champion is None or self.stands_in:
            return ""
        return judged_series.reason_of(self.champion.reason)

    def _ahead(self) -> str:
        margin = self.champion.margin if self.champion else None
        if margin is None or self.champion is None or self.stands_in:
            return ""
        said = {
            "margin": figures.percent(share(abs(margin))),
            "rival": title_of(self.champion.runner_up),
        }
        if abs(margin) < LEAST_MARGIN:
            return _("level with %(rival)s") % said
        ahead = _("%(margin)s ahead of %(rival)s")
        return (ahead if margin > 0 else _("%(margin)s behind %(rival)s")) % said

    @cached_property
    def bars(self) -> list[dict[str, Any]]:
        """Return the models by WAPE on this series, or on the chosen fold of it, best first."""
        known = {one.model: one.wape for one in self.scores if one.wape is not None}
        if self.replay and self.replay.fold:
            wapes = self.replay.wapes
            known = {name: wapes[name] for name in sorted(wapes, key=lambda name: wapes[name])}
        most = max(known.values(), default=0.0)
        return [
            {
                "name": title_of(name),
                "share": wape / most if most else 0.0,
                "value": figures.percent(share(wape)),
            }
            for name, wape in known.items()
        ]

    @property
    def not_judged(self) -> str:
        """Return why this series could not be judged, if it could not."""
        for one in self.backtest.skipped:
            if one["series"] == self.title:
                return str(one["reason"])
        return ""

    @cached_property
    def ahead(self) -> list[dict[str, str]]:
        """Return the forecast, period by period."""
        one, issue = self.forecast, self.issue
        if one is None or issue is None:
            return []
        calendar = issue.version.calendar
        return [
            {
                "when": labels.period(calendar, issue.origin + 1 + step),
                "forecast": labels.quantity(one.yhat[step]),
                "range80": labels.span(one.lo80[step], one.hi80[step]),
                "range95": labels.span(one.lo95[step], one.hi95[step]),
            }
            for step in range(issue.horizon)
        ]

    @property
    def sentence(self) -> str:
        one = self.forecast
        if one is None:
            return _("No forecasts were issued from this backtest.")
        words = _("Expect %(total)s units in %(span)s, 8 times in 10 between %(low)s and %(high)s")
        return words % {
            "total": labels.quantity(one.total),
            "span": self.span,
            "low": labels.quantity(one.total_low),
            "high": labels.quantity(one.total_high),
        }

    @property
    def heard(self) -> str:
        """Return what a reader hears instead of the chart: the sentence, and single numbers."""
        told = [
            f"{title}: {', '.join(self._spelled(one) for one in dots.values())}"
            for title, dots in self.chart.dots
        ]
        return ". ".join([self.sentence, *told])

    def _spelled(self, dot: Dot) -> str:
        return _("%(units)s on %(period)s (%(about)s)") % {
            "units": labels.quantity(dot.units),
            "period": dot.period,
            "about": dot.about,
        }

    @cached_property
    def chart(self) -> SeriesChart:
        origin = self.issue.origin if self.issue else self.version.history - 1
        return SeriesChart(self.version, self.series.pk, origin, self.forecast, self.replay)

    # -- where the page leads -------------------------------------------------------------------

    @property
    def crumbs(self) -> Sequence[dict[str, str]]:
        if self.from_backtest or self.issue is None:
            back = _("Backtest %(id)s") % {"id": self.backtest.pk}
            return [
                {"label": back, "url": reverse("forecasting:backtest", args=[self.backtest.pk])},
                {
                    "label": _("Series"),
                    "url": reverse("forecasting:judged-series", args=[self.backtest.pk]),
                },
                {"label": self.version.ref},
            ]
        listed = {"label": _("Series"), "url": self.issue.get_absolute_url()}
        return [listed, {"label": self.version.dataset.name}]

    @property
    def neighbours(self) -> dict[str, str]:
        """Return the addresses of the series before and after this one, by name."""
        same: QuerySet[Any] = Champion.objects.filter(backtest=self.backtest)
        if not self.from_backtest:
            same = Forecast.objects.filter(issue=self.issue)
        listed = Series.objects.filter(
            Exists(same.filter(series=OuterRef("pk"))), dataset=self.version.dataset_id
        )
        before = listed.filter(unique_id__lt=self.title).order_by("-unique_id")
        after = listed.filter(unique_id__gt=self.title).order_by("unique_id")
        found = {
            "before": before.values_list("pk", flat=True).first(),
            "after": after.values_list("pk", flat=True).first(),
        }
        return {name: self._url(one) for name, one in found.items() if one is not None}

    def _url(self, series_id: int) -> str:
        if self.from_backtest or self.issue is None:
            args = [self.backtest.pk, series_id]
            return reverse("forecasting:judged-series-page", args=args)
        return reverse("forecasting:series-page", args=[self.issue.pk, series_id])

    @property
    def downloads(self) -> list[dict[str, str]]:
        """Return what can be taken away of this series, as CSV and as Parquet."""
        kinds = (("CSV", "csv"), ("Parquet", "parquet"))
        judged = [
            {
                "label": f"{_('Judged forecasts')}, {label}",
                "url": reverse(
                    "forecasting:judged-series-download",
                    args=[self.backtest.pk, self.series.pk, suffix],
                ),
            }
            for label, suffix in kinds
        ]
        if self.issue is None:
            return judged
        args = [self.issue.pk, self.series.pk]
        issued = [
            {
                "label": f"{_('Forecast')}, {label}",
                "url": reverse("forecasting:series-download", args=[*args, suffix]),
            }
            for label, suffix in kinds
        ]
        return [*issued, *judged]


def _same(one: float | None, other: float | None) -> bool:
    return one == other or (
        one is not None and other is not None and isclose(one, other, rel_tol=1e-4)
    )
