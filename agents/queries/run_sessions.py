"""The sessions that rows of a run started, and what people answered to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from agents.models import Approval, Decision, Invocation, Session
from forecastlab.accounts.models import User
from forecastlab.events import queries as events_of
from forecastlab.lib.contributions import Json
from showcase.models import Run

PATIENCE = "approval_patience_s"


def key_of(run: Run, step: str) -> str:
    """Return what names the session of a row, so that a row started twice has one."""
    return f"run.{run.pk}.{step}"


def step_of(session: Session) -> str:
    """Return the row that started a session, "" where none did."""
    begin = f"run.{session.run_id}."
    return session.start_key.removeprefix(begin) if session.start_key.startswith(begin) else ""


def of_step(run: Run, step: str) -> Session | None:
    return Session.objects.filter(start_key=key_of(run, step)).first()


def asked(run: Run, step: str, *, viewer: User) -> Approval | None:
    """Return what the session of a row asks people now, else what it asked last."""
    session = of_step(run, step)
    mine = Approval.objects.visible_to(viewer).filter(invocation__session=session)
    found = mine.exclude(lane=Approval.Lane.AUTO).order_by("pk")
    return (found.open().first() or found.last()) if session else None


def approvals(session: Session) -> list[Approval]:
    """Return what was asked of people, not what policy answered at once, in its order."""
    asked = Approval.objects.filter(invocation__session=session).exclude(lane=Approval.Lane.AUTO)
    answers = Prefetch("decisions", Decision.objects.select_related("decided_by").order_by("pk"))
    return list(asked.select_related("invocation").prefetch_related(answers).order_by("pk"))


def told(session: Session) -> dict[str, Any]:
    """Return what the row of a run keeps of its session."""
    asked = approvals(session)
    return {
        "run": session.run_id,
        "step": step_of(session),
        "session": session.pk,
        "ref": session.ref,
        "status": session.status,
        "outcome": session.outcome,
        "approvals": [entry(one) for one in asked],
        "answers": [words for one in asked if (words := answer(one))],
        "is_open": any(one.is_open for one in asked),
    }


def open_approval(session: Session) -> Approval | None:
    return Approval.objects.open().filter(invocation__session=session).order_by("pk").first()


@dataclass(frozen=True, slots=True)
class Wait:
    """What a session waits for people for, in a sentence, and since when."""

    words: str
    since: datetime
    is_decision: bool

    def left(self, config: Json, at: datetime) -> float:
        """Return for how many seconds more a run is patient."""
        until = self.since + timedelta(seconds=config.get(PATIENCE, 0))
        return (until - at).total_seconds()


def wait(session: Session) -> Wait | None:
    """Return what people keep a session from going on with, None where it is at work or over.

    That is a decision, a word about a lost call, or the end of an order or of a spent budget.
    """
    if session.is_ended:
        return None
    asked = open_approval(session)
    if asked is not None:
        words = _("%(ref)s waits for a decision: %(what)s")
        return Wait(
            words % {"ref": session.ref, "what": asked.title}, asked.opened_at, is_decision=True
        )
    parked = events_of.last(session.stream, "session.waiting")
    if session.status != Session.Status.WAITING or parked is None:
        return None
    words = _("%(ref)s waits: %(why)s") % {"ref": session.ref, "why": session.status_reason}
    return Wait(words, parked.at, is_decision=False)


def entry(one: Approval) -> dict[str, Any]:
    """Return an approval as the story of a run keeps it."""
    made = list(one.decisions.all())
    return {
        "title": one.title,
        "tool_name": one.invocation.tool,
        "lane": one.lane,
        "decision": one.status,
        "executed": one.invocation.status == Invocation.Status.SUCCEEDED,
        "decided_by": ", ".join(str(decision.decided_by) for decision in made),
        "reason": " ".join(decision.reason for decision in made if decision.reason),
        "opened_at": one.opened_at.isoformat(),
        "closed_at": one.closed_at.isoformat() if one.closed_at else None,
    }


def answer(one: Approval) -> str:
    """Say in a sentence who answered what; "" as long as nobody has."""
    if one.is_open:
        return ""
    who = ", ".join(str(made.decided_by) for made in one.decisions.all())
    words = {
        Approval.Status.APPROVED: _("%(who)s approved: %(what)s."),
        Approval.Status.REJECTED: _("%(who)s rejected: %(what)s. Nothing was done."),
        Approval.Status.EXPIRED: _("Nobody answered in time: %(what)s. Nothing was done."),
        Approval.Status.WITHDRAWN: _("Withdrawn: %(what)s. Nothing was done."),
    }
    return words[Approval.Status(one.status)] % {"who": who, "what": one.title}


def outcome(session: Session) -> str:
    """Say in a sentence how a session ended."""
    words = {
        Session.Outcome.RESOLVED: _("done."),
        Session.Outcome.ESCALATED: _("handed over to people."),
        Session.Outcome.NEEDS_REVIEW: _("left to people."),
        Session.Outcome.DUPLICATE: _("another session asks for the same."),
    }
    if session.outcome:
        said = words[Session.Outcome(session.outcome)]
        return f"{said} {session.outcome_reason}".strip()
    return session.status_reason or _("ended without an outcome.")


def of_run(run_id: int) -> Sequence[Session]:
    return list(Session.objects.filter(run=run_id).order_by("pk"))


def events(run_id: int) -> list[dict[str, Any]]:
    """Return what people were asked by the agents of a run, oldest first, for its story."""
    return [
        {"session": session.ref, **entry(one)}
        for session in of_run(run_id)
        for one in approvals(session)
    ]
