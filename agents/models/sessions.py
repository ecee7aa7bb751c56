from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from forecastlab.jobs.models import Job, Schedule
from forecastlab.warehouse.models import Dataset, DatasetVersion
from showcase.models import Run, Workspace

if TYPE_CHECKING:
    from forecastlab.accounts.models import User

# Plain words, so that migrations do not depend on the tables.
_ENDED = ["cancelled", "failed", "succeeded"]
_SETTLED = ["cancelled", "failed", "rejected", "succeeded"]
_OF_SESSIONS = ["queued", "running", "waiting", *_ENDED]
_OF_ATTEMPTS = ["running", "parked", "ended"]
_OF_CALLS = ["requested", "awaiting", "claimed", "unknown", *_SETTLED]


class SessionStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SessionOutcome(models.TextChoices):
    RESOLVED = "resolved"
    ESCALATED = "escalated"
    NEEDS_REVIEW = "needs_review"
    DUPLICATE = "duplicate"


class SessionQuerySet(models.QuerySet["Session"]):
    def visible_to(self, user: User) -> Self:
        """Sessions over datasets the user may see, and those over none."""
        datasets = Dataset.objects.visible_to(user)
        return self.filter(Q(dataset=None) | Q(dataset__in=datasets))

    def undeleted(self) -> Self:
        return self.filter(deleted_at=None)

    def unfinished(self) -> Self:
        """Those that have not ended, by the column that their index is about."""
        return self.filter(finished_at=None)

    def newest(self) -> Self:
        return self.order_by("-pk")


class Session(models.Model):
    """One agent's piece of work, for one person, over at most one dataset version.

    `ref` names it to people (`S-20260101-0001`). `requested_by` is who asked for it, and whose
    rights its tools have; `actor` is the service user that acts. `outcome` follows from the tools
    that ran, never from what the model says. `version` rises with every change.
    """

    Status = SessionStatus
    Outcome = SessionOutcome

    ref = models.CharField(max_length=40, unique=True)
    skill = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    trigger = models.CharField(max_length=20)
    status = models.CharField(
        max_length=10, choices=SessionStatus.choices, default=SessionStatus.QUEUED
    )
    status_reason = models.TextField(blank=True)
    outcome = models.CharField(max_length=14, choices=SessionOutcome.choices, blank=True)
    outcome_reason = models.TextField(blank=True)
    outcome_data = models.JSONField(default=dict)
    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, null=True, related_name="agent_sessions"
    )
    dataset_version = models.ForeignKey(
        DatasetVersion, on_delete=models.CASCADE, null=True, related_name="agent_sessions"
    )
    workspace = models.ForeignKey(
        Workspace, on_delete=models.SET_NULL, null=True, related_name="agent_sessions"
    )
    run = models.ForeignKey(
        Run, on_delete=models.SET_NULL, null=True, related_name="agent_sessions"
    )
    schedule = models.ForeignKey(
        Schedule, on_delete=models.SET_NULL, null=True, related_name="agent_sessions"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    dedupe_key = models.CharField(max_length=64, blank=True)
    start_key = models.CharField(
        max_length=100, blank=True, help_text="Who asks again with the same one gets this session."
    )
    duplicate_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="duplicates"
    )
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(SessionQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="session_status_known", condition=Q(status__in=_OF_SESSIONS)
            ),
            models.CheckConstraint(
                name="session_finished_when_terminal",
                condition=Q(status__in=_ENDED, finished_at__isnull=False)
                | (~Q(status__in=_ENDED) & Q(finished_at=None)),
            ),
            models.UniqueConstraint(
                name="session_start_key_once", fields=["start_key"], condition=~Q(start_key="")
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="session_by_status"),
            models.Index(
                fields=["dedupe_key"],
                name="session_unfinished",
                condition=Q(finished_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def get_absolute_url(self) -> str:
        return reverse("agents:session", args=[self.pk])

    @property
    def stream(self) -> str:
        return f"session.{self.pk}"

    @property
    def is_ended(self) -> bool:
        return self.status in _ENDED

    @property
    def wish(self) -> str:
        """What it was asked for, whole: the subject is its beginning."""
        first = self.messages.order_by("number").first()
        return first.text if first else self.subject


class SessionDay(models.Model):
    """How many sessions began on a day, in UTC: their refs count on from it."""

    day = models.DateField(unique=True)
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.last} sessions on {self.day}"


class Attempt(models.Model):
    """One try at a session: one thread of its graph. A logical retry is a new one."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    thread_id = models.CharField(max_length=60, unique=True)
    status = models.CharField(max_length=10, default="running")
    reason = models.TextField(blank=True)
    error_class = models.CharField(max_length=60, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    is_retryable = models.BooleanField(null=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="attempt_status_known", condition=Q(status__in=_OF_ATTEMPTS)
            ),
            models.UniqueConstraint(name="attempt_number_once", fields=["session", "number"]),
            models.UniqueConstraint(
                name="attempt_one_alive", fields=["session"], condition=~Q(status="ended")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session} attempt {self.number}"


class Message(models.Model):
    """What a person said to a session. `number` counts within it, from 1."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="messages")
    number = models.PositiveIntegerField()
    text = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="message_number_once", fields=["session", "number"]),
        ]

    def __str__(self) -> str:
        return f"{self.session} message {self.number}"


