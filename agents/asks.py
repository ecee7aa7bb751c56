"""Approvals that wait for a person, for the home page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from agents.models import Approval
from agents.queries import deciding
from agents.services import closing
from forecastlab.lib.contributions import Ask, AskSource


def waiting(user: Any, most: int) -> tuple[int, Sequence[Ask]]:
    found = deciding.waiting_for(Approval.objects.visible_to(user), user)
    first = found.for_lists().order_by("expires_at", "pk")[:most] if most else ()
    return found.count(), [_ask(one) for one in first]


def _ask(one: Approval) -> Ask:
    session = one.invocation.session
    detail = " · ".join(filter(None, [session.ref, one.lane, one.risk, str(session.dataset or "")]))
    return Ask(one.title, detail, one.get_absolute_url(), one.expires_at)


APPROVALS = AskSource(
    name="approvals",
    verb="approval.decide",
    stream=closing.STREAM,
    everything=lambda: reverse("agents:approvals"),
    waiting=waiting,
    counted=lambda: reverse("agents:approvals-count"),
)
