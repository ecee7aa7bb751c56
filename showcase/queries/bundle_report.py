"""What the printed report of a kept run shows.

Everything in it follows from the run itself: what a page says beside that, such as how a run
compares with others, would make two reports of one state differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import Champion
from forecastlab.forecasting.queries import labels as measures
from forecastlab.forecasting.queries.judged_series import reason_of
from forecastlab.lib import figures, notes
from showcase.models import StepRun
from showcase.queries import facts, kpis, labels, narrative
from showcase.queries.bundle_documents import Documents
from showcase.queries.kpis import Kpi

COLUMNS = ("wape", "bias", "mase", "rmsse")


@dataclass(frozen=True, slots=True)
class ModelRow:
    title: str
    values: Sequence[str]
    champion_of: str
    is_best: bool


@dataclass(frozen=True, slots=True)
class StepRow:
    number: int
    title: str
    status: str
    detail: str
    took: str


@dataclass(frozen=True, slots=True)
class PhasePart:
    title: str
    steps: Sequence[StepRow]


class Report:
    """The parts of the report, in its order."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.workspace, self.run = documents.workspace, documents.run

    @property
    def word(self) -> str:
        return labels.run_word(self.run)

    @property
    def facts(self) -> Sequence[Mapping[str, Any]]:
        return facts.of(self.run)

    @property
    def kpis(self) -> Sequence[Kpi]:
        return kpis.of(self.run, self.documents.steps)

    @property
    def story(self) -> Sequence[str]:
        return narrative.of(self.run, self.documents.steps)

    @property
    def notes(self) -> str:
        return notes.html(self.workspace.notes) if self.workspace.notes else ""

    @property
    def columns(self) -> Sequence[str]:
        return [measures.metric_title(one) for one in COLUMNS]

    @property
    def models(self) -> Sequence[ModelRow]:
        """The judged models by the metric that was asked for, best first."""
        backtest = self.documents.backtest
        if backtest is None:
            return ()
        models, serves = backtest.result["models"], backtest.result.get("champions", {})
        ranked = sorted(models, key=lambda one: _rank(models[one][backtest.metric], one))
        return [
            ModelRow(
                title=title_of(name),
                values=[measures.measured(models[name].get(one), one) for one in COLUMNS],
                champion_of=figures.number(serves.get(name, 0)),
                is_best=name == backtest.best_model,
            )
            for name in ranked
        ]

    @property
    def decisions(self) -> Sequence[Mapping[str, Any]]:
        """How many series a model serves for which reason."""
        backtest = self.documents.backtest
        if backtest is None:
            return ()
        chosen = Champion.objects.filter(backtest=backtest).values("model", "reason")
        counted = chosen.annotate(series=Count("pk")).order_by("-series", "model", "reason")
        return [
            {
                "model": title_of(one["model"]),
                "reason": reason_of(one["reason"]),
                "series": figures.number(one["series"]),
            }
            for one in counted
        ]

    @property
    def phases(self) -> Sequence[PhasePart]:
        steps = self.documents.steps
        names = list(dict.fromkeys(step.phase for step in steps))
        return [
            PhasePart(labels.phase(name), [_row(one) for one in steps if one.phase == name])
            for name in names
        ]

    @property
    def lineage(self) -> Sequence[str]:
        return [str(one["name"]) for one in self.workspace.ancestors]


def _rank(value: float | None, name: str) -> tuple[bool, float, str]:
    return value is None, abs(value or 0.0), name


def _row(step: StepRun) -> StepRow:
    status = labels.step_status(step, run_is_active=False)
    took = "" if step.seconds is None else figures.duration(step.seconds)
    return StepRow(step.index, step.title, status, step.detail, took)
