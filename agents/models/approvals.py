from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now
from django.urls import reverse

from agents.models.sessions import Invocation, Session

if TYPE_CHECKING:
    from forecastlab.accounts.models import User

# Plain words, so that migrations do not depend on the tables.
_STATUSES = ["open", "approved", "rejected", "expired", "withdrawn"]
_OF_PAUSES = ["open", "answered", "withdrawn"]


class Lane(models.TextChoices):
    AUTO = "auto"
    INLINE = "inline"
    REVIEW = "review"
    REFUSE = "refuse"


class ApprovalStatus(models.TextChoices):
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(invocation__session__in=Session.objects.visible_to(user))

    def open(self) -> Self:
        return self.filter(status=ApprovalStatus.OPEN)

    def asked_people(self) -> Self:
        """Those that policy did not answer by itself."""
        return self.filter(lane__in=[Lane.INLINE, Lane.REVIEW])

    def newest(self) -> Self:
        return self.order_by("-pk")

    def for_lists(self) -> Self:
        return self.select_related(
            "invocation__session__dataset",
            "invocation__session__dataset_version__dataset",
            "requested_by",
        ).defer("invocation__arguments", "invocation__result", "invocation__sealed", "preview")

    def overdue(self) -> Self:
        """Those whose time for an answer, or for using one, is over by the database's clock."""
        return self.filter(expires_at__lte=Now())

    def with_lateness(self) -> Self:
        """With `is_late`: whether they are overdue."""
        return self.annotate(is_late=ExpressionWrapper(Q(expires_at__lte=Now()), BooleanField()))


class Approval(models.Model):
    """The question "may this exact effect happen?" about one invocation and one digest.

    `factors` add up to `score` (0 to 100). Every effect has one, also where policy answers it
    (lane `auto`). `version` rises with every answer; a decision names the one that was seen.
    `preview` is what would change, as rows of name, before and after; `notifies`: nobody is asked,
    but people are told. With `on_expiry` "block" silence stops the whole session.
    """

    Lane = Lane
    Status = ApprovalStatus
    is_late: bool  # where asked for by `with_lateness`

    invocation = models.OneToOneField(Invocation, on_delete=models.CASCADE, related_name="approval")
    lane = models.CharField(max_length=10, choices=Lane.choices)
    status = models.CharField(
        max_length=10, choices=ApprovalStatus.choices, default=ApprovalStatus.OPEN
    )
    title = models.CharField(max_length=300)
    summary = models.TextField(blank=True)
    preview = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    policy_version = models.PositiveIntegerField()
    score = models.IntegerField()
    factors = models.JSONField(default=list)
    reasons = models.JSONField(default=list)
    risk = models.CharField(max_length=10)
    is_reversible = models.BooleanField()
    exposure = models.JSONField(default=dict)
    agent_confidence = models.FloatField(null=True)
    priority = models.CharField(max_length=10)
    requires_reason_on = models.CharField(max_length=10, blank=True)
    confirm_phrase = models.CharField(max_length=200, blank=True)
    approvals_needed = models.PositiveSmallIntegerField(default=1)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    on_expiry = models.CharField(max_length=10, default="reject")
    notifies = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    escalated_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = models.Manager.from_queryset(ApprovalQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(name="approval_status_known", condition=Q(status__in=_STATUSES)),
            models.CheckConstraint(
                name="approval_closed_when_decided",
                condition=Q(status="open", closed_at=None)
                | (~Q(status="open") & Q(closed_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="approval_score_in_percent", condition=Q(score__gte=0, score__lte=100)
            ),
            models.CheckConstraint(
                name="approval_one_or_two", condition=Q(approvals_needed__in=[1, 2])
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="approval_open_by_due", condition=Q(status="open")
            ),
            models.Index(
                fields=["expires_at"], name="approval_open_by_expiry", condition=Q(status="open")
            ),
            # Most approvals are of calls that policy let through, and in no list.
            models.Index(
                fields=["-id"],
                name="approval_asked",
                condition=Q(lane__in=["inline", "review"]),
            ),
            models.Index(fields=["-id"], name="approval_told", condition=Q(notifies=True)),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("agents:approval", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status == ApprovalStatus.OPEN


class Decision(models.Model):
    """One immutable answer to an approval, by a person, by policy or by the clock."""

    class Verdict(models.TextChoices):
        APPROVE = "approve"
        REJECT = "reject"
        EXPIRE = "expire"
        WITHDRAW = "withdraw"

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="decisions")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="decision_once_per_person", fields=["approval", "decided_by"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} of {self.approval}"


class Pause(models.Model):
    """What a session waits for: decisions, or something that a person must say."""

    class Kind(models.TextChoices):
        APPROVAL = "approval"
        INPUT = "input"

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="pauses")
    turn = models.ForeignKey("agents.Turn", on_delete=models.CASCADE, related_name="pauses")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    status = models.CharField(max_length=10, default="open")
    question = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="pause_status_known", condition=Q(status__in=_OF_PAUSES)),
            models.UniqueConstraint(
                name="pause_one_open", fields=["session"], condition=Q(status="open")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} pause of {self.session}"
