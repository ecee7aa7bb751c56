"""The inbox: what waits for whom, what was decided, and what ran without asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents.models import Approval, ApprovalQuerySet, Session
from agents.queries import deciding
from forecastlab.accounts.models import User
from forecastlab.lib import cursors, lists
from forecastlab.lib.lists import View
from forecastlab.warehouse.models import Dataset

PER_PAGE = 50
FILTERS = ("lane", "risk", "tool", "dataset")
VIEWS = ("mine", "open", "decided", "told")
SOON = timedelta(hours=1)
EVERY = "all"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks of the inbox; `view` is one of VIEWS."""

    view: str = "mine"
    filters: lists.Pairs = ()
    page: str = "1"

    @property
    def query(self) -> str:
        """Return it as the list is asked for it, in words of its own."""
        view = [] if self.view == "mine" else [("view", self.view)]
        page = [] if self.page == "1" else [("page", self.page)]
        return lists.address([*view, *self.filters, *page])


@dataclass(frozen=True, slots=True)
class Row:
    approval: Approval
    group: str
    is_soon: bool
    address: str
    is_mine: bool = False

    @property
    def tick(self) -> str:
        """Return what a tick answers, with the version and digest that are shown."""
        one = self.approval
        return f"{one.pk}:{one.version}:{one.digest}" if self.is_mine and not self.why_not else ""

    @property
    def why_not(self) -> str:
        """Say why what the viewer may decide cannot be ticked."""
        return deciding.by_itself(self.approval)[1] if self.is_mine else ""

    @property
    def details(self) -> str:
        """Return one line of what it belongs to: session, lane, risk, people needed."""
        one = self.approval
        said = [one.invocation.session.ref, one.lane, one.risk]
        if one.approvals_needed > 1:
            said.append(_("two people"))
        return " · ".join(said)


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Inbox:
    wanted: Wanted
    page: Page[Approval]
    groups: Sequence[Group]
    views: Sequence[View]
    choices: Sequence[Mapping[str, Any]]
    drops: Sequence[lists.Drop]

    @property
    def can_tick(self) -> bool:
        return any(row.tick for group in self.groups for row in group.rows)

    @property
    def first(self) -> Approval | None:
        return self.groups[0].rows[0].approval if self.groups else None

    @property
    def hidden(self) -> lists.Pairs:
        return [] if self.wanted.view == "mine" else [("view", self.wanted.view)]

    @property
    def clear(self) -> str:
        """Return the address without filters, nothing where there are none."""
        return lists.address(self.hidden) if self.wanted.filters else ""

    @property
    def empty(self) -> tuple[str, str]:
        return {
            "mine": (
                _("Nothing waits for you"),
                _("What an agent may not do alone is asked here."),
            ),
            "open": (_("Nothing is open"), _("What an agent may not do alone is asked here.")),
            "decided": (_("Nothing was decided yet"), _("Answers stay here, with who gave them.")),
            "told": (
                _("Nothing ran without asking"),
                _("What policy lets agents do alone, and people are told of, is listed here."),
            ),
        }[self.wanted.view]


def wanted(given: Mapping[str, str]) -> Wanted:
    view = given.get("view", "")
    filters = [(name, given[name]) for name in FILTERS if given.get(name)]
    return Wanted(view if view in VIEWS else "mine", filters, given.get("page", "1"))


def inbox(viewer: User, asked: Wanted, *, now: datetime) -> Inbox:
    """Return a page of the approvals that the viewer may see: open ones by when they are due."""
    visible = Approval.objects.visible_to(viewer)
    chosen = _of_view(visible, asked.view, viewer)
    rows = narrow(chosen, asked.filters)
    is_open = asked.view in {"mine", "open"}
    ordered = rows.for_lists().order_by("due_at", "pk") if is_open else rows.for_lists().newest()
    page = Paginator(ordered, PER_PAGE).get_page(asked.page)
    query = lists.address([("view", asked.view), *asked.filters])
    mine = _mine(page, viewer) if is_open else set()
    listed = [_row(one, query, now=now, is_open=is_open, is_mine=one.pk in mine) for one in page]
    return Inbox(
        asked,
        page,
        [Group(title, list(rows)) for title, rows in groupby(listed, lambda one: one.group)],
        _views(visible, asked.view, viewer),
        _choices(chosen, asked, viewer),
        [] if listed or not asked.filters else lists.drops(chosen, asked.filters, narrow=narrow),
    )


