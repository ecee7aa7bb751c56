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
    call = approval.invocation
    owns = by.pk in {approval.requested_by_id, call.session.requested_by_id}
    if not (owns or reviews):
        return _("Whoever asked for it, or an approver, answers this.")
    alone = verdict == "approve" and approval.approvals_needed == 1
    asked = owns or (approval.risk == "high" and _has_spoken(approval, by))
    return _not_alone(approval, by) if asked and alone else ""


def _has_spoken(approval: Approval, by: User) -> bool:
    """Say whether a person told the session what to do: who does that asks for it as well."""
    said = Message.objects.filter(session=approval.invocation.session_id, author=by)
    return bool(said.exists())


def _not_alone(approval: Approval, by: User) -> str:
    """Say why whoever asked for it may not approve it without anybody else."""
    if approval.risk == "high":
        return _("You asked for it, and at high risk somebody else must approve.")
    if approval.invocation.replaces_id and approval.requested_by_id == by.pk:
        return _("You changed it: somebody else must approve.")
    return ""


def by_itself(approval: Approval) -> tuple[str, str]:
    """Return the code of why an approval is decided by itself, and the words; "" where others may
    be decided along with it."""
    if approval.risk == "high":
        return "high_risk", _("High risk: decide it by itself.")
    if approval.confirm_phrase:
        return "needs_phrase", _("Words must be typed: decide it by itself.")
    if approval.approvals_needed > 1:
        return "needs_two_people", _("Two people must agree: decide it by itself.")
    return "", ""


def waiting_for(approvals: ApprovalQuerySet, by: User) -> ApprovalQuerySet:
    """Narrow open approvals to those that a person may approve and has not answered."""
    if not access.may(by, "approval.decide"):
        return approvals.none()
    open_ones = approvals.open().exclude(decisions__decided_by=by)
    own = Q(requested_by=by) | Q(invocation__session__requested_by=by)
    changed = Q(requested_by=by, invocation__replaces__isnull=False)
    words = Message.objects.filter(session=OuterRef("invocation__session"), author=by)
    asked = (own | Exists(words)) & Q(risk="high")
    others = open_ones.exclude(Q(approvals_needed=1) & (asked | changed))
    if access.may(by, "approval.review"):
        return others
    return others.filter(own, lane=Approval.Lane.INLINE)


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
