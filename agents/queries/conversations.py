"""The conversation of a session, rebuilt from its rows."""

from __future__ import annotations

from agents.domain.conversation import Answered, Call, Conversation, Result, Said
from agents.domain.skills import SKILLS
from agents.models import Approval, Invocation, Session, Turn


def of(session: Session) -> Conversation:
    """Return all that was said, oldest first, as a model is told it."""
    turns = list(
        Turn.objects.filter(attempt__session=session)
        .order_by("pk")
        .prefetch_related("invocations__approval__decisions")
    )
    entries: list[Said | Answered] = []
    for message in session.messages.order_by("number"):
        entries.append(Said(message.text))
        entries += [_answered(one) for one in turns if one.after_message == message.number]
    version, workspace = session.dataset_version, session.workspace
    return Conversation(
        skill=session.skill,
        instruction=SKILLS[session.skill].instruction,
        dataset=version.ref if version else "",
        workspace=workspace.name if workspace else "",
        entries=entries,
    )


def _answered(turn: Turn) -> Answered:
    calls = sorted(turn.invocations.all(), key=lambda one: one.number)
    return Answered(turn.text, [_result(one) for one in calls])


def _result(one: Invocation) -> Result:
    call = Call(one.model_call_id, one.tool, one.arguments)
    return Result(call, one.status, one.result, one.detail or _refusal(one))


def _refusal(one: Invocation) -> str:
    """Say what people answered, for the model to go by."""
    approval: Approval | None = getattr(one, "approval", None)
    if one.status != Invocation.Status.REJECTED or approval is None:
        return ""
    reasons = [decision.reason for decision in approval.decisions.all() if decision.reason]
    return f"{approval.status}: {'; '.join(reasons)}" if reasons else approval.status
