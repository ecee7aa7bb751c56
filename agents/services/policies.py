"""Policies of actions: rows with a history. The newest counts; none is ever changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from agents.models import ActionPolicy
from forecastlab.accounts.models import User
from forecastlab.accounts.services import access
from forecastlab.events.services import log
from forecastlab.lib.contributions import NewEvent

FIELDS = (
    "risk",
    "base_score",
    "auto_threshold",
    "inline_threshold",
    "exposure_limit",
    "value_limit",
    "approvals_needed",
    "requires_reason_on",
    "on_expiry",
    "is_denied",
)
_ALONE = "select pg_advisory_xact_lock(hashtext('agents.policy'), hashtext(%s))"


def publish(draft: ActionPolicy, *, by: User, at: datetime) -> ActionPolicy:
    """Store a draft as the next version of its tool's policy.

    It holds for what is asked from now on. Only people in a role that carries `policy.edit` may.
    """
    access.check(by, "policy.edit")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_ALONE, [draft.tool])
        earlier = ActionPolicy.objects.filter(tool=draft.tool)
        draft.pk = None
        draft.version = (earlier.aggregate(last=Max("version"))["last"] or 0) + 1
        draft.made_by, draft.made_at = by, at
        draft.save(force_insert=True)
        payload = {"tool": draft.tool, "version": draft.version}
        log.append([NewEvent("policies.all", "policy.published", payload)], actor_id=by.pk, at=at)
    return draft


def newest_values(tool: str) -> dict[str, Any]:
    """Return what the newest policy of a tool says, to begin the next one with."""
    newest = ActionPolicy.objects.filter(tool=tool).order_by("-version").first()
    return {name: getattr(newest, name) for name in FIELDS} if newest else {}
