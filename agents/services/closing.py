"""The one place where an approval stops being open, whoever or whatever ends it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q

from agents.domain.statuses import APPROVAL, INVOCATION
from agents.models import Approval, Decision, Invocation, Session
from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.moves import after, sources

STREAM = "approvals.all"
LONGEST_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Said:
    """Who answers, with which words, and when; `batch` names what was answered together."""

    by: User
    reason: str
    at: datetime
    batch: str = ""


def take(approval: Approval, seen: Q) -> bool:
    """Count an open approval on by one version if it is still as `seen`; False if it is not.

    Its row stays locked until the transaction ends, so of two who come at once one finds it
    changed.
    """
    still = Approval.objects.filter(seen, pk=approval.pk, status=Approval.Status.OPEN)
    return bool(still.update(version=F("version") + 1))


def record(approval: Approval, verdict: str, said: Said) -> Decision:
    """Keep one answer to an approval that was taken."""
    return Decision.objects.create(
        approval=approval,
        verdict=verdict,
        decided_by=said.by,
        reason=said.reason[:LONGEST_REASON],
        digest=approval.digest,
        at=said.at,
    )


def end(approval: Approval, move: str, said: Said) -> None:
    """Close an approval that was taken; what it asked about is put off unless it may run."""
    status = after(APPROVAL, Approval.Status.OPEN, move)
    Approval.objects.filter(pk=approval.pk).update(status=status, closed_at=said.at)
    if move != "approve":
        put_off(approval, move, said)


def put_off(approval: Approval, move: str, said: Said) -> None:
    """Let a call that waits come to nothing: rejected, or cancelled where nobody said no."""
    blocks = move == "expire" and approval.on_expiry == "block"
    ends = "cancel" if blocks or move == "withdraw" else "reject"
    waiting = Invocation.objects.filter(
        pk=approval.invocation_id, status__in=sources(INVOCATION, ends)
    )
    status = "cancelled" if ends == "cancel" else "rejected"
    waiting.update(
        status=status,
        finished_at=said.at,
        detail=said.reason[:LONGEST_REASON],
        error_code="blocked" if blocks else f"approval_{move}",
    )


def events(approval: Approval, kind: str, said: Said) -> list[NewEvent]:
    """Return what is told of an approval: on its session's stream, and that there is news.

    What was answered by policy and nobody is told of is no news: no list of approvals has it.
    """
    session_id = approval.invocation.session_id
    payload = {
        "approval": approval.pk,
        "invocation": approval.invocation_id,
        "tool": approval.invocation.tool,
        "lane": approval.lane,
        "detail": approval.title,
    }
    if said.reason:
        payload["reason"] = said.reason[:LONGEST_REASON]
    if said.batch:
        payload["batch"] = said.batch
    told = [NewEvent(f"session.{session_id}", f"approval.{kind}", payload)]
    if approval.lane != Approval.Lane.AUTO or approval.notifies:
        told.append(NewEvent(STREAM, "approval.changed"))
    return told


def withdraw_all(session: Session, *, by: User, reason: str, at: datetime) -> list[NewEvent]:
    """Withdraw every open approval of a session, and return the events for the caller to append.

    In the caller's transaction, with the session locked. What was approved and has not begun is
    left to the check before it runs: a session that has ended lets nothing begin.
    """
    said, told = Said(by, reason, at), []
    found = Approval.objects.open().filter(invocation__session=session)
    for one in found.select_related("invocation").order_by("pk"):
        if take(one, Q()):
            record(one, Decision.Verdict.WITHDRAW, said)
            end(one, "withdraw", said)
            told += events(one, "withdrawn", said)
    return told


def publish(told: list[NewEvent], said: Said) -> None:
    """Append events as the last thing in a transaction."""
    if told:
        log.append(told, actor_id=said.by.pk, at=said.at)
