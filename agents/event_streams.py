"""The streams that pages about agents follow, and the parts of pages that change with them."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from agents.models import Session
from agents.queries import session_list, session_page
from forecastlab.accounts.services.access import may
from forecastlab.lib import texts
from forecastlab.lib.contributions import EventStream, LiveRegion

PARTS = ("status", "lines", "facts", "timeline")


def can_read(user: Any, key: str) -> bool:
    number = texts.number(key)
    if number is None or not may(user, "agent.view"):
        return False
    return Session.objects.visible_to(user).filter(pk=number).exists()


def can_follow_all(user: Any, key: str) -> bool:
    return key == "all" and may(user, "approval.view")


def can_list(user: Any, key: str) -> bool:
    return key == session_list.LIST_STREAM.partition(".")[2] and may(user, "agent.view")


def _part(name: str) -> LiveRegion:
    def render(key: str) -> str:
        try:
            page = session_page.find(int(key))
        except Session.DoesNotExist:
            return ""
        return render_to_string(f"agents/_session_{name}.html", {"page": page})

    return LiveRegion(name, "push", lambda key: f"session-{key}-{name}", render)


def _row(key: str) -> str:
    related = Session.objects.select_related("dataset_version__dataset", "requested_by")
    rows = session_list.rows_of(related.filter(pk=int(key)))
    return render_to_string("agents/_session_row.html", {"row": rows[0]}) if rows else ""


# Their events carry nothing that is not for all: the rest is asked for with a viewer's own rights.
APPROVALS = EventStream(prefix="approvals", can_read=can_follow_all)
CONTROLS = EventStream(prefix="controls", can_read=can_follow_all)
POLICIES = EventStream(prefix="policies", can_read=can_follow_all)
SESSIONS = EventStream(prefix="sessions", can_read=can_list)
SESSION = EventStream(
    prefix="session",
    can_read=can_read,
    regions=(
        *(_part(name) for name in PARTS),
        LiveRegion("row", "push", lambda key: f"session-{key}-row", _row),
        LiveRegion("actions", "fetch", lambda key: f"session-{key}-actions"),
        LiveRegion("asks", "fetch", lambda key: f"session-{key}-asks"),
    ),
)
