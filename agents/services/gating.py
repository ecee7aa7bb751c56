"""Asking the gate about a call, and looking once more before it has its effect."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import BaseModel

from agents.domain import digests, gate
from agents.domain.gate import Around, Factor, Facts, Rule, Ruling, Stricter
from agents.domain.statuses import INVOCATION
from agents.gateways import sealing
from agents.models import ActionPolicy, Approval, Decision, Invocation
from agents.queries import gate_words
from agents.services import actors, budgets, closing, controls, seeing
from agents.services.closing import Said
from forecastlab.accounts.models import User
from forecastlab.accounts.services import access
from forecastlab.lib.contributions import AgentTool, Exposure, ToolContext
from forecastlab.lib.errors import Conflict, HouseError
from forecastlab.lib.moves import after
from forecastlab.lib.redaction import redact, redacted_text

LONGEST_TITLE = 300
LONGEST_PHRASE = 200
ANSWERED = {
    "auto": (Approval.Status.APPROVED, Decision.Verdict.APPROVE),
    "refuse": (Approval.Status.REJECTED, Decision.Verdict.REJECT),
}


class NotRunnable(Conflict):
    """This call may not run."""

    code = "not_runnable"

    def __init__(self, code: str, detail: str) -> None:
        self.code = code  # type: ignore[misc]
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Call:
    """A bound call as the gate looks at it; `by` is who changed it, None as the agent asked."""

    invocation: Invocation
    tool: AgentTool
    bound: BaseModel
    context: ToolContext
    by: User | None = None


# -- asking -------------------------------------------------------------------------------------


def ask(
    invocation: Invocation,
    tool: AgentTool,
    bound: BaseModel,
    context: ToolContext,
    *,
    at: datetime,
    by: User | None = None,
) -> Approval:
    """Put a call before the gate, in the caller's transaction with the session locked.

    Policy answers at once where nobody need be asked: a call of lane `auto` stays `requested`, one
    of lane `refuse` is `rejected`. Others are `awaiting` from then on.
    """
    call = Call(invocation, tool, bound, context, by)
    policy = newest_policy(tool.name)
    rule = rule_of(tool, policy)
    facts = _facts(call)
    ruling = gate.judge(rule, facts, _around(call, at))
    approval = _store(call, rule, facts, ruling, policy=policy, at=at)
    _move(call, approval, ruling, at=at)
    return approval


def newest_policy(tool: str) -> ActionPolicy | None:
    return ActionPolicy.objects.filter(tool=tool).order_by("-version").first()


def rule_of(tool: AgentTool, policy: ActionPolicy | None) -> Rule:
    """Return what applies to a tool: what it declares, and its newest policy where stricter."""
    declared = Rule(
        risk=tool.risk,
        base_score=tool.base_score,
        auto_threshold=tool.auto_threshold,
        inline_threshold=tool.inline_threshold,
        exposure_limit=tool.exposure_limit,
        has_effect=tool.has_effect,
        is_reversible=tool.reversible,
        asks_phrase=tool.confirm_phrase is not None,
        approvals_needed=tool.approvals_needed,
    )
    if policy is None:
        return declared
    wanted = {one.name: getattr(policy, one.name) for one in fields(Stricter)}
    return gate.tightened(declared, Stricter(**wanted))


def _facts(call: Call) -> Facts:
    """Find out how far a call reaches; what cannot be found out is said to be unclear."""
    tool, is_clear, reach, signals = call.tool, True, Exposure(), []
    try:
        if tool.exposure is not None:
            reach = tool.exposure(call.context, call.bound)
        found = tool.signals(call.context, call.bound) if tool.signals is not None else ()
        signals = [Factor(one.code, one.points, label=one.label) for one in found]
    except HouseError:
        is_clear = False
    return Facts(
        count=reach.count,
        unit=reach.unit,
        value=reach.value,
        signals=signals,
        is_clear=is_clear,
        phrase=_phrase(call),
    )


def _phrase(call: Call) -> str:
    """Return what must be typed: what the tool says, else its name where nothing takes it back."""
    if call.tool.confirm_phrase is None:
        return "" if call.tool.reversible else call.tool.name
    try:
        return redacted_text(call.tool.confirm_phrase(call.context, call.bound))[:LONGEST_PHRASE]
    except HouseError:
        return ""


def _around(call: Call, at: datetime) -> Around:
    session = call.invocation.session
    requester = session.requested_by
    return Around(
        environment=call.context.environment,
        may_do=access.may(requester, call.tool.verb),
        is_reviewer_asking=access.may(requester, "approval.review"),
        control=controls.standing(session),
        budget=budgets.left(session.skill, at).stops,
        confidence=call.invocation.turn.confidence,
        is_changed=call.by is not None,
    )


# -- keeping the answer ---------------------------------------------------------------------------


def _store(
    call: Call,
    rule: Rule,
    facts: Facts,
    ruling: Ruling,
    *,
    policy: ActionPolicy | None,
    at: datetime,
) -> Approval:
    status, _verdict = ANSWERED.get(ruling.lane, (Approval.Status.OPEN, ""))
    tool = call.tool
    return Approval.objects.create(
        invocation=call.invocation,
        lane=ruling.lane,
        status=status,
        title=_title(call),
        summary=tool.about,
        preview=_preview(call),
        digest=call.invocation.digest,
        policy_version=policy.version if policy else 0,
        score=ruling.score,
        factors=[_factor(one) for one in ruling.factors],
        reasons=[
            {"code": one.code, "lane": one.lane, "evidence": one.evidence} for one in ruling.reasons
        ],
        risk=rule.risk,
        is_reversible=rule.is_reversible,
        exposure={
            "count": facts.count,
            "unit": facts.unit,
            "value": None if facts.value is None else str(facts.value),
            "auto_threshold": rule.auto_threshold,
            "inline_threshold": rule.inline_threshold,
            "seen": seeing.of(tool, call.context, call.bound),
        },
        agent_confidence=call.invocation.turn.confidence,
        priority=ruling.priority,
        requires_reason_on=_reason_on(tool, policy),
        confirm_phrase=facts.phrase if ruling.needs_phrase else "",
        approvals_needed=ruling.approvals_needed,
        requested_by_id=call.by.pk if call.by else call.invocation.session.requested_by_id,
        on_expiry=(policy.on_expiry if policy else "") or tool.on_expiry,
        notifies=ruling.notifies,
        opened_at=at,
        due_at=at + ruling.due_after,
        expires_at=at + ruling.expires_after,
        closed_at=None if status == Approval.Status.OPEN else at,
    )


def _factor(one: Factor) -> dict[str, Any]:
    said = redacted_text(one.evidence), redacted_text(one.label)
    return {"code": one.code, "points": one.points, "evidence": said[0], "label": said[1]}


def _reason_on(tool: AgentTool, policy: ActionPolicy | None) -> str:
    wanted = {tool.requires_reason_on, policy.requires_reason_on if policy else ""} - {""}
    return wanted.pop() if len(wanted) == 1 else "both" if wanted else ""


def _title(call: Call) -> str:
    told = call.tool.title(call.bound) if call.tool.title else call.tool.name.replace("_", " ")
    return redacted_text(told)[:LONGEST_TITLE]


def _preview(call: Call) -> list[list[str]]:
    if call.tool.preview is None:
        return []
    try:
        rows = call.tool.preview(call.context, call.bound)
    except HouseError as error:
        rows = [(_("Preview"), error.message)]
    kept: list[list[str]] = redact([list(one) for one in rows], call.tool.sensitive)
    return kept


def _move(call: Call, approval: Approval, ruling: Ruling, *, at: datetime) -> None:
    """Move the call, keep what policy answers, and tell."""
    invocation = call.invocation
    if approval.is_open:
        invocation.status = after(INVOCATION, invocation.status, "ask")
        invocation.save(update_fields=["status"])
        said = Said(call.by or invocation.session.actor, "", at)
        closing.publish(closing.events(approval, "asked", said), said)
        return
    why = "" if ruling.lane == "auto" else gate_words.refused(approval.reasons)
    said = Said(actors.policy_user(), why, at)
    closing.record(approval, ANSWERED[ruling.lane][1], said)
    if ruling.lane == "refuse":
        invocation.status = after(INVOCATION, invocation.status, "reject")
        invocation.finished_at, invocation.detail = at, why
        invocation.error_code = "refused"
        invocation.save(update_fields=["status", "finished_at", "detail", "error_code"])
    kind = "approved" if ruling.lane == "auto" else "refused"
    closing.publish(closing.events(approval, kind, said), said)


# -- looking once more ----------------------------------------------------------------------------


def check_runnable(invocation: Invocation, *, at: datetime) -> None:
    """Raise NotRunnable unless a call may have its effect now; under the caller's locks.

    Codes: session_over, no_approval, not_approved, approval_expired, arguments_changed,
    no_environment, held, no_budget. Only the last two may pass by waiting.
    """
    session = invocation.session
    if session.is_ended:
        raise NotRunnable("session_over", _("The session is over."))
    _check_approval(invocation)
    approval = invocation.approval
    if all(one["code"] != "no_effect" for one in approval.reasons):
        _check_around(invocation, at)


def _check_approval(invocation: Invocation) -> None:
    approval = Approval.objects.with_lateness().filter(invocation=invocation).first()
    if approval is None:
        raise NotRunnable("no_approval", _("Nobody has approved this call."))
    if approval.status != Approval.Status.APPROVED:
        raise NotRunnable("not_approved", _("This call is not approved."))
    if approval.is_late:
        raise NotRunnable("approval_expired", _("The approval was not used in time."))
    _check_digest(invocation, approval)
    invocation.approval = approval


def _check_digest(invocation: Invocation, approval: Approval) -> None:
    """Compare what would be executed with what was approved."""
    changed = NotRunnable("arguments_changed", _("What would run is not what was approved."))
    try:
        plain = sealing.unseal(bytes(invocation.sealed), bound_to=str(invocation.operation_id))
    except sealing.SealBroken:
        raise changed from None
    if digests.digest(plain) != approval.digest:
        raise changed


def _check_around(invocation: Invocation, at: datetime) -> None:
    if settings.FORECASTLAB_ENVIRONMENT not in gate.ENVIRONMENTS:
        raise NotRunnable("no_environment", str(gate_words.REASONS["no_environment"]))
    order = controls.standing(invocation.session)
    if order:
        raise NotRunnable("held", _("An order stands: %s.") % order)
    stops = budgets.left(invocation.session.skill, at).stops
    if stops:
        raise NotRunnable("no_budget", gate_words.budget(stops))
