"""The list of sessions: what is searched, filtered and counted there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.utils.translation import gettext as _

from agents.domain.skills import SKILLS
from agents.models import Session, SessionQuerySet
from agents.queries import session_words
from forecastlab.accounts.models import User
from forecastlab.events.models import StreamHead
from forecastlab.lib import lists

PER_PAGE = 25
VIEWS = ("all", "mine", "open", "look")
LIST_STREAM = "sessions.all"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of the list asks for; unheard-of words count as not asked."""

    view: str = "all"
    search: str = ""
    status: str = ""
    skill: str = ""
    page: str = "1"

    @property
    def filters(self) -> Mapping[str, str]:
        asked = {"search": self.search, "status": self.status, "skill": self.skill}
        return {key: value for key, value in asked.items() if value}


@dataclass(frozen=True, slots=True)
class Row:
    """A session as one line of a table."""

    session: Session
    status: str
    word: str
    skill: str
    seq: int = 0


@dataclass(frozen=True, slots=True)
class SessionList:
    wanted: Wanted
    views: Sequence[lists.View]
    page: Page[Session]
    rows: Sequence[Row]
    drops: Sequence[lists.Drop]

    @property
    def search(self) -> Mapping[str, str]:
        hint, label = _("Request or ref"), _("Search sessions")
        return {"value": self.wanted.search, "hint": hint, "label": label}

    @property
    def hidden(self) -> lists.Pairs:
        return [("view", self.wanted.view)]

    @property
    def choices(self) -> Sequence[Mapping[str, object]]:
        asked = self.wanted
        skills = [(one.name, one.title) for one in SKILLS.values()]
        statuses = [(str(value), str(label)) for value, label in Session.Status.choices]
        return [
            lists.choice("skill", _("Any skill"), skills, chosen=asked.skill),
            lists.choice("status", _("Any status"), statuses, chosen=asked.status),
        ]

    @property
    def clear(self) -> str:
        return lists.address([("view", self.wanted.view)]) if self.wanted.filters else ""

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        return [
            {"label": _("Session"), "key": ""},
            {"label": _("Status"), "key": ""},
            {"label": _("Skill"), "key": "", "wide": True},
            {"label": _("Dataset"), "key": "", "wide": True},
            {"label": _("For"), "key": "", "wide": True},
            {"label": _("Asked for"), "key": "", "numeric": True, "wide": True},
        ]


def wanted(given: Mapping[str, str]) -> Wanted:
    view = given.get("view", "all")
    status, skill = given.get("status", ""), given.get("skill", "")
    return Wanted(
        view=view if view in VIEWS else "all",
        search=given.get("search", "").strip(),
        status=status if status in Session.Status.values else "",
        skill=skill if skill in SKILLS else "",
        page=given.get("page", "1"),
    )


def of(asked: Wanted, *, viewer: User) -> SessionList:
    """Return a page of the sessions that the viewer may see, the newest first."""
    visible = Session.objects.visible_to(viewer).undeleted()
    seen = _viewed(visible, asked.view, viewer)
    filters = list(asked.filters.items())
    found = (
        _narrowed(seen, filters).newest().select_related("dataset_version__dataset", "requested_by")
    )
    page = Paginator(found, PER_PAGE).get_page(asked.page)
    rest = [("view", asked.view)]
    missing = lists.drops(seen, filters, narrow=_narrowed, rest=rest) if not len(page) else []
    return SessionList(asked, _views(visible, asked, viewer), page, rows_of(page), missing)


def rows_of(sessions: Iterable[Session]) -> list[Row]:
    found = list(sessions)
    heads = dict(
        StreamHead.objects.filter(stream__in=[one.stream for one in found]).values_list(
            "stream", "seq"
        )
    )
    held = session_words.held(found)
    return [_row(one, seq=heads.get(one.stream, 0), is_held=one.pk in held) for one in found]


def _row(session: Session, *, seq: int, is_held: bool) -> Row:
    known = SKILLS.get(session.skill)
    return Row(
        session,
        session_words.status(session, is_held=is_held),
        session_words.outcome(session, is_held=is_held),
        known.title if known else session.skill,
        seq,
    )


def _views(visible: SessionQuerySet, asked: Wanted, viewer: User) -> list[lists.View]:
    words = {
        "all": _("All"),
        "mine": _("Mine"),
        "open": _("Not over"),
        "look": _("Need a look"),
    }
    return [
        lists.View(
            words[name],
            lists.address([("view", name)]),
            _viewed(visible, name, viewer).count(),
            name == asked.view,
        )
        for name in VIEWS
    ]


def _viewed(found: SessionQuerySet, view: str, viewer: User) -> SessionQuerySet:
    if view == "mine":
        return found.filter(requested_by=viewer)
    if view == "open":
        return found.unfinished()
    return found.filter(outcome=Session.Outcome.NEEDS_REVIEW) if view == "look" else found


def _narrowed(found: SessionQuerySet, filters: lists.Pairs) -> SessionQuerySet:
    for key, value in filters:
        if key == "search":
            found = found.filter(Q(subject__icontains=value) | Q(ref__iexact=value))
        else:
            found = found.filter(**{key: value})
    return found
