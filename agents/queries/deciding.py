"""Who may answer an approval, and who has."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from agents.models import Approval, ApprovalQuerySet, Decision, Message
from forecastlab.accounts.models import User
from forecastlab.accounts.services import access


def refusal(approval: Approval, by: User, verdict: str = "approve") -> str:
    """Say why a person may not answer this approval so; nothing if he may."""
    if not access.may(by, "approval.decide"):
        return access.refusal("approval.decide")
    reviews = access.may(by, "approval.review")
    if approval.lane == Approval.Lane.REVIEW and not reviews:
        return access.refusal("approval.review")
    owns = approval.requested_by_id == by.pk
    if not (owns or reviews):
        return _("Whoever asked for it, or an approver, answers this.")
    alone = approval.risk == "high" and approval.approvals_needed == 1
    if alone and verdict == "approve" and (owns or _has_spoken(approval, by)):
        return _("You asked for it, and at high risk somebody else must approve.")
    return ""


def _has_spoken(approval: Approval, by: User) -> bool:
    """Say whether a person told the session what to do: who does that asks for it as well."""
    said = Message.objects.filter(session=approval.invocation.session_id, author=by)
    return bool(said.exists())


def waiting_for(approvals: ApprovalQuerySet, by: User) -> ApprovalQuerySet:
    """Narrow open approvals to those that a person may approve and has not answered."""
    if not access.may(by, "approval.decide"):
        return approvals.none()
    open_ones = approvals.open().exclude(decisions__decided_by=by)
    own = Q(requested_by=by)
    if access.may(by, "approval.review"):
        words = Message.objects.filter(session=OuterRef("invocation__session"), author=by)
        return open_ones.exclude((own | Exists(words)) & Q(risk="high", approvals_needed=1))
    return open_ones.filter(own, lane=Approval.Lane.INLINE).exclude(risk="high", approvals_needed=1)


def answered(answers: Sequence[Decision]) -> str:
    """Say who has answered last, and how."""
    if not answers:
        return _("It has been answered.")
    words = {
        "approve": _("%s has approved it before you."),
        "reject": _("%s has rejected it before you."),
    }
    one = answers[-1]
    return words.get(one.verdict, _("%s has answered it.")) % one.decided_by
