"""The conversation of a session, rebuilt from its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping

from agents.domain.conversation import Answered, Call, Conversation, Result, Said
from agents.domain.skills import SKILLS
from agents.models import Approval, Invocation, Turn
from agents.queries.histories import History


def of(history: History) -> Conversation:
    """Return all that was said, oldest first, as a model is told it."""
    session, entries = history.session, list[Said | Answered]()
    for message in history.messages:
        entries.append(Said(message.text))
        entries += [_answered(one) for one in history.turns if one.after_message == message.number]
    version, workspace = session.dataset_version, session.workspace
    return Conversation(
        skill=session.skill,
        instruction=SKILLS[session.skill].instruction,
        dataset=version.ref if version else "",
        workspace=workspace.name if workspace else "",
        entries=entries,
    )


def _answered(turn: Turn) -> Answered:
    """Return a turn with a result for each call that the model made, whoever changed it since."""
    calls = list(turn.invocations.all())
    instead = {one.replaces_id: one for one in calls if one.replaces_id}
    return Answered(turn.text, [_result(one, instead) for one in calls if not one.replaces_id])


def _result(one: Invocation, instead: Mapping[int, Invocation]) -> Result:
    call, last = Call(one.model_call_id, one.tool, one.arguments), one
    while last.pk in instead:
        last = instead[last.pk]
    told = f"{_changed(one, last)} {last.detail or _refusal(last)}".strip()
    return Result(call, last.status, last.result, told)


def _changed(one: Invocation, last: Invocation) -> str:
    """Say what people made of a call before anybody answered, for the model to go by."""
    if last is one:
        return ""
    now = {
        name: value for name, value in last.arguments.items() if value != one.arguments.get(name)
    }
    return f"A person changed the arguments to {json.dumps(now, ensure_ascii=False)}."


def _refusal(one: Invocation) -> str:
    """Say what people answered, for the model to go by."""
    approval: Approval | None = getattr(one, "approval", None)
    if one.status != Invocation.Status.REJECTED or approval is None:
        return ""
    reasons = [decision.reason for decision in approval.decisions.all() if decision.reason]
    return f"{approval.status}: {'; '.join(reasons)}" if reasons else approval.status
