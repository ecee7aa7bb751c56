"""The page of a plan, and that of several beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.jobs.models import Job
from forecastlab.lib import downloads, figures, texts
from forecastlab.planning.models import Plan
from forecastlab.planning.models.plans import RUN_KEYS
from forecastlab.planning.queries import plan_list, plan_words


@dataclass(frozen=True)
class PlanPage:
    """Everything is read from the snapshot: opening a plan computes nothing."""

    plan: Plan

    @property
    def title(self) -> str:
        is_ready = self.plan.status == Plan.Status.READY
        return plan_words.conclusion(self.plan.result) if is_ready else str(self.plan.name)

    @property
    def is_ready(self) -> bool:
        return bool(self.plan.status == Plan.Status.READY)

    @property
    def kpis(self) -> list[dict[str, Any]]:
        return plan_words.kpis(self.plan.result)

    @property
    def chart(self) -> dict[str, Any]:
        return plan_words.chart(self.plan.result)

    @property
    def columns(self) -> list[str]:
        return plan_words.columns()

    @property
    def rows(self) -> list[list[str]]:
        return plan_words.rows(self.plan.result)

    @property
    def sentence(self) -> str:
        return plan_words.sentence(self.plan.result)

    @property
    def assumptions(self) -> list[str]:
        return [plan_words.assumption(one) for one in self.plan.assumptions]

    @property
    def effects(self) -> list[dict[str, Any]]:
        return plan_words.effects(self.plan.result)

    @property
    def how(self) -> list[dict[str, str]]:
        return plan_words.how(self.plan.result)

    @property
    def groups(self) -> list[dict[str, Any]]:
        return plan_words.groups(self.plan.result)

    @property
    def facts(self) -> list[dict[str, Any]]:
        plan, result = self.plan, self.plan.result
        facts: list[dict[str, Any]] = [
            {
                "label": _("Dataset"),
                "value": plan.version.ref,
                "url": plan.version.get_absolute_url(),
            },
            {"label": _("By"), "value": plan_list.author(plan)},
            {"label": _("Forecast"), "value": plan.issue_id, "url": plan.issue.get_absolute_url()},
        ]
        if job := self._made_in():
            url = reverse("jobs:job", args=[job])
            facts.append({"label": _("Made in"), "value": _("job %s") % job, "url": url})
        if plan.cloned_from is not None:
            source = plan.cloned_from
            facts.append(
                {"label": _("Cloned from"), "value": source.name, "url": source.get_absolute_url()}
            )
        if self.is_ready:
            of = figures.of_total(result["series"], result["series_forecast"])
            facts += [
                {"label": _("Origin"), "value": plan_words.day(result["origin"])},
                {"label": _("Series"), "value": of},
                {"label": _("Draws"), "value": figures.number(result["draws"])},
            ]
        facts.append({"label": _("Id"), "value": plan.scenario_id, "mono": True})
        return facts

    def _made_in(self) -> int | None:
        """Return the job of the run that made it, if one did and it is still there."""
        begin, _dot, rest = (self.plan.key or "").partition(".")
        number = texts.number(rest.partition(".")[0]) if f"{begin}." == RUN_KEYS else None
        there = number is not None and Job.objects.filter(pk=number).exists()
        return number if there else None

    @property
    def downloads(self) -> list[dict[str, str]]:
        files = downloads.offered("planning:plan-download", self.plan.pk)
        return [
            *files,
            {"label": "JSON", "url": reverse("planning:plan-json", args=[self.plan.pk])},
        ]


@dataclass(frozen=True)
class Comparison:
    """Plans by rank; `by` is the measure."""

    ranked: Sequence[tuple[int, Plan]]
    by: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "rank": rank,
                "plan": plan,
                "name": plan.name,
                "units": plan.units,
                "revenue": plan.revenue,
                "margin": plan.margin,
                "share": plan.result["units"]["share"],
                "range": self._range(plan),
                "assumptions": [plan_words.assumption(one) for one in plan.assumptions],
                "origin": plan_words.day(plan.result["origin"]),
                "horizon": plan.result["horizon"],
                "dataset": plan.version.ref,
                "stock": plan_words.stock(plan.result["stock"]) if plan.result["stock"] else None,
            }
            for rank, plan in self.ranked
        ]

    def _range(self, plan: Plan) -> str:
        told = plan.result[self.by]
        if told is None:
            return figures.UNKNOWN
        return f"{figures.signed(told['low80'])} … {figures.signed(told['high80'])}"

    @property
    def bars(self) -> list[dict[str, Any]]:
        return plan_words.ranked(self.rows, self.by)

    @property
    def title(self) -> str:
        rank, best = self.ranked[0]
        if [one for one, _plan in self.ranked].count(rank) > 1:
            return _("The best plans are level")
        words = {
            "revenue": _("%(name)s leads in revenue"),
            "units": _("%(name)s leads in units"),
            "margin": _("%(name)s leads in margin"),
        }
        return words[self.by] % {"name": best.name}

    @property
    def is_same_forecast(self) -> bool:
        return len({plan.issue_id for _rank, plan in self.ranked}) == 1

    @property
    def measure(self) -> str:
        return self.measures[self.by]

    @property
    def measures(self) -> Mapping[str, str]:
        return {"revenue": _("Revenue"), "units": _("Units"), "margin": _("Margin")}
