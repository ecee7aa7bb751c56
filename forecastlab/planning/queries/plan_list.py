"""The list of plans: by dataset, tag and words, ranked by what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, Q, QuerySet
from django.db.models.fields.json import KeyTransform
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.lib import lists
from forecastlab.lib.tools import KEYS
from forecastlab.planning.models import Plan

PER_PAGE = 50
SORTS = ("saved", "units", "revenue", "margin")
LATEST = "-saved"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks of the list."""

    dataset: str = ""
    tag: str = ""
    search: str = ""
    sort: str = LATEST
    page: str = "1"

    @property
    def is_filtered(self) -> bool:
        return bool(self.dataset or self.tag or self.search)


@dataclass(frozen=True, slots=True)
class Row:
    plan: Plan
    share: float | None
    author: str


@dataclass(frozen=True, slots=True)
class PlanList:
    wanted: Wanted
    page: Page[Plan]
    rows: Sequence[Row]
    datasets: Sequence[str]

    @property
    def hidden(self) -> lists.Pairs:
        return [("sort", self.wanted.sort)]

    @property
    def search(self) -> Mapping[str, str]:
        words = _("Name or notes")
        return {"value": self.wanted.search, "hint": words, "label": words}

    @property
    def choices(self) -> Sequence[Mapping[str, object]]:
        tag = lists.typed("tag", _("Tag"), chosen=self.wanted.tag)
        dataset = self.wanted.dataset
        return [lists.choice("dataset", _("Any dataset"), self.datasets, chosen=dataset), tag]

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        return [
            {"label": _("Plan"), "key": ""},
            {"label": _("Units"), "key": "units", "numeric": True},
            {"label": _("Revenue"), "key": "revenue", "numeric": True},
            {"label": _("Margin"), "key": "margin", "numeric": True, "wide": True},
            {"label": _("By"), "key": "", "wide": True},
            {"label": _("Saved"), "key": "saved", "numeric": True, "wide": True},
        ]


def wanted(given: Mapping[str, str]) -> Wanted:
    sort = given.get("sort", "")
    return Wanted(
        given.get("dataset", ""),
        given.get("tag", "").strip(),
        given.get("search", "").strip(),
        sort if sort.removeprefix("-") in SORTS else LATEST,
        given.get("page", "1"),
    )


def listed(viewer: User, asked: Wanted) -> PlanList:
    """Return a page of the plans that the viewer may see."""
    visible = Plan.objects.shown().visible_to(viewer)
    page = Paginator(_sorted(filtered(visible, asked), asked.sort), PER_PAGE).get_page(asked.page)
    named = visible.order_by("version__dataset__name")
    names = named.values_list("version__dataset__name", flat=True).distinct()
    return PlanList(asked, page, [_row(one) for one in page], list(names))


def filtered(plans: QuerySet[Any], asked: Wanted) -> QuerySet[Any]:
    found = plans
    if asked.dataset:
        found = found.filter(version__dataset__name=asked.dataset)
    if asked.tag:
        found = found.filter(tags__contains=[asked.tag])
    if asked.search:
        found = found.filter(Q(name__icontains=asked.search) | Q(notes__icontains=asked.search))
    return found


def _sorted(found: QuerySet[Any], sort: str) -> QuerySet[Any]:
    name, down = sort.removeprefix("-"), sort.startswith("-")
    if name == "saved":
        order: Any = "-pk" if down else "pk"
    else:
        column = F(name)
        order = column.desc(nulls_last=True) if down else column.asc(nulls_last=True)
    share = KeyTransform("share", KeyTransform("units", "result"))
    rows = found.select_related("version__dataset", "created_by").defer("notes", "result")
    ordered: QuerySet[Any] = rows.annotate(share=share).order_by(order, "-pk")
    return ordered


def _row(plan: Any) -> Row:
    return Row(plan, plan.share, author(plan))


def author(plan: Plan) -> str:
    """Return who made a plan; an agent is named as one."""
    if plan.created_by is None:
        return _("somebody who is gone")
    name = str(plan.created_by)
    return name if is_person(plan) else _("%(name)s (agent)") % {"name": name}


def is_person(plan: Plan) -> bool:
    """Say whether a person made it, and not an agent for a person."""
    by_hand = not (plan.key or "").startswith(KEYS)
    return by_hand and (plan.created_by is None or bool(plan.created_by.kind == "person"))
