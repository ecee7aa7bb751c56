"""Changing what a call would do: the open question is withdrawn, and another one asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from pydantic import BaseModel

from agents.gateways import sealing
from agents.models import Approval, Decision, Invocation, Session
from agents.queries import tools
from agents.services import (
    closing,
    decisions,
    gating,
    invocations,
    moves,
    sealed_calls,
    seeing,
    sessions,
)
from agents.services.closing import Said
from forecastlab.accounts.models import User
from forecastlab.accounts.services import access
from forecastlab.lib.contributions import AgentTool
from forecastlab.lib.errors import BadInput, Conflict
from forecastlab.lib.redaction import redact, redacted_text

LONGEST_ID = 100


class NotChangeable(Conflict):
    """Nothing of this call can be changed."""

    code = "not_changeable"


class NothingChanged(BadInput):
    """This is what is asked for already: change something, or answer it."""

    code = "nothing_changed"


def tool_of(approval: Approval) -> AgentTool:
    """Return the tool that an approval is about; raises NotChangeable where there is none."""
    tool = tools.find(approval.invocation.tool)
    if tool is None:
        raise NotChangeable
    return tool


def changeable(approval: Approval) -> dict[str, Any]:
    """Return the arguments that people may change: those of which nothing is masked or cut off.

    What the server injects is none of them. Raises NotChangeable where there are none.
    """
    tool = tool_of(approval)
    plain = _arguments(approval.invocation)
    shown = {name: redact({name: value}, tool.sensitive) for name, value in plain.items()}
    open_ones = {name: value for name, value in plain.items() if shown[name] == {name: value}}
    if not open_ones:
        raise NotChangeable
    return open_ones


def change(  # noqa: PLR0913 - what was seen, what it becomes, who and when
    approval_id: int,
    given: Mapping[str, Any],
    *,
    by: User,
    version: int,
    digest: str,
    reason: str = "",
    at: datetime,
) -> Approval:
    """Ask for a call with other arguments instead of the one that is asked for; return what is.

    `given` holds the arguments that change; the tool's own model checks them. The approval is
    withdrawn as it was seen, by `version` and `digest`, so of two who change or answer it at once
    one wins. What is asked instead goes through the gate anew, is never let through by policy, and
    is asked for by whoever changed it, who does not approve it alone. Raises what
    `decisions.decide` does, BadArguments, NothingChanged or NotChangeable; nothing changes then.
    """
    access.check(by, "approval.decide")
    found = decisions.find(approval_id, viewer=by)
    said = redacted_text(reason.strip())
    with transaction.atomic():
        session = moves.lock(found.invocation.session_id)
        decisions.check_who(found, "reject", by)
        decisions.take(found, session, version=version, digest=digest)
        _check_answer(found, said, by)
        bound = _bound(found, given)
        asked = _ask(found.invocation, bound, session, by=by, at=at)
        _withdraw(found, asked, Said(by, said, at))
        sessions.wake(session, at=at)
    return asked


def _check_answer(approval: Approval, reason: str, by: User) -> None:
    if approval.requires_reason_on in {"reject", "both"} and not reason:
        raise decisions.ReasonNeeded(field="reason")
    if approval.decisions.filter(decided_by=by).exists():
        raise decisions.AnsweredAlready


def _bound(approval: Approval, given: Mapping[str, Any]) -> BaseModel:
    tool, open_ones = tool_of(approval), changeable(approval)
    for name in given:
        if name not in open_ones:
            raise BadInput(_("The argument '%s' cannot be changed.") % name[:60], field=name[:60])
    plain = _arguments(approval.invocation)
    bound = tools.bind(tool, {**plain, **given})
    if bound.model_dump(mode="json") == tools.bind(tool, plain).model_dump(mode="json"):
        raise NothingChanged(field="arguments")
    return bound


def _arguments(one: Invocation) -> dict[str, Any]:
    plain = sealing.unseal(bytes(one.sealed), bound_to=str(one.operation_id))
    kept: dict[str, Any] = json.loads(plain)["arguments"]
    return kept


def _ask(
    old: Invocation, bound: BaseModel, session: Session, *, by: User, at: datetime
) -> Approval:
    """Store the call that stands in the place of another, and put it before the gate."""
    tool = tools.catalogue()[old.tool]
    last = Invocation.objects.filter(turn=old.turn_id).aggregate(last=Max("number"))["last"]
    new = Invocation(
        session=session,
        turn=old.turn,
        number=last + 1,
        replaces=old,
        model_call_id=f"{old.model_call_id[: LONGEST_ID - 12]}-{last + 1}",
        tool=old.tool,
        operation_id=uuid4(),
        requested_at=at,
    )
    invocations.fill(new, tool, bound, session)
    new.save()
    call = sealed_calls.unsealed(new, session=session, now=at, report=_unheard)
    with seeing.bounded(tool):
        return gating.ask(new, tool, call.bound, call.context, at=at, by=by)


def _withdraw(approval: Approval, asked: Approval, said: Said) -> None:
    why = _("Changed: approval %s is asked instead.") % asked.pk
    told = Said(said.by, f"{why} {said.reason}".strip(), said.at)
    closing.record(approval, Decision.Verdict.WITHDRAW, told)
    closing.end(approval, "withdraw", told)
    closing.publish(closing.events(approval, "withdrawn", told), told)


def _unheard(fraction: float | None = None, text: str = "") -> None:
    """Be told how far a look is, with no lease to renew."""
