"""One tool call, one row: asked for, claimed, done, recorded, each by one conditional update.

The fence of a claim is that of the job step that made it, with the job in front: it rises with
every worker that takes the session over, so what an earlier one claimed can be told.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pydantic import BaseModel

from agents.domain import digests
from agents.domain.conversation import Call
from agents.domain.skills import SKILLS
from agents.domain.statuses import INVOCATION
from agents.gateways import sealing
from agents.models import Invocation, Session, Turn
from agents.queries import tools
from agents.services import budgets, closing, moves, sessions
from agents.services.budgets import Used
from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.lib import contributions, texts
from forecastlab.lib.contributions import AgentTool, NewEvent, ToolResult
from forecastlab.lib.errors import BadInput, Conflict, HouseError, NotFound
from forecastlab.lib.moves import after, sources
from forecastlab.lib.redaction import redact, redacted_text

# Of the calls that were not taken, so many are named.
MOST_NAMED = 10
# People are asked what became of a call, or no more: what waits for them has changed.
ASKED_ANEW = NewEvent(closing.STREAM, "approval.changed")
VERDICTS = {"succeeded": "succeed", "failed": "fail"}


class NoSuchCall(NotFound):
    """There is no such call, or not for you."""

    code = "no_such_call"


class NotUnknown(Conflict):
    """What became of this call is known already."""

    code = "not_unknown"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a call failed; the text is fit for people and for a model."""

    text: str
    error_class: str
    code: str
    is_retryable: bool

    @classmethod
    def of(cls, error: HouseError) -> Failure:
        return cls(
            text=str(redact(error.message)),
            error_class=type(error).__name__,
            code=error.code,
            is_retryable=isinstance(error, contributions.Transient),
        )


@dataclass(frozen=True, slots=True)
class Doubt:
    """A call was broken off after it had written something: nobody knows how much of it is done."""

    why: Failure


# -- asking -------------------------------------------------------------------------------------


def request(turn: Turn, number: int, call: Call, *, session: Session, at: datetime) -> Invocation:
    """Store a proposed call: bound, redacted, sealed; or failed, when it makes no sense.

    In the transaction that stores the turn. Arguments that cannot be bound are not kept.
    """
    one = Invocation(
        session=session,
        turn=turn,
        number=number,
        model_call_id=redacted_text(call.id)[:100],
        tool=redacted_text(call.tool)[:100],
        operation_id=uuid.uuid4(),
        requested_at=at,
    )
    try:
        tool = _allowed(call.tool, session)
        bound = tools.bind(tool, call.arguments)
    except HouseError as error:
        _fail(one, Failure.of(error), at=at)
    else:
        fill(one, tool, bound, session)
    one.save()
    return one


def turn_away(
    turn: Turn, most: int, beyond: Sequence[Call], *, session: Session, at: datetime
) -> Invocation:
    """Store one failed call that speaks for all that a reply had beyond the most of one turn."""
    named = ", ".join(one.tool[:100] for one in beyond[:MOST_NAMED])
    one = Invocation(
        session=session,
        turn=turn,
        number=most + 1,
        model_call_id=f"beyond-{uuid.uuid4()}",
        tool=redacted_text(beyond[0].tool)[:100],
        operation_id=uuid.uuid4(),
        requested_at=at,
    )
    said = ngettext(
        "At most %(most)s calls are taken in one turn. %(n)s more was not: %(named)s.",
        "At most %(most)s calls are taken in one turn. %(n)s more were not: %(named)s.",
        len(beyond),
    ) % {
        "most": most,
        "n": len(beyond),
        "named": named if len(beyond) <= MOST_NAMED else f"{named}…",
    }
    error = BadInput(str(redact(said)), hint=_("Ask for what is still needed in the next turn."))
    _fail(one, replace(Failure.of(error), code="too_many_calls"), at=at)
    one.save()
    return one


def _allowed(name: str, session: Session) -> AgentTool:
    tool = tools.find(name)
    if tool is None or name not in SKILLS[session.skill].tools:
        raise BadInput(_("There is no tool '%s' here.") % name[:100], field="tool")
    return tool


