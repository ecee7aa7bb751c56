"""Answering an approval: by a person, once, for exactly what was asked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from agents.models import Approval, Decision, Session
from agents.queries import deciding
from agents.services import closing, moves, sessions
from agents.services.closing import Said
from forecastlab.accounts.models import User
from forecastlab.accounts.services import access
from forecastlab.lib.errors import BadInput, Conflict, NotAllowed, NotFound
from forecastlab.lib.redaction import redacted_text

VERDICTS = ("approve", "reject")


class NoSuchApproval(NotFound):
    """There is no such approval, or not for you."""

    code = "no_such_approval"


class NotOpen(Conflict):
    """The approval is not open any more."""

    code = "decided_already"


class ApprovalExpired(NotOpen):
    """The time for an answer is over; nothing was done."""

    code = "approval_expired"


class ApprovalWithdrawn(NotOpen):
    """The question was withdrawn; there is nothing to decide."""

    code = "approval_withdrawn"


class SessionOver(NotOpen):
    """The session that asked is over; there is nothing to decide."""

    code = "session_over"


class ApprovalChanged(Conflict):
    """What is asked is not what you saw: load it again and look."""

    code = "approval_changed"


class AnsweredAlready(Conflict):
    """You have answered already; a second person is needed."""

    code = "answered_already"


class NotYours(NotAllowed):
    """You may not answer this approval."""

    code = "not_yours"


class WrongPhrase(BadInput):
    """The typed words are not the ones that are asked for; nothing was done."""

    code = "wrong_phrase"


class ReasonNeeded(BadInput):
    """This answer needs a reason."""

    code = "reason_needed"


def find(approval_id: int, *, viewer: User) -> Approval:
    """Return an approval that the viewer may see; raises NoSuchApproval."""
    found = Approval.objects.visible_to(viewer).select_related(
        "invocation__session__dataset",
        "invocation__session__requested_by",
        "invocation__session__actor",
        "invocation__turn",
        "invocation__replaces__approval",
        "invocation__replacement__approval",
        "requested_by",
    )
    one = found.filter(pk=approval_id).first()
    if one is None:
        raise NoSuchApproval(field="approval")
    return one


def decide(  # noqa: PLR0913 - what was seen, what is said, who and when
    approval_id: int,
    verdict: str,
    *,
    by: User,
    version: int,
    digest: str,
    reason: str = "",
    phrase: str = "",
    batch: str = "",
    at: datetime,
) -> Decision:
    """Answer an approval as it was seen, by `version` and `digest`; the session goes on after it.

    It is consumed once: of two who answer at once, one gets NotOpen or ApprovalChanged, which
    names the other. Where two people are needed it stays open after the first yes. Raises NotYours,
    ApprovalExpired, ApprovalWithdrawn, SessionOver, AnsweredAlready, ReasonNeeded or WrongPhrase;
    nothing is changed then.
    """
    access.check(by, "approval.decide")
    if verdict not in VERDICTS:
        raise BadInput(_("The answer is 'approve' or 'reject'."), field="verdict")
    found = find(approval_id, viewer=by)
    said = Said(by, redacted_text(reason.strip()), at, batch)
    with transaction.atomic():
        session = moves.lock(found.invocation.session_id)
        check_who(found, verdict, by)
        take(found, session, version=version, digest=digest)
        _check_words(found, verdict, said.reason, phrase)
        return _consume(found, verdict, said)


def take(approval: Approval, session: Session, *, version: int, digest: str) -> None:
    """Take an open approval as it was seen, under the lock of its session; raises why it cannot."""
    seen = Q(version=version, digest=digest, expires_at__gt=Now())
    if session.is_ended or not closing.take(approval, seen):
        raise _refused(approval.pk, session, version=version, digest=digest)


def check_who(approval: Approval, verdict: str, by: User) -> None:
    refused = deciding.refusal(approval, by, verdict)
    if refused:
        raise NotYours(refused)


def _check_words(approval: Approval, verdict: str, reason: str, phrase: str) -> None:
    if approval.requires_reason_on in {verdict, "both"} and not reason:
        raise ReasonNeeded(field="reason")
    if verdict == "approve" and approval.confirm_phrase and phrase != approval.confirm_phrase:
        raise WrongPhrase(hint=_("Type exactly: %s") % approval.confirm_phrase, field="phrase")


def _consume(approval: Approval, verdict: str, said: Said) -> Decision:
    """Keep the answer, and close the approval unless another person must agree."""
    answers = list(approval.decisions.values_list("decided_by", flat=True))
    if said.by.pk in answers:
        raise AnsweredAlready
    made = closing.record(approval, verdict, said)
    if verdict == "approve" and len(answers) + 1 < approval.approvals_needed:
        closing.publish(closing.events(approval, "agreed", said), said)
        return made
    closing.end(approval, verdict, said)
    kind = "approved" if verdict == "approve" else "rejected"
    closing.publish(closing.events(approval, kind, said), said)
    sessions.wake(approval.invocation.session, at=said.at)
    return made


def _refused(approval_id: int, session: Session, *, version: int, digest: str) -> Conflict:
    """Say why an approval could not be taken, naming who was first."""
    now = Approval.objects.get(pk=approval_id)
    late = Approval.objects.open().overdue().filter(pk=approval_id).exists()
    answers = list(now.decisions.select_related("decided_by").order_by("pk"))
    if now.status == Approval.Status.EXPIRED or late:
        return ApprovalExpired()
    if now.status == Approval.Status.WITHDRAWN:
        return _withdrawn(now)
    if not now.is_open:
        return NotOpen(deciding.answered(answers), hint=_("Your answer was not used."))
    if session.is_ended:
        return SessionOver()
    if now.digest == digest and answers and now.version != version:
        return ApprovalChanged(deciding.answered(answers), hint=_("Look again, then answer."))
    return ApprovalChanged()


def _withdrawn(approval: Approval) -> ApprovalWithdrawn:
    """Say that it was withdrawn; or who has changed it, and what is asked instead."""
    instead = Approval.objects.filter(invocation__replaces=approval.invocation_id).first()
    if instead is None:
        return ApprovalWithdrawn()
    said = {"who": instead.requested_by, "number": instead.pk}
    return ApprovalWithdrawn(
        _("%(who)s has changed it before you: approval %(number)s is asked instead.") % said,
        hint=_("Your answer was not used."),
    )