class Turn(models.Model):
    """One reply of the model: its words, redacted, and what it cost.

    `after_message` is how much had been said by people when it was asked. `confidence` is the
    model's own, 0 to 1; it can only make the gate stricter.
    """

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="turns")
    number = models.PositiveIntegerField()
    after_message = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    confidence = models.FloatField(null=True)
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=100, blank=True)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0.0)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="turn_number_once", fields=["attempt", "number"]),
            models.CheckConstraint(
                name="turn_confidence_in_unit",
                condition=Q(confidence=None) | Q(confidence__gte=0, confidence__lte=1),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attempt} turn {self.number}"


class InvocationStatus(models.TextChoices):
    REQUESTED = "requested"
    AWAITING = "awaiting"
    CLAIMED = "claimed"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class InvocationQuerySet(models.QuerySet["Invocation"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(session__in=Session.objects.visible_to(user))

    def unsettled(self) -> Self:
        return self.exclude(status__in=_SETTLED)


class Invocation(models.Model):
    """One tool call, one row, from request to outcome.

    `arguments` and `result` are redacted; what is executed is `sealed`, encrypted and
    authenticated, and `digest` is the SHA-256 of its canonical form with the injected arguments.
    `operation_id` goes to the tool, so that what it does can be recognised. `fence` is that of the
    job step that claimed it. `replaces` is the call as the agent asked for it, where a person has
    changed its arguments: that one is cancelled, and this one stands in its place.
    """

    Status = InvocationStatus

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="invocations")
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="invocations")
    number = models.PositiveIntegerField()
    replaces = models.OneToOneField(
        "self", on_delete=models.CASCADE, null=True, related_name="replacement"
    )
    model_call_id = models.CharField(max_length=100)
    tool = models.CharField(max_length=100)
    arguments = models.JSONField(default=dict)
    injected = models.JSONField(default=dict)
    sealed = models.BinaryField(default=bytes)
    digest = models.CharField(max_length=64, blank=True)
    risk = models.CharField(max_length=10, blank=True)
    status = models.CharField(
        max_length=10, choices=InvocationStatus.choices, default=InvocationStatus.REQUESTED
    )
    operation_id = models.UUIDField(unique=True)
    fence = models.BigIntegerField(default=0)
    result = models.JSONField(default=dict)
    detail = models.TextField(blank=True)
    proposal = models.JSONField(default=dict)
    error_class = models.CharField(max_length=60, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    is_retryable = models.BooleanField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(InvocationQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="invocation_status_known", condition=Q(status__in=_OF_CALLS)
            ),
            models.UniqueConstraint(name="invocation_number_once", fields=["turn", "number"]),
            models.UniqueConstraint(name="invocation_call_once", fields=["turn", "model_call_id"]),
            models.CheckConstraint(
                name="invocation_finished_when_settled",
                condition=Q(status__in=_SETTLED, finished_at__isnull=False)
                | (~Q(status__in=_SETTLED) & Q(finished_at=None)),
            ),
        ]
        indexes = [
            models.Index(fields=["session", "id"], name="invocation_by_session"),
            models.Index(fields=["id"], name="invocation_unknown", condition=Q(status="unknown")),
        ]

    def __str__(self) -> str:
        return f"{self.tool} of {self.turn}"
