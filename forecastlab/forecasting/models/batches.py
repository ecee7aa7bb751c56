"""Batches: some models, each on every part of a scope, every one of them by itself."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.urls import reverse

from forecastlab.forecasting.models.judged import JudgedQuerySet
from forecastlab.jobs.models import Job
from forecastlab.warehouse.models import DatasetVersion


class BatchStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ItemStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BatchQuerySet(JudgedQuerySet):
    def for_lists(self) -> Self:
        """Return batches with the number of their items by status, without long columns."""
        counts = {
            f"items_{one.value}": Count("items", filter=Q(items__status=one)) for one in ItemStatus
        }
        rows = self.select_related("version__dataset", "requested_by", "job")
        return rows.defer("parts", "config", "job__params", "job__error").annotate(**counts)


class Batch(models.Model):
    """Some models judged on every part of a scope of a version, each item by itself.

    `scope`, `by` and `notes` say which series and why, `parts` are `{key, title, series}` with the
    ids of their series. `key` names the job and step that made it, so that made twice it is one;
    null where a person started it. `job` carries it now: its own, or that of a run.
    """

    Status = BatchStatus
    ACTIVE = (BatchStatus.QUEUED, BatchStatus.RUNNING)

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="batches")
    key = models.CharField(max_length=100, null=True, unique=True)  # noqa: DJ001 - null: nobody's
    preset = models.CharField(max_length=60, blank=True)
    scope = models.JSONField()
    by = models.CharField(max_length=10)
    model_names = models.JSONField()
    config = models.JSONField()
    config_hash = models.CharField(max_length=64)
    parts = models.JSONField()
    notes = models.JSONField(default=list)
    total = models.PositiveIntegerField()
    series_count = models.PositiveIntegerField()
    status = models.CharField(
        max_length=10, choices=BatchStatus.choices, default=BatchStatus.QUEUED
    )
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)

    objects = models.Manager.from_queryset(BatchQuerySet)()

    class Meta:
        verbose_name_plural = "batches"
        indexes = [models.Index(fields=["version", "-id"], name="batch_by_version")]

    def __str__(self) -> str:
        return f"batch {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("forecasting:batch", args=[self.pk])

    @property
    def stream(self) -> str:
        return f"batch.{self.pk}"

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE


class BatchItem(models.Model):
    """One model on one part of a batch; a failure is its own.

    `metrics` are pooled over the `judged` series of the part, null where undefined; `wape` stands
    here to be sorted by. Series on which the model failed and fell back are `fallen`.
    """

    Status = ItemStatus

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    place = models.PositiveIntegerField()
    model = models.CharField(max_length=60)
    part = models.PositiveIntegerField()
    title = models.CharField(max_length=401)
    series_count = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=ItemStatus.choices, default=ItemStatus.QUEUED)
    metrics = models.JSONField(default=dict)
    wape = models.FloatField(null=True)
    judged = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    fallen = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=2000, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    seconds = models.FloatField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "place"], name="batch_item_once")]
        indexes = [models.Index(fields=["batch", "status"], name="batch_item_by_status")]

    def __str__(self) -> str:
        return f"item {self.place} of batch {self.batch_id}"
