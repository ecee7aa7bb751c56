"""The numbers of a run: fixed places, filled as steps report them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.lib import figures
from showcase.models import Run, StepRun

FOLD_KEYS = ("horizon", "folds", "step", "gap", "window")


@dataclass(frozen=True, slots=True)
class Kpi:
    label: str
    value: str | None = None
    note: str = ""
    tone: str = ""


def of(run: Run, steps: Iterable[StepRun]) -> list[Kpi]:
    """Return the strip of a run; what no step has said yet is unknown."""
    said: dict[str, Any] = {}
    for step in steps:
        said.update(step.data)
    return [
        _best_wape(run),
        _count(_("Series forecast"), said, "series_forecast", note=_of_series(said)),
        _models(said),
        _count(_("Series not judged"), said, "series_skipped"),
        _sales(run),
    ]


def _best_wape(run: Run) -> Kpi:
    folds = int(run.config["folds"])
    label = ngettext("Best WAPE, 1 fold", "Best WAPE, %(n)s folds", folds) % {"n": folds}
    if run.winner_wape is None:
        return Kpi(label)
    return Kpi(label, figures.percent(run.winner_wape / 100), *_against_previous(run))


def _against_previous(run: Run) -> tuple[str, str]:
    """Compare with the last run before this one, on the same sales and the same folds only."""
    same = Run.objects.filter(dataset=run.dataset, status=Run.Status.SUCCEEDED, pk__lt=run.pk)
    before = same.exclude(winner_wape=None).order_by("-pk").first()
    if run.dataset_id is None or before is None or before.winner_wape is None:
        return "", ""
    if before.content_hash != run.content_hash or any(
        before.config.get(key) != run.config.get(key) for key in FOLD_KEYS
    ):
        return _("other folds than run %(n)s") % {"n": before.pk}, ""
    delta = (run.winner_wape or 0.0) - before.winner_wape
    tone = "ok" if delta <= -0.05 else "bad" if delta >= 0.05 else ""
    return figures.points(delta / 100), tone


def _models(said: Mapping[str, Any]) -> Kpi:
    label = _("Models judged")
    judged = said.get("per_model")
    if not judged:
        return Kpi(label)
    registered = said.get("model_runs")
    note = _("%(n)s registered") % {"n": len(registered)} if isinstance(registered, list) else ""
    return Kpi(label, figures.number(len(judged)), note)


def _count(label: str, said: Mapping[str, Any], key: str, *, note: str = "") -> Kpi:
    value = said.get(key)
    return Kpi(label, figures.number(value), note) if isinstance(value, int) else Kpi(label)


def _of_series(said: Mapping[str, Any]) -> str:
    total = said.get("series")
    return _("of %(n)s") % {"n": figures.number(total)} if isinstance(total, int) else ""


def _sales(run: Run) -> Kpi:
    label = _("Sales rows")
    if run.version is None:
        return Kpi(label)
    note = _("version %(n)s") % {"n": run.version.number}
    return Kpi(label, figures.number(run.version.rows), note)