def fill(one: Invocation, tool: AgentTool, bound: BaseModel, session: Session) -> None:
    """Give a call its arguments: redacted for people, sealed for whoever carries it out."""
    plain = bound.model_dump(mode="json")
    one.injected = injected(session)
    one.arguments = redact(plain, tool.sensitive)
    one.risk = tool.risk
    canonical = digests.canonical(plain, one.injected)
    one.digest = digests.digest(canonical)
    one.sealed = sealing.seal(canonical, bound_to=str(one.operation_id))


def injected(session: Session) -> dict[str, Any]:
    """Return what the server knows about a call of this session; no model supplies it."""
    version, workspace = session.dataset_version, session.workspace
    return {
        "session": session.ref,
        "skill": session.skill,
        "requester": session.requested_by_id,
        "dataset": version.ref if version else "",
        "workspace": workspace.name if workspace else "",
    }


# -- executing ------------------------------------------------------------------------------------


def claim(one: Invocation, *, fence: int, at: datetime) -> bool:
    """Take a call for this worker, if nobody has: the condition and the claim are one update."""
    claimable = Invocation.objects.filter(pk=one.pk, status__in=sources(INVOCATION, "claim"))
    with transaction.atomic(savepoint=False):
        taken = claimable.update(status=Invocation.Status.CLAIMED, fence=fence, claimed_at=at)
        if taken:
            log.append([event(one, "claimed")], actor_id=one.session.actor_id, at=at)
    return bool(taken)


def record(
    one: Invocation,
    outcome: ToolResult | Failure | Doubt,
    *,
    fence: int,
    seconds: float,
    at: datetime,
) -> bool:
    """Store what became of a claimed call; False when somebody else has spoken of it meanwhile.

    It needs no lease: whoever made the call knows its outcome, and the fence of the claim says
    whether anybody has claimed it since. So it also settles a call that was given up as unknown
    while it was still being made, unless a person was first.
    """
    move, told = _told(one, outcome)
    status = after(INVOCATION, Invocation.Status.CLAIMED, move)
    told["finished_at"] = None if isinstance(outcome, Doubt) else at
    with transaction.atomic():
        session = moves.lock(one.session_id)
        mine = Invocation.objects.filter(pk=one.pk, status=Invocation.Status.CLAIMED, fence=fence)
        was_lost = not mine.update(status=status, **told)
        if was_lost and not _find_again(one, move, told, fence=fence):
            return False
        told_of = [event(one, status, detail=told["detail"])]
        if was_lost or isinstance(outcome, Doubt):
            told_of.append(ASKED_ANEW)
        log.append(told_of, actor_id=session.actor_id, at=at)
        budgets.charge(session, Used(calls=1, seconds=seconds), invocation=one, at=at)
        if was_lost:
            sessions.wake(session, at=at)
    return True


def _find_again(one: Invocation, move: str, told: Mapping[str, Any], *, fence: int) -> bool:
    """Store what became of a call that counted as unknown; False where a person has said it."""
    if move not in VERDICTS.values():
        return False
    status = after(INVOCATION, Invocation.Status.UNKNOWN, move)
    lost = Invocation.objects.filter(pk=one.pk, status=Invocation.Status.UNKNOWN, fence=fence)
    return bool(lost.update(status=status, **told))


def _told(one: Invocation, outcome: ToolResult | Failure | Doubt) -> tuple[str, dict[str, Any]]:
    """Return the move that an outcome is, and what the row keeps of it."""
    match outcome:
        case Doubt():
            return "lose", _failed(outcome.why)
        case Failure():
            return "fail", _failed(outcome)
        case _:
            return "succeed", _done(one, outcome)


def _failed(failure: Failure) -> dict[str, Any]:
    return {
        "detail": failure.text,
        "error_class": failure.error_class,
        "error_code": failure.code,
        "is_retryable": failure.is_retryable,
    }


