"""Runs and the pipeline rows that they executed."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.urls import reverse

from forecastlab.jobs.models import Job
from forecastlab.warehouse.models import Dataset, DatasetVersion

if TYPE_CHECKING:
    from forecastlab.accounts.models import User


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: User) -> RunQuerySet:
        """Runs over datasets that the user may read, the user's own, and simulated data.

        A scenario's run has no dataset until its sales are simulated, and nothing in it is
        anybody's secret.
        """
        return self.visible_over(Dataset.objects.visible_to(user).values("pk"), user=user)

    def visible_over(
        self, datasets: QuerySet[Dataset, Any] | Collection[int], *, user: User
    ) -> RunQuerySet:
        """As `visible_to`, for a page that has read already which datasets the user may read."""
        homeless = Q(dataset=None) & (Q(requested_by_id=user.pk) | ~Q(scenario=""))
        return self.filter(Q(dataset__in=datasets) | homeless)

    def active(self) -> RunQuerySet:
        return self.filter(status__in=Run.ACTIVE)

    def finished(self) -> RunQuerySet:
        return self.exclude(status__in=Run.ACTIVE)

    def for_lists(self) -> RunQuerySet:
        rows = self.select_related("dataset", "version__dataset", "requested_by", "workspace")
        return rows.defer("config", "frame")

    def for_rows(self) -> RunQuerySet:
        """Read what a line of a table shows and no more: configs, results and reports are long."""
        return self.select_related("version__dataset").only(*Run.OF_A_ROW)


RunManager = models.Manager.from_queryset(RunQuerySet)


class Run(models.Model):
    """One execution of the pipeline from a frozen config, carried by a job."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        WAITING = "waiting"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"
        INTERRUPTED = "interrupted"

    ACTIVE = (Status.QUEUED, Status.RUNNING, Status.WAITING)
    OF_A_ROW = (
        *("name", "scenario", "status", "warnings", "failed_step", "created_at"),
        *("winner", "winner_wape", "seconds"),
        *("version__number", "version__series_count", "version__dataset__name"),
    )
    # Tells lists that runs began and ended; its events name none of them.
    LIST_STREAM = "runs.all"

    job = models.OneToOneField(
        Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="run"
    )
    dataset = models.ForeignKey(
        Dataset, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    version = models.ForeignKey(
        DatasetVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    scenario = models.CharField(max_length=40, blank=True, default="")
    name = models.CharField(max_length=100)
    config = models.JSONField()
    config_hash = models.CharField(max_length=64)
    content_hash = models.CharField(max_length=64, blank=True, default="")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    winner = models.CharField(max_length=60, blank=True, default="")
    winner_wape = models.FloatField(null=True, blank=True)
    warnings = models.PositiveSmallIntegerField(default=0)
    failed_step = models.PositiveSmallIntegerField(null=True, blank=True)
    result = models.JSONField(default=dict, blank=True)
    # What an older client sent, as it came; empty for runs that were asked for in our words.
    frame = models.JSONField(default=dict, blank=True)
    frame_hash = models.CharField(max_length=64, blank=True, default="")

    objects = RunManager()

    class Meta:
        indexes = (
            models.Index(fields=["-created_at", "-id"], name="run_newest"),
            models.Index(fields=["dataset", "-created_at"], name="run_dataset_newest"),
            models.Index(fields=["status", "-created_at"], name="run_status_newest"),
            # All that `visible_to` asks, so that to count what is visible reads no row.
            models.Index(
                fields=["id"], include=["dataset", "requested_by", "scenario"], name="run_visible"
            ),
        )

    def __str__(self) -> str:
        return f"run {self.pk} ({self.name})"

    def get_absolute_url(self) -> str:
        return reverse("showcase:run", args=[self.pk])

    @property
    def stream(self) -> str:
        return f"run.{self.pk}"

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE

    @property
    def kept_as(self) -> str:
        """Return the name of the run's workspace, empty where it is not kept."""
        workspace = getattr(self, "workspace", None)
        return workspace.name if workspace else ""


class StepRunQuerySet(models.QuerySet["StepRun"]):
    def in_order(self) -> StepRunQuerySet:
        return self.order_by("run_id", "index")


StepRunManager = models.Manager.from_queryset(StepRunQuerySet)


class StepRun(models.Model):
    """The outcome that one row of the pipeline had in one run."""

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        WAITING = "waiting"
        DONE = "done"

    class Outcome(models.TextChoices):
        PASS = "pass"  # noqa: S105
        WARN = "warn"
        SKIP = "skip"
        FAIL = "fail"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    index = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    phase = models.CharField(max_length=40)
    title = models.CharField(max_length=120)
    contributed_by = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    outcome = models.CharField(max_length=4, choices=Outcome.choices, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict, blank=True)
    # What its result follows from, where that is known; and the run from which it was taken over.
    content_key = models.CharField(max_length=64, blank=True, default="")
    same_as = models.ForeignKey(
        Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)

    objects = StepRunManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["run", "name"], name="steprun_name_once"),
            models.UniqueConstraint(fields=["run", "index"], name="steprun_index_once"),
        )
        indexes = (
            models.Index(fields=["name", "-finished_at"], name="steprun_past"),
            models.Index(
                fields=["content_key", "name"],
                condition=~Q(content_key=""),
                name="steprun_by_content",
            ),
        )

    def __str__(self) -> str:
        return f"step {self.index} {self.name} of run {self.run_id}"


class RunObject(models.Model):
    """Something that a run made: a soft reference, since objects may go before the run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="made")
    kind = models.CharField(max_length=40)
    ref = models.CharField(max_length=120)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["run", "kind", "ref"], name="runobject_once"),
        )
        indexes = (models.Index(fields=["kind", "ref"], name="runobject_of"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.ref} of run {self.run_id}"
