"""What happens in sessions, in words for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from agents.models import Pause, Session
from forecastlab.events import queries as events
from forecastlab.events.models import Event

NEWEST = 200
TONES = {"approved": "ok", "succeeded": "ok", "failed": "bad", "rejected": "bad"}
TONES |= {"unknown": "bad", "asked": "ask", "waiting": "ask", "expired": "warn"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the timeline, as `components/timeline.html` wants it."""

    at: datetime
    text: str
    detail: str
    tone: str
    key: str = ""


def timeline(session: Session) -> list[Entry]:
    """Return what happened, the newest first, at most 200 entries."""
    newest = Event.objects.filter(stream=session.stream).select_related("actor").order_by("-seq")
    return [_entry(one) for one in newest[:NEWEST]]


def count(session: Session) -> int:
    return events.head(session.stream)


def held(sessions: Iterable[Session]) -> set[int]:
    """Return the keys of those that wait, though nobody is asked anything.

    An order holds them, or a budget that is used up.
    """
    waiting = {one.pk for one in sessions if one.status == Session.Status.WAITING}
    if not waiting:
        return set()
    asks = Pause.objects.filter(session__in=waiting, status="open")
    return waiting - set(asks.values_list("session_id", flat=True))


def outcome(session: Session, *, is_held: bool | None = None) -> str:
    """Return the words for where a session stands: its outcome once it has one.

    They are the same for all viewers, so nobody is told that it waits for him.
    """
    if session.status == Session.Status.WAITING:
        return (
            _("Held back")
            if (session.pk in held([session]) if is_held is None else is_held)
            else _("Waiting for a person")
        )
    words = {
        "resolved": _("Resolved"),
        "escalated": _("Handed over"),
        "needs_review": _("Needs a look"),
        "duplicate": _("Duplicate"),
    }
    return words.get(session.outcome, "")


def status(session: Session, *, is_held: bool | None = None) -> str:
    """Return the status by which a session is drawn: one that needs a look is not done."""
    if session.status == Session.Status.WAITING and (
        session.pk in held([session]) if is_held is None else is_held
    ):
        return "held"
    if session.outcome == Session.Outcome.NEEDS_REVIEW:
        return "warn"
    return "skipped" if session.outcome == Session.Outcome.DUPLICATE else session.status


def _entry(event: Event) -> Entry:
    noun, _dot, verb = event.kind.partition(".")
    payload: Mapping[str, object] = event.payload
    texts, kind = _texts(), f"{noun}.{payload.get('level', verb)}"
    text = texts.get(kind) or texts.get(f"{noun}.*", event.kind)
    tool = str(payload.get("tool", "")).replace("_", " ")
    said = text % {"tool": tool, "verb": verb} if "%(" in text else text
    who = event.actor.get_username() if event.actor else ""
    told = payload.get("reason") or payload.get("detail") or ""
    detail = " · ".join(str(part) for part in (who, told) if part)
    return Entry(event.at, said, detail[:300], TONES.get(verb, ""), str(event.seq))


def _texts() -> Mapping[str, str]:
    return {
        "session.created": _("Session asked for"),
        "session.queued": _("Waits for a worker"),
        "session.running": _("At work"),
        "session.waiting": _("Waits"),
        "session.succeeded": _("Ended"),
        "session.failed": _("Failed"),
        "session.cancelled": _("Stopped"),
        "session.deleted": _("Taken out of the lists"),
        "session.duplicate_retracted": _("No duplicate after all"),
        "message.said": _("A person said something"),
        "turn.stored": _("The agent answered"),
        "invocation.requested": _("Asks for %(tool)s"),
        "invocation.claimed": _("%(tool)s begins"),
        "invocation.succeeded": _("%(tool)s done"),
        "invocation.failed": _("%(tool)s failed"),
        "invocation.rejected": _("%(tool)s will not be done"),
        "invocation.cancelled": _("%(tool)s dropped"),
        "invocation.unknown": _("Nobody knows what became of %(tool)s"),
        "approval.asked": _("A person is asked about %(tool)s"),
        "approval.approved": _("%(tool)s approved"),
        "approval.rejected": _("%(tool)s rejected"),
        "approval.refused": _("%(tool)s refused by policy"),
        "approval.expired": _("Nobody answered about %(tool)s"),
        "approval.withdrawn": _("The question about %(tool)s was withdrawn"),
        "approval.escalated": _("The question about %(tool)s is due"),
        "approval.agreed": _("One of two has agreed to %(tool)s"),
        "people.notified": _("People were told something"),
        "budget.warn": _("75 % of a budget is used"),
        "budget.high": _("90 % of a budget is used"),
        "budget.spent": _("A budget is used up"),
        "budget.unknown": _("What is left of a budget is not known"),
        "invocation.*": _("%(tool)s: %(verb)s"),
        "approval.*": _("%(tool)s: %(verb)s"),
    }
