"""Sessions as programs read them: the API and the commands."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from agents.models import Approval, Invocation, Session, Turn
from forecastlab.accounts.models import User
from forecastlab.lib import cursors


def short(session: Session) -> dict[str, Any]:
    version = session.dataset_version
    return {
        "session": session.pk,
        "ref": session.ref,
        "skill": session.skill,
        "subject": session.subject,
        "trigger": session.trigger,
        "status": session.status,
        "status_reason": session.status_reason,
        "outcome": session.outcome or None,
        "outcome_reason": session.outcome_reason,
        "duplicate_of": session.duplicate_of_id,
        "dataset": version.ref if version else None,
        "workspace": session.workspace.name if session.workspace else None,
        "run": session.run_id,
        "schedule": session.schedule_id,
        "job": session.job_id,
        "requested_by": session.requested_by.username,
        "actor": session.actor.username,
        "version": session.version,
        "created_at": session.created_at,
        "started_at": session.started_at,
        "finished_at": session.finished_at,
    }


def whole(session: Session) -> dict[str, Any]:
    """Return a session with its calls, and what it asks of people."""
    turns = list(Turn.objects.filter(attempt__session=session).order_by("pk"))
    asked = Approval.objects.open().filter(invocation__session=session).order_by("pk")
    return {
        **short(session),
        "turns": len(turns),
        "said": [{"text": one.text, "at": one.at} for one in turns],
        "provider": turns[-1].provider if turns else settings.FORECASTLAB_LLM,
        "model": turns[-1].model if turns else None,
        "outcome_data": session.outcome_data,
        "invocations": [invocation(one) for one in session.invocations.order_by("pk")],
        "open_approvals": [approval(one) for one in asked],
    }


def invocation(one: Invocation) -> dict[str, Any]:
    return {
        "id": one.pk,
        "tool": one.tool,
        "state": one.status,
        "arguments": one.arguments,
        "result": one.result or None,
        "detail": one.detail,
        "error": {
            "class": one.error_class,
            "code": one.error_code,
            "retryable": one.is_retryable,
        }
        if one.error_code
        else None,
        "requested_at": one.requested_at,
        "finished_at": one.finished_at,
    }


def approval(one: Approval) -> dict[str, Any]:
    return {"id": one.pk, "lane": one.lane, "action": one.title, "expires_at": one.expires_at}


def listed(
    viewer: User, *, status: str, skill: str, limit: int, cursor: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Return sessions, newest first, and where the next page starts."""
    found = Session.objects.visible_to(viewer).undeleted()
    if status:
        found = found.filter(status=status)
    if skill:
        found = found.filter(skill=skill)
    found = found.select_related("dataset_version__dataset", "workspace", "requested_by", "actor")
    page, following = cursors.page(found, by="-pk", limit=limit, cursor=cursor)
    return [short(one) for one in page], following
