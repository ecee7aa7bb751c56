"""The page of a session: what was said, asked for and done, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from agents.domain.skills import SKILLS
from agents.models import Approval, Invocation, Message, Session, Turn
from agents.queries import named, session_words, tools
from agents.queries.named import Page, Pages
from forecastlab.jobs.models import Job
from forecastlab.lib import texts

SHORT = 400
PLANNER = "planner"


@dataclass(frozen=True, slots=True)
class CallCard:
    """A call with what it was given and what it gave, redacted."""

    call: Invocation
    title: str
    arguments: Sequence[Mapping[str, object]]
    result: Sequence[Mapping[str, object]]
    approval: Approval | None
    about: Page | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is unfolded at first: what needs a look is."""
        return self.call.status in {"awaiting", "unknown", "failed", "rejected"}


@dataclass(frozen=True, slots=True)
class Line:
    """What a person said, or what the agent answered with its calls."""

    at: datetime
    who: str
    text: str
    is_agent: bool
    calls: Sequence[CallCard] = ()
    key: str = ""


class SessionPage:
    """Everything that the parts of the page show; the same for all viewers."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def status(self) -> str:
        return session_words.status(self.session)

    @property
    def word(self) -> str:
        return session_words.outcome(self.session)

    @property
    def reason(self) -> str:
        return self.session.outcome_reason or self.session.status_reason

    @property
    def is_closed(self) -> bool:
        """Whether nobody can say anything to it any more."""
        session = self.session
        return session.status == Session.Status.CANCELLED or session.duplicate_of_id is not None

    @property
    def skill(self) -> str:
        known = SKILLS.get(self.session.skill)
        return known.title if known else self.session.skill

    @property
    def is_planner(self) -> bool:
        return self._provider == PLANNER

    @cached_property
    def queue_position(self) -> int:
        """Return the place in the line of sessions, 0 when none of its turn is taken."""
        job = self.session.job
        if job is None or job.status != Job.Status.QUEUED:
            return 0
        same = Job.objects.filter(kind=job.kind)
        busy = same.filter(status=Job.Status.RUNNING).count()
        full = busy >= settings.AGENT_SESSIONS_AT_ONCE
        return same.queued().filter(pk__lte=job.pk).count() if full else 0

    @cached_property
    def lines(self) -> list[Line]:
        """Return the conversation, oldest first."""
        related = ("invocations__approval",)
        turns = list(
            Turn.objects.filter(attempt__session=self.session)
            .prefetch_related(*related)
            .order_by("pk")
        )
        calls = [call for turn in turns for call in turn.invocations.all()]
        pages = named.pages(one.result for one in calls)
        lines = []
        for message in self.session.messages.select_related("author").order_by("number"):
            lines.append(_said(message))
            lines += [_answered(one, pages) for one in turns if one.after_message == message.number]
        return lines

    @property
    def made(self) -> list[Page]:
        """Return the pages of what calls made or changed, in their order, each once."""
        cards = [card for line in self.lines for card in line.calls if card.about]
        acted = [card.about for card in cards if card.about and _has_effect(card.call)]
        return list(dict.fromkeys(acted))

    @property
    def facts(self) -> Sequence[Mapping[str, object]]:
        session = self.session
        version, earlier = session.dataset_version, session.duplicate_of
        told: list[Mapping[str, object]] = [
            {"label": _("Ref"), "value": session.ref},
            {"label": _("Skill"), "value": self.skill},
            {"label": _("For"), "value": str(session.requested_by)},
            {"label": _("Acts as"), "value": str(session.actor)},
            {"label": _("Answered by"), "value": self.answered_by},
        ]
        if version:
            url = version.get_absolute_url()
            told.append({"label": _("Dataset"), "value": version.ref, "url": url})
        if session.workspace:
            url = session.workspace.get_absolute_url()
            told.append({"label": _("Workspace"), "value": session.workspace.name, "url": url})
        if session.run_id:
            url = reverse("showcase:run", args=[session.run_id])
            told.append({"label": _("Run"), "value": session.run_id, "url": url})
        if session.schedule:
            told.append({"label": _("Schedule"), "value": session.schedule.name})
        if earlier:
            url = earlier.get_absolute_url()
            told.append({"label": _("Duplicate of"), "value": earlier.ref, "url": url})
        if session.job_id:
            url = reverse("jobs:job", args=[session.job_id])
            told.append({"label": _("Job"), "value": session.job_id, "url": url})
        told += [{"label": _("Made"), "value": one.name, "url": one.url} for one in self.made]
        return told

    @cached_property
    def _last(self) -> Turn | None:
        return Turn.objects.filter(attempt__session=self.session).order_by("-pk").first()

    @property
    def _provider(self) -> str:
        """Return who answered last; before the first answer, who would."""
        return self._last.provider if self._last else str(settings.FORECASTLAB_LLM)

    @property
    def answered_by(self) -> str:
        if self.is_planner:
            return _("Rules, no language model")
        return f"{self._provider} {self._last.model if self._last else ''}".strip()

    @property
    def timeline(self) -> list[session_words.Entry]:
        return session_words.timeline(self.session)

    @cached_property
    def event_count(self) -> int:
        return session_words.count(self.session)


def find(pk: int) -> SessionPage:
    """Return the page of a session, whoever looks; raises Session.DoesNotExist."""
    related = Session.objects.select_related(
        "dataset_version__dataset",
        *("workspace", "requested_by", "actor", "job", "schedule", "duplicate_of"),
    )
    return SessionPage(related.get(pk=pk))


def unknown_calls(session: Session) -> list[Invocation]:
    found = session.invocations.filter(status=Invocation.Status.UNKNOWN)
    return list(found.order_by("pk"))


def _said(message: Message) -> Line:
    return Line(
        message.at,
        str(message.author),
        texts.unturned(message.text),
        is_agent=False,
        key=f"said-{message.number}",
    )


def _answered(turn: Turn, pages: Pages) -> Line:
    calls = sorted(turn.invocations.all(), key=lambda one: one.number)
    return Line(
        turn.at,
        _("Agent"),
        turn.text,
        is_agent=True,
        calls=[_card(one, pages) for one in calls],
        key=f"turn-{turn.pk}",
    )


def _card(one: Invocation, pages: Pages) -> CallCard:
    return CallCard(
        one,
        one.tool.replace("_", " "),
        _pairs(one.arguments),
        _pairs(one.result, pages),
        getattr(one, "approval", None),
        pages.first(one.result) if one.status == Invocation.Status.SUCCEEDED else None,
    )


def _has_effect(one: Invocation) -> bool:
    tool = tools.find(one.tool)
    return tool is not None and tool.has_effect


def _pairs(given: Mapping[str, Any], pages: Pages | None = None) -> list[Mapping[str, object]]:
    """Return names and values of what a call was given or gave, short enough to read."""
    return [_pair(name, value, pages) for name, value in given.items()]


def _pair(name: str, value: Any, pages: Pages | None) -> Mapping[str, object]:
    page = pages.of(name, value) if pages and isinstance(value, int | str) else None
    return {
        "label": name.replace("_", " "),
        "value": _short(value),
        "url": page.url if page else "",
    }


def _short(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        text = "; ".join(_flat(one) for one in value)
    elif isinstance(value, Mapping):
        text = _flat(value)
    elif isinstance(value, list):
        text = ", ".join(str(one) for one in value)
    else:
        text = "" if value is None else str(value)
    text = text or "–"
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


def _flat(value: Mapping[str, Any]) -> str:
    parts = (
        f"{name.replace('_', ' ')} {_flat(one) if isinstance(one, Mapping) else one}"
        for name, one in value.items()
        if one not in (None, "", [], {})
    )
    return ", ".join(parts)
