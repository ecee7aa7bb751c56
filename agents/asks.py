"""What waits for a person, for the home page: approvals, and calls that nobody knows the end of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from agents.models import Approval, Invocation
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


def unsettled(user: Any, most: int) -> tuple[int, Sequence[Ask]]:
    found = Invocation.objects.visible_to(user).filter(status=Invocation.Status.UNKNOWN)
    first = list(found.select_related("session__dataset").order_by("pk")[:most])
    count = len(first) if len(first) < most else found.count()
    return count, [_question(one) for one in first]


def _question(one: Invocation) -> Ask:
    session = one.session
    detail = " · ".join(filter(None, [session.ref, str(session.dataset or "")]))
    title = _("What became of %s?") % one.tool.replace("_", " ")
    return Ask(title, detail, session.get_absolute_url(), one.finished_at or one.requested_at)


OUTCOMES = AskSource(
    name="outcomes",
    verb="outcome.settle",
    stream=closing.STREAM,
    everything=lambda: f"{reverse('agents:sessions')}?status=waiting",
    waiting=unsettled,
)
APPROVALS = AskSource(
    name="approvals",
    verb="approval.decide",
    stream=closing.STREAM,
    everything=lambda: reverse("agents:approvals"),
    waiting=waiting,
    counted=lambda: reverse("agents:approvals-count"),
)
