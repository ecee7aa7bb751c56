"""Durable work in steps, and the workers that do it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.urls import reverse

from forecastlab.jobs.domain.statuses import OPEN_STEP, TERMINAL, JobStatus, Outcome, StepStatus

# Plain words, so that migrations do not depend on the tables.
_TERMINAL = sorted(status.value for status in TERMINAL)
_WORKABLE = [StepStatus.PENDING.value, StepStatus.RUNNING.value]


class JobQuerySet(models.QuerySet["Job"]):
    def unfinished(self) -> Self:
        return self.exclude(status__in=TERMINAL)

    def queued(self) -> Self:
        return self.filter(status=JobStatus.QUEUED)

    def in_line(self, slot: str) -> Self:
        """Those that hold the slot or queue for it."""
        return self.filter(Q(slot=slot) | Q(exclusive=slot, status=JobStatus.QUEUED, slot=""))

    def ahead_of(self, job: Job) -> Self:
        """Those that a queued job waits for: the holder of its slot, and who asked before it."""
        others = self.in_line(job.exclusive).exclude(pk=job.pk)
        return others.filter(Q(slot=job.exclusive) | Q(pk__lt=job.pk))

    def newest_first(self) -> Self:
        return self.order_by("-pk")


class Job(models.Model):
    """Durable multi-step work. Its right to go on is the lease of its current step."""

    Status = JobStatus

    kind = models.CharField(max_length=60)
    status = models.CharField(
        max_length=10,
        choices=[(one.value, one.value) for one in JobStatus],
        default=JobStatus.QUEUED.value,
    )
    queue = models.CharField(max_length=20)
    params = models.JSONField(default=dict)
    key = models.CharField(  # noqa: DJ001 - null: nobody's
        max_length=100,
        null=True,
        unique=True,
        editable=False,
        help_text="Names what asked for it, so that asked for twice it is one.",
    )
    exclusive = models.CharField(
        max_length=200, blank=True, help_text="The slot this job wants for itself."
    )
    slot = models.CharField(
        max_length=200,
        blank=True,
        editable=False,
        help_text="The slot it holds until its end.",
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="jobs"
    )
    progress = models.PositiveSmallIntegerField(default=0)
    note = models.CharField(max_length=500, blank=True)
    cancel_requested = models.BooleanField(default=False)
    wake_requested = models.BooleanField(
        default=False, help_text="Somebody requeued it before it had parked."
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    parked_at = models.DateTimeField(
        null=True, help_text="Since when it waits for somebody; empty while it does not."
    )
    parked_seconds = models.FloatField(
        default=0, help_text="How long it has waited for somebody: no timeout counts it."
    )
    error = models.JSONField(default=dict)

    objects = models.Manager.from_queryset(JobQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["slot"], condition=~Q(slot=""), name="job_one_holder_per_slot"
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="job_progress_in_percent"),
            models.CheckConstraint(
                condition=Q(finished_at=None) ^ Q(status__in=_TERMINAL),
                name="job_finished_when_terminal",
            ),
            models.CheckConstraint(
                condition=Q(slot="") | ~Q(status__in=_TERMINAL),
                name="job_terminal_frees_slot",
            ),
        ]
        indexes = [
            models.Index(
                fields=["exclusive", "id"],
                condition=Q(status=JobStatus.QUEUED.value),
                name="job_queue_of_slot",
            ),
            models.Index(fields=["kind", "status"], name="job_by_kind"),
            models.Index(fields=["requested_by", "-id"], name="job_by_requester"),
        ]

    def __str__(self) -> str:
        return f"job {self.pk} ({self.kind})"

    def get_absolute_url(self) -> str:
        return reverse("jobs:job", args=[self.pk])

    @property
    def stream(self) -> str:
        return f"job.{self.pk}"

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def has_failed(self) -> bool:
        """Whether a step has failed; the job may still be cleaning up."""
        return bool(self.error)

    @property
    def keeps_going(self) -> bool:
        return bool(self.params.get("keep_going"))

    @property
    def is_stopping(self) -> bool:
        """Whether only compensation and `always` steps are still run."""
        return self.cancel_requested or (self.has_failed and not self.keeps_going)

    @property
    def queue_seconds(self) -> float | None:
        """How long the job waited for its first worker."""
        if self.started_at is None:
            return None
        return (self.started_at - self.created_at).total_seconds()


class JobStepQuerySet(models.QuerySet["JobStep"]):
    def main(self) -> Self:
        return self.filter(parent=None)

    def open(self) -> Self:
        return self.filter(status__in=OPEN_STEP)

    def leased(self) -> Self:
        return self.exclude(lease_until=None)

    def wanting_a_worker(self) -> Self:
        return self.exclude(due_at=None).filter(lease_until=None)


class JobStep(models.Model):
    """A step of a job, or, with a parent, one shard of a step that fanned out.

    `due_at` is when it wants a worker; null while it waits for others. Whoever runs it holds the
    lease, and may write only as long as the fence is the one it got with the claim.
    """

    Status = StepStatus
    Outcome = Outcome

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="shards")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=60)
    title = models.CharField(max_length=200, blank=True)
    queue = models.CharField(max_length=20)
    shard = models.JSONField(default=dict)
    status = models.CharField(
        max_length=10,
        choices=[(one.value, one.value) for one in StepStatus],
        default=StepStatus.PENDING.value,
    )
    outcome = models.CharField(
        max_length=4, blank=True, choices=[(one.value, one.value) for one in Outcome]
    )
    detail = models.CharField(max_length=2000, blank=True)
    data = models.JSONField(default=dict)
    progress = models.PositiveSmallIntegerField(default=0)
    weight = models.FloatField(default=1.0)
    always = models.BooleanField(default=False)
    lease_seconds = models.PositiveIntegerField(default=30)
    timeout_seconds = models.PositiveIntegerField(default=900)
    due_at = models.DateTimeField(null=True)
    enqueued_at = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)
    parked_seconds = models.FloatField(default=0)

    objects = models.Manager.from_queryset(JobStepQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["job", "parent", "position"],
                name="step_one_per_position",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                fields=["job", "name"], condition=Q(parent=None), name="step_one_per_name"
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="step_progress_in_percent"),
            models.CheckConstraint(
                condition=Q(lease_until=None) | Q(status=StepStatus.RUNNING.value),
                name="step_leased_only_while_running",
            ),
            models.CheckConstraint(
                condition=Q(due_at=None) | Q(status__in=_WORKABLE),
                name="step_due_only_while_open",
            ),
            models.CheckConstraint(
                condition=Q(outcome="") | Q(status=StepStatus.DONE.value),
                name="step_outcome_only_when_done",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=~Q(due_at=None), name="step_due"),
            models.Index(
                fields=["lease_until"], condition=~Q(lease_until=None), name="step_leased"
            ),
        ]

    def __str__(self) -> str:
        return f"step {self.name} of job {self.job_id}"

    @property
    def is_shard(self) -> bool:
        return self.parent_id is not None


class StepLog(models.Model):
    """The newest lines that a step and its shards said: a time, a blank, the words.

    Written by `services/transcripts.py` in one statement.
    """

    step = models.OneToOneField(
        JobStep, on_delete=models.CASCADE, primary_key=True, related_name="log"
    )
    lines = ArrayField(models.TextField())

    def __str__(self) -> str:
        return f"log of step {self.step_id}"


class WorkerHeartbeatQuerySet(models.QuerySet["WorkerHeartbeat"]):
    def seen_since(self, moment: datetime | Combinable) -> Self:
        return self.filter(seen_at__gte=moment)

    def silent_since(self, moment: datetime | Combinable) -> Self:
        return self.filter(seen_at__lt=moment)


class WorkerHeartbeat(models.Model):
    """A worker that lives, as it says itself every few seconds."""

    name = models.CharField(max_length=200, unique=True)
    boot = models.CharField(max_length=32)
    queues = models.JSONField(default=list)
    pids = models.JSONField(default=list)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    objects = models.Manager.from_queryset(WorkerHeartbeatQuerySet)()

    def __str__(self) -> str:
        return self.name
