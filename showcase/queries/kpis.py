"""The numbers of a run: fixed places, filled as steps report them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.queries import labels as measures
from forecastlab.lib import figures
from showcase.models import Run, StepRun

FOLD_KEYS = ("horizon", "folds", "step", "gap", "window")


@dataclass(frozen=True, slots=True)
class Kpi:
    """One number; `about` says of what, `note` how it compares."""

    label: str
    value: str | None = None
    note: str = ""
    tone: str = ""
    about: str = ""


def of(run: Run, steps: Iterable[StepRun]) -> list[Kpi]:
    """Return the strip of a run; what no step has said yet is unknown."""
    said: dict[str, Mapping[str, Any]] = {step.name: step.data for step in steps}
    backtest, register = said.get("backtest", {}), said.get("register", {})
    return [
        _best(run),
        _judged(said.get("status", {}), backtest),
        _models(backtest, register),
        _forecast(run, register),
        _alias(register),
        _batch(said["batch_preset"]) if "batch_preset" in said else _sales(run),
    ]


def _best(run: Run) -> Kpi:
    """The winner by the metric that chose it, judged over all series and the named folds."""
    chosen = run.result.get("winner") or {}
    metric = chosen.get("metric", run.config["metric"])
    folds = int(run.config["folds"])
    label = ngettext("Best %(metric)s, 1 fold", "Best %(metric)s, %(n)s folds", folds)
    label %= {"metric": measures.metric_title(metric), "n": folds}
    value = run.winner_wape if metric == "wape" else chosen.get("value")
    if value is None:
        return Kpi(label)
    note, tone = _against_previous(run) if metric == "wape" else ("", "")
    return Kpi(label, measures.measured(value, metric), note, tone, title_of(run.winner))


def _against_previous(run: Run) -> tuple[str, str]:
    """Compare with the last run before this one, on the same sales and the same folds only."""
    same = Run.objects.filter(dataset=run.dataset, status=Run.Status.SUCCEEDED, pk__lt=run.pk)
    before = same.exclude(winner_wape=None).order_by("-pk").first()
    if run.dataset_id is None or before is None or before.winner_wape is None:
        return "", ""
    if before.content_hash != run.content_hash:
        return _("other sales than run %(n)s") % {"n": before.pk}, ""
    if any(before.config.get(key) != run.config.get(key) for key in FOLD_KEYS):
        return _("other folds than run %(n)s") % {"n": before.pk}, ""
    delta = (run.winner_wape or 0.0) - before.winner_wape
    tone = "ok" if delta <= -0.05 else "bad" if delta >= 0.05 else ""
    return figures.points(delta / 100), tone


def _judged(status: Mapping[str, Any], backtest: Mapping[str, Any]) -> Kpi:
    label = _("Series judged")
    judged, skipped = backtest.get("series_judged"), backtest.get("series_skipped")
    if not isinstance(judged, int):
        total = status.get("series")
        waiting = _("of %(n)s") % {"n": figures.number(total)} if isinstance(total, int) else ""
        return Kpi(label, about=waiting)
    told = _("of %(all)s; %(n)s could not be") if skipped else _("of %(all)s")
    said = {"all": figures.number(judged + int(skipped or 0)), "n": figures.number(skipped or 0)}
    return Kpi(label, figures.number(judged), about=told % said)


def _models(backtest: Mapping[str, Any], register: Mapping[str, Any]) -> Kpi:
    label = _("Models judged")
    judged, registered = backtest.get("per_model"), register.get("model_runs")
    if not judged:
        return Kpi(label)
    note = _("%(n)s registered") % {"n": len(registered)} if isinstance(registered, list) else ""
    return Kpi(label, figures.number(len(judged)), about=note)


def _forecast(run: Run, register: Mapping[str, Any]) -> Kpi:
    noun = BY_FREQUENCY[run.version.frequency if run.version else "D"].noun
    label = _("Series forecast")
    about = _("%(n)s %(noun)s ahead") % {"n": run.config["horizon"], "noun": noun}
    forecast, without = register.get("series_forecast"), register.get("series_without_forecast")
    note = _("%(n)s discontinued") % {"n": figures.number(without)} if without else ""
    shown = figures.number(forecast) if isinstance(forecast, int) else None
    return Kpi(label, shown, note, about=about)


def _alias(register: Mapping[str, Any]) -> Kpi:
    label, name = _("Aliases set"), register.get("alias")
    return Kpi(label, figures.number(1), about=str(name)) if name else Kpi(label)


def _batch(batch: Mapping[str, Any]) -> Kpi:
    label = _("Batch items done")
    done, total = batch.get("completed_items"), batch.get("total_items")
    if not isinstance(done, int) or not isinstance(total, int):
        return Kpi(label)
    failed = batch.get("failed_items")
    note = _("%(n)s failed") % {"n": figures.number(failed)} if failed else ""
    about = _("of %(n)s") % {"n": figures.number(total)}
    return Kpi(label, figures.number(done), note, "bad" if note else "", about)


def _sales(run: Run) -> Kpi:
    label = _("Sales rows")
    if run.version is None:
        return Kpi(label)
    about = _("version %(n)s") % {"n": run.version.number}
    return Kpi(label, figures.number(run.version.rows), about=about)
