"""What happens to approvals that nobody answers: they are raised, and then they lapse."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from agents.models import Approval, Decision
from agents.services import actors, closing, moves, sessions
from agents.services.closing import Said
from forecastlab.lib import sweeps

AT_ONCE = 200
AGAIN = timedelta(hours=4)


def sweep(at: datetime) -> int:
    """Let overdue approvals lapse and raise those that are due; return how many changed."""
    with sweeps.alone("agents.approvals") as first:
        if not first:
            return 0
        lapsed = _numbers(Approval.objects.open().overdue(), "expires_at")
        late = _numbers(Approval.objects.open().filter(_due()), "due_at")
    return sum([*(expire(one, at=at) for one in lapsed), *(escalate(one, at=at) for one in late)])


def expire(approval_id: int, *, at: datetime) -> bool:
    """Let the clock answer an approval whose time is over; False if somebody was first."""
    with transaction.atomic():
        approval = Approval.objects.select_related("invocation__session").get(pk=approval_id)
        session = moves.lock(approval.invocation.session_id)
        if not closing.take(approval, Q(expires_at__lte=Now())):
            return False
        said = Said(actors.clock_user(), "", at)
        closing.record(approval, Decision.Verdict.EXPIRE, said)
        closing.end(approval, "expire", said)
        closing.publish(closing.events(approval, "expired", said), said)
        sessions.wake(session, at=at)
    return True


def escalate(approval_id: int, *, at: datetime) -> bool:
    """Raise an approval that is due: say so to everybody who follows them, at most every 4 h."""
    with transaction.atomic():
        raised = Approval.objects.open().filter(_due(), pk=approval_id).update(escalated_at=Now())
        if raised:
            approval = Approval.objects.select_related("invocation").get(pk=approval_id)
            said = Said(actors.clock_user(), "", at)
            closing.publish(closing.events(approval, "escalated", said), said)
    return bool(raised)


def _due() -> Q:
    return Q(due_at__lte=Now()) & (Q(escalated_at=None) | Q(escalated_at__lte=Now() - AGAIN))


def _numbers(found: QuerySet[Approval], order: str) -> list[int]:
    return list(found.order_by(order).values_list("pk", flat=True)[:AT_ONCE])