def _done(one: Invocation, result: ToolResult) -> dict[str, Any]:
    tool = tools.find(one.tool)
    outcome = result.outcome
    proposal = (
        {
            "status": outcome.status,
            "reason": str(redact(outcome.reason)),
            "confidence": outcome.confidence,
            "data": redact(dict(outcome.data)),
        }
        if outcome
        else {}
    )
    return {
        "result": redact(dict(result.data), tool.sensitive if tool else ()),
        "detail": str(redact(result.detail)),
        "proposal": proposal,
    }


def refuse(one: Invocation, error: HouseError, *, at: datetime) -> str:
    """Say of a call that waits for nobody that it will not be done, and why; returns its status."""
    move = "fail" if one.status == Invocation.Status.REQUESTED else "reject"
    status = after(INVOCATION, one.status, move)
    waiting = Invocation.objects.filter(pk=one.pk, status=one.status)
    waiting.update(status=status, finished_at=at, **_failed(Failure.of(error)))
    return status


def _fail(one: Invocation, failure: Failure, *, at: datetime) -> None:
    one.status = after(INVOCATION, Invocation.Status.REQUESTED, "fail")
    one.finished_at = at
    for name, value in _failed(failure).items():
        setattr(one, name, value)


# -- what a crash leaves behind -------------------------------------------------------------------


def orphans(session: Session, *, fence: int) -> Sequence[Invocation]:
    """Return the calls that a worker claimed which has not the session any more."""
    claimed = session.invocations.filter(status=Invocation.Status.CLAIMED)
    return list(claimed.exclude(fence=fence).order_by("pk"))


def lose(one: Invocation, *, at: datetime) -> None:
    """Say of a claimed call whose worker is gone that nobody knows its outcome.

    What changes nothing may be done again. In a transaction that holds the session.
    """
    tool = tools.find(one.tool)
    move = "lose" if tool is None or tool.has_effect else "again"
    status = after(INVOCATION, Invocation.Status.CLAIMED, move)
    left = Invocation.objects.filter(pk=one.pk, status=Invocation.Status.CLAIMED, fence=one.fence)
    if left.update(status=status):
        lost = [ASKED_ANEW] if status == Invocation.Status.UNKNOWN else []
        log.append([event(one, status), *lost], actor_id=None, at=at)


def settle(one: Invocation, verdict: str, *, by: User, at: datetime, reason: str) -> Invocation:
    """Let a person say what became of an unknown call: `succeeded` or `failed`, and why they know.

    The session goes on then. Raises NotUnknown, also for the second of two people.
    """
    if verdict not in VERDICTS:
        raise BadInput(_("Say succeeded or failed."), field="verdict")
    texts.check(reason, field="reason")
    said = redacted_text(reason.strip())[:2000]
    if not said:
        raise BadInput(_("Say how you know."), field="reason")
    with transaction.atomic():
        session = moves.lock(one.session_id)
        unknown = Invocation.objects.filter(pk=one.pk, status=Invocation.Status.UNKNOWN)
        status = after(INVOCATION, Invocation.Status.UNKNOWN, VERDICTS[verdict])
        told = {"detail": said, "settled_by": by, "finished_at": at}
        if verdict == "failed":
            told |= {"error_class": "Settled", "error_code": "settled", "is_retryable": False}
        if not unknown.update(status=status, **told):
            raise NotUnknown
        news = [event(one, status, detail=told["detail"]), ASKED_ANEW]
        log.append(news, actor_id=by.pk, at=at)
        sessions.wake(session, at=at)
    one.refresh_from_db()
    return one


def find(number: int, *, viewer: User) -> Invocation:
    """Return a call that this person may see; raises NoSuchCall."""
    visible = Invocation.objects.visible_to(viewer).select_related("session__actor")
    found: Invocation | None = visible.filter(pk=number).first()
    if found is None:
        raise NoSuchCall(field="call")
    return found


def event(one: Invocation, kind: str, **payload: Any) -> NewEvent:
    told: Mapping[str, Any] = {"invocation": one.pk, "tool": one.tool, **payload}
    return NewEvent(f"session.{one.session_id}", f"invocation.{kind}", told)
