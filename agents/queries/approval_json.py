"""Approvals and orders as the API and commands write them."""

from __future__ import annotations

from typing import Any

from agents.models import Approval, Control, Invocation
from agents.queries import deciding, gate_words
from forecastlab.accounts.models import User


def summary(one: Approval) -> dict[str, Any]:
    session = one.invocation.session
    return {
        "id": one.pk,
        "invocation": one.invocation_id,
        "session": session.ref,
        "dataset": session.dataset_version.ref if session.dataset_version else None,
        "tool": one.invocation.tool,
        "action": one.title,
        "lane": one.lane,
        "status": one.status,
        "risk": one.risk,
        "priority": one.priority,
        "score": one.score,
        "approvals_needed": one.approvals_needed,
        "requested_by": str(one.requested_by),
        "opened_at": one.opened_at,
        "due_at": one.due_at,
        "escalated_at": one.escalated_at,
        "expires_at": one.expires_at,
        "closed_at": one.closed_at,
        "version": one.version,
        "digest": one.digest,
    }


def read(one: Approval, viewer: User) -> dict[str, Any]:
    """Return an approval with all that a decision rests on; arguments are redacted."""
    refused = deciding.refusal(one, viewer) if one.is_open else ""
    decisions = one.decisions.select_related("decided_by").order_by("pk")
    return {
        **summary(one),
        "summary": one.summary,
        "arguments": one.invocation.arguments,
        "preview": [{"name": name, "change": said} for name, said in one.preview],
        "exposure": one.exposure,
        "factors": [{**each, "label": gate_words.factor(each)} for each in one.factors],
        "reasons": [{**each, "text": gate_words.reason(each)} for each in one.reasons],
        "agent_confidence": one.agent_confidence,
        "reversible": one.is_reversible,
        "confirm_phrase": one.confirm_phrase or None,
        "requires_reason_on": one.requires_reason_on or None,
        "on_expiry": one.on_expiry,
        "instead_of": _number(one.invocation.replaces),
        "asked_instead": _number(getattr(one.invocation, "replacement", None)),
        "may_approve": one.is_open and not refused,
        "why_not": refused or None,
        "decisions": [
            {
                "verdict": each.verdict,
                "by": str(each.decided_by),
                "reason": each.reason or None,
                "at": each.at,
            }
            for each in decisions
        ],
    }


def _number(call: Invocation | None) -> int | None:
    """Return the approval of a call."""
    return call.approval.pk if call is not None else None


def decided(one: Approval) -> dict[str, Any]:
    """Return what became of an approval, and of what it was about."""
    decisions = one.decisions.select_related("decided_by").order_by("pk")
    call = one.invocation
    return {
        "approval": one.pk,
        "status": one.status,
        "decided_by": [str(each.decided_by) for each in decisions],
        "invocation": {
            "id": call.pk,
            "state": call.status,
            "result": call.result or None,
            "detail": call.detail or None,
        },
    }


def control(one: Control, scope: str) -> dict[str, Any]:
    return {
        "control": one.pk,
        "order": one.order,
        "scope": scope,
        "reason": one.reason,
        "issued_by": str(one.issued_by),
        "issued_at": one.issued_at,
        "expires_at": one.expires_at,
    }