def waiting_count(viewer: User) -> int:
    """Return how many open approvals the person may approve now."""
    return deciding.waiting_for(Approval.objects.visible_to(viewer), viewer).count()


def told(answers: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return what became of several approvals that were answered together, with a heading."""
    if not answers:
        return None
    decided = sum(not one["code"] for one in answers)
    heading = ngettext("%s was decided", "%s were decided", decided) % decided
    if decided < len(answers):
        heading += ", " + _("%s not") % (len(answers) - decided)
    return {"heading": heading, "answers": answers}


def narrow(found: ApprovalQuerySet, filters: lists.Pairs) -> ApprovalQuerySet:
    fields = {
        "lane": "lane",
        "risk": "risk",
        "status": "status",
        "session": "invocation__session__ref",
        "tool": "invocation__tool",
        "dataset": "invocation__session__dataset__name",
    }
    return found.filter(**{fields[name]: value for name, value in filters})


def listed(
    viewer: User, *, filters: Mapping[str, str], limit: int, cursor: str
) -> tuple[list[Approval], str | None]:
    """Return a page of approvals, newest first: the open ones, or of a status, or `all`."""
    asked = {"status": Approval.Status.OPEN.value, **filters}
    wanted = [(name, value) for name, value in asked.items() if value != EVERY]
    found = narrow(Approval.objects.visible_to(viewer), wanted).for_lists()
    return cursors.page(found, by="-id", limit=limit, cursor=cursor)


def _of_view(visible: ApprovalQuerySet, view: str, viewer: User) -> ApprovalQuerySet:
    if view == "mine":
        return deciding.waiting_for(visible, viewer)
    if view == "open":
        return visible.open()
    if view == "told":
        return visible.filter(notifies=True)
    return visible.exclude(status=Approval.Status.OPEN).asked_people()


def _mine(page: Page[Approval], viewer: User) -> set[int]:
    """Return those of a page that the viewer may approve now."""
    shown = Approval.objects.filter(pk__in=[one.pk for one in page])
    return set(deciding.waiting_for(shown, viewer).values_list("pk", flat=True))


def _row(one: Approval, query: str, *, now: datetime, is_open: bool, is_mine: bool) -> Row:
    address = f"{one.get_absolute_url()}{query}"
    if not is_open:
        return Row(one, _("Newest first"), is_soon=False, address=address)
    is_soon = one.expires_at - now <= SOON
    return Row(one, _group(one, now), is_soon=is_soon, address=address, is_mine=is_mine)


def _group(one: Approval, now: datetime) -> str:
    """Return under which heading an open approval stands, by when it is due."""
    if one.due_at <= now:
        return _("Overdue")
    if one.due_at - now <= SOON:
        return _("Within the hour")
    return _("Today") if one.due_at.date() <= now.date() else _("Later")


def _views(visible: ApprovalQuerySet, here: str, viewer: User) -> list[View]:
    labels = {
        "mine": _("Waiting for me"),
        "open": _("All open"),
        "decided": _("Decided"),
        "told": _("Ran without asking"),
    }
    counts = {
        "mine": deciding.waiting_for(visible, viewer).count(),
        "open": visible.open().count(),
    }
    return [
        View(label, f"?view={name}", counts.get(name), is_here=name == here)
        for name, label in labels.items()
    ]


def _choices(listed: ApprovalQuerySet, asked: Wanted, viewer: User) -> list[Mapping[str, Any]]:
    """Return what the approvals of a view can be narrowed by."""
    chosen = dict(asked.filters)
    tools = listed.order_by("invocation__tool").values_list("invocation__tool", flat=True)
    sessions = Session.objects.filter(dataset=OuterRef("pk"))
    datasets = Dataset.objects.visible_to(viewer).filter(Exists(sessions))
    options: dict[str, tuple[str, Sequence[str | tuple[str, str]]]] = {
        "lane": (_("Any lane"), [("inline", _("Inline")), ("review", _("Review"))]),
        "risk": (_("Any risk"), [("low", _("Low")), ("medium", _("Medium")), ("high", _("High"))]),
        "tool": (_("Any action"), list(tools.distinct())),
        "dataset": (
            _("Any dataset"),
            list(datasets.order_by("name").values_list("name", flat=True)),
        ),
    }
    return [
        lists.choice(name, label, values, chosen=chosen.get(name, ""))
        for name, (label, values) in options.items()
    ]
