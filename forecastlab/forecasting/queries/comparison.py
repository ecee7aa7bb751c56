"""The models of a backtest side by side: who leads, whether that is real, and at what cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.domain.metrics import PERCENTAGES
from forecastlab.forecasting.models import Backtest, ForecastIssue, ModelRun
from forecastlab.forecasting.queries import labels, verdicts
from forecastlab.forecasting.queries.labels import share
from forecastlab.lib import downloads, figures

DOTS = (132, 12)
MOST_SKIPPED = 200
TABLES = ("models", "groups", "scores", "champions", "judged")


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure in words; the best of its column is bold."""

    text: str
    is_best: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One model: `cells` as `Comparison.columns` names them, `dots` its folds as x in a drawing."""

    name: str
    title: str
    url: str
    note: str
    wape: Cell
    dots: Sequence[float]
    folds: str
    cells: Sequence[Cell]

    @property
    def low(self) -> float:
        return min(self.dots)

    @property
    def high(self) -> float:
        return max(self.dots)


@dataclass(frozen=True)
class Comparison:
    backtest: Backtest

    # -- what it is -----------------------------------------------------------------------------

    @property
    def result(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.backtest.result
        return found

    @property
    def models(self) -> Mapping[str, Mapping[str, Any]]:
        found: Mapping[str, Mapping[str, Any]] = self.result["models"]
        return found

    @property
    def metric(self) -> str:
        return str(self.backtest.metric)

    @property
    def noun(self) -> str:
        return BY_FREQUENCY[self.backtest.version.frequency].noun

    @cached_property
    def ranked(self) -> list[str]:
        """Return the models by the metric that was asked for, best first."""
        return sorted(self.models, key=self._rank)

    def _rank(self, name: str) -> tuple[bool, float, bool, str]:
        value = self.models[name][self.metric]
        best = name != self.backtest.best_model
        return value is None, abs(value or 0.0), best, name

    @property
    def title(self) -> str:
        """Return the finding: who leads by how much, or who cannot be told apart."""
        leader = title_of(self.backtest.best_model)
        if len(self.ranked) == 1:
            return _("%(model)s was judged alone") % {"model": leader}
        level = self.not_apart
        if len(level) == 1:
            said = {"model": leader, "other": title_of(level[0])}
            return _("%(model)s leads, level with %(other)s") % said
        if level:
            said = {"model": leader, "count": figures.number(len(level))}
            return _("%(model)s leads, level with %(count)s other models") % said
        return _("%(model)s leads by %(gap)s of %(metric)s") % {
            "model": leader,
            "gap": self._gap(),
            "metric": self.metric_title,
        }

    @property
    def not_apart(self) -> list[str]:
        """Return the models that cannot be told apart from the best one."""
        found = self.result.get("comparisons", {})
        return [one for one in self.ranked if one in found and not found[one]["told_apart"]]

    @property
    def metric_title(self) -> str:
        return labels.metric_title(self.metric)

    def _gap(self) -> str:
        first, second = (self.models[one][self.metric] for one in self.ranked[:2])
        if first is None or second is None:
            return figures.UNKNOWN
        gap = abs(second) - abs(first)
        if self.metric in PERCENTAGES:
            return _("%(points)s points") % {"points": figures.number(gap, 1)}
        return figures.number(gap, 3)

    @property
    def facts(self) -> list[str]:
        folds = len(self.result["folds"])
        said = {
            "folds": folds,
            "horizon": self.backtest.horizon,
            "noun": self.noun,
        }
        windows = ngettext(
            "one fold of %(horizon)s %(noun)s",
            "the same %(folds)s folds of %(horizon)s %(noun)s",
            folds,
        )
        scored = _("%(count)s series scored") % {"count": figures.number(self.backtest.judged)}
        return [windows % said, scored]

    # -- where the words lead -------------------------------------------------------------------

    @cached_property
    def issue(self) -> ForecastIssue | None:
        """Return the newest forecasts that came of this backtest."""
        found: ForecastIssue | None = self.backtest.issues.newest().first()
        return found

    @property
    def downloads(self) -> list[dict[str, str]]:
        """Return every table behind the page, as CSV and Parquet."""
        return table_urls(self.backtest, TABLES)

    @cached_property
    def _runs(self) -> dict[str, ModelRun]:
        found = ModelRun.objects.filter(backtest=self.backtest).only("pk", "model", "backtest_id")
        return {one.model: one for one in found}

    # -- the ranked table -----------------------------------------------------------------------

    @property
    def has_all_days(self) -> bool:
        return any(one.get("all_days") for one in self.models.values())

    @property
    def columns(self) -> list[str]:
        """Return the heads of `Row.cells`."""
        levels = [_("In %(level)s %%") % {"level": one} for one in self._levels]
        all_days = [_("WAPE, all days")] if self.has_all_days else []
        served = [_("Serves"), _("Fit + forecast")]
        return [*all_days, "MASE", "RMSSE", _("Bias"), *levels, *served]

    @cached_property
    def _levels(self) -> list[str]:
        found = {level for one in self.models.values() for level in one.get("coverage", {})}
        return sorted(found, key=int)

    @cached_property
    def rows(self) -> list[Row]:
        table = [self._figures(name) for name in self.ranked]
        best = [
            _least(one) for one in zip(*[[key for _t, key in row] for row in table], strict=True)
        ]
        return [
            self._row(
                name, [Cell(text, key == low) for (text, key), low in zip(row, best, strict=True)]
            )
            for name, row in zip(self.ranked, table, strict=True)
        ]

    def _row(self, name: str, cells: list[Cell]) -> Row:
        run = self._runs.get(name)
        return Row(
            name=name,
            title=title_of(name),
            url=run.get_absolute_url() if run else "",
            note=self._note(name),
            wape=cells[0],
            dots=self._dots(name),
            folds=", ".join(figures.percent(share(one)) for one in self._fold_values(name)),
            cells=cells[1:],
        )

    def _note(self, name: str) -> str:
        if name == self.backtest.best_model:
            return _("best")
        apart = self.result.get("comparisons", {}).get(name)
        return _("not told apart from the best") if apart and not apart["told_apart"] else ""

    def _figures(self, name: str) -> list[tuple[str, float | None]]:
        """Return texts with what ranks them in their column: less is better, None is unranked."""
        one = self.models[name]
        all_days = (one.get("all_days") or {}).get("wape")
        coverage = one.get("coverage", {})
        inside = [
            (figures.percent(share(coverage.get(level))), _off(coverage.get(level), int(level)))
            for level in self._levels
        ]
        bias, serves = one["bias"], self.result["champions"].get(name, 0)
        seconds = one.get("seconds") or None
        return [
            (figures.percent(share(one["wape"])), one["wape"]),
            *([(figures.percent(share(all_days)), all_days)] if self.has_all_days else []),
            (figures.number(one["mase"], 2), one["mase"]),
            (figures.number(one["rmsse"], 2), one["rmsse"]),
            (figures.signed_percent(share(bias)), None if bias is None else abs(bias)),
            *inside,
            (figures.number(serves) if serves else figures.UNKNOWN, -serves),
            (figures.duration(seconds), seconds),
        ]

    # -- folds as dots --------------------------------------------------------------------------

    @cached_property
    def _folds(self) -> Mapping[str, Mapping[str, Any]]:
        found: Mapping[str, Mapping[str, Any]] = self.result.get("slices", {}).get("fold", {})
        return found if len(found) > 1 else {}

    def _fold_values(self, name: str) -> list[float]:
        values = [models.get(name, {}).get("wape") for models in self._folds.values()]
        return [one for one in values if one is not None]

    @cached_property
    def _fold_range(self) -> tuple[float, float] | None:
        values = [one for name in self.ranked for one in self._fold_values(name)]
        return (min(values), max(values)) if values else None

    @property
    def folds_title(self) -> str:
        """Return the head of the dots' column, "" where there is one fold or nothing is known."""
        if self._fold_range is None:
            return ""
        low, high = self._fold_range
        said = {"count": len(self._folds), "low": f"{low:.0f}", "high": f"{high:.0f}"}
        return _("Folds 1 to %(count)s, from %(low)s to %(high)s %%") % said

    def _dots(self, name: str) -> list[float]:
        if self._fold_range is None:
            return []
        low, high = self._fold_range
        room = DOTS[0] - DOTS[1]
        return [
            round(DOTS[1] / 2 + room * (one - low) / ((high - low) or 1.0), 1)
            for one in self._fold_values(name)
        ]

    # -- whether it is real ---------------------------------------------------------------------

    @cached_property
    def verdict(self) -> dict[str, str] | None:
        """Return whether the lead over the next model is real, where that was looked at."""
        found = self.result.get("comparisons", {})
        rivals = [one for one in self.ranked if one in found]
        if not rivals:
            return None
        told = self.result["comparison"]
        next_best = found[rivals[0]]
        said = {
            "other": title_of(rivals[0]),
            "resamples": figures.number(told["resamples"]),
            "level": told["level"],
            "low": self._difference(next_best["low"]),
            "high": self._difference(next_best["high"]),
        }
        text = _(
            "Resampling whole series %(resamples)s times puts the gap to %(other)s between "
            "%(low)s and %(high)s (%(level)s %%)."
        )
        real = next_best["told_apart"]
        return {
            "tone": "ok" if real else "",
            "title": _("The lead is real.") if real else _("The lead may be chance."),
            "text": text % said,
        }

    def _difference(self, value: float | None) -> str:
        if self.metric in PERCENTAGES:
            return figures.points(share(value))
        return figures.signed(value, 3)

    @cached_property
    def policies(self) -> list[verdicts.Policy]:
        return verdicts.policies(self.backtest)

    @property
    def selection(self) -> str:
        return verdicts.selection(self.backtest)

    @property
    def renamed(self) -> list[dict[str, str]]:
        """Return the old names that were asked for, each with the title of what ran."""
        told = self.result.get("renamed", {})
        return [{"old": old, "title": title_of(model)} for old, model in told.items()]

    # -- what did not run -----------------------------------------------------------------------

    @property
    def skipped(self) -> list[Mapping[str, str]]:
        """Return the first series that could not be judged, and why."""
        return list(self.backtest.skipped[:MOST_SKIPPED])

    @cached_property
    def missing(self) -> list[dict[str, str]]:
        """Return models that did not run at all, or not on every series, and why."""
        kinds = ((_("not available here"), "unavailable"), (_("failed"), "left_out"))
        gone = [
            {"title": title_of(one["model"]), "kind": kind, "reason": str(one["reason"])}
            for kind, key in kinds
            for one in self.result.get(key, [])
        ]
        return [*gone, *(self._fell_back(one) for one in self.result.get("fallbacks", []))]

    def _fell_back(self, one: Mapping[str, Any]) -> dict[str, str]:
        said = {
            "count": figures.number(one["series"]),
            "first": ", ".join(one["first"]),
        }
        kind = _("fell back on %(count)s series (first %(first)s)") % said
        return {"title": title_of(one["model"]), "kind": kind, "reason": str(one["reason"])}


def table_urls(backtest: Backtest, tables: Sequence[str]) -> list[dict[str, str]]:
    """Return where tables of a backtest are taken away, as CSV and as Parquet."""
    titles = {
        "models": _("Models"),
        "groups": _("Groups, folds, horizons"),
        "scores": _("Scores per series"),
        "champions": _("Champions"),
        "judged": _("Judged forecasts"),
    }
    address = "forecasting:backtest-download"
    return [
        one
        for table in tables
        for one in downloads.offered(address, backtest.pk, table, label=titles[table])
    ]


def _least(keys: Sequence[float | None]) -> float | None:
    known = [one for one in keys if one is not None]
    return min(known) if len(known) > 1 else None


def _off(inside: float | None, level: int) -> float | None:
    return None if inside is None else abs(inside - level)
