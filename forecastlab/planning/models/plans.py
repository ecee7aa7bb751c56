from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.urls import reverse

from forecastlab.forecasting.domain.serving import ASIDE
from forecastlab.forecasting.models import ForecastIssue
from forecastlab.jobs.models import Job
from forecastlab.warehouse.models import Dataset, DatasetVersion

if TYPE_CHECKING:
    from forecastlab.accounts.models import User


# How the key of a plan begins that a step of a job made.
RUN_KEYS = "job."


class PlanStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


class OfVersionQuerySet(models.QuerySet[Any]):
    """Everything planned is seen by whoever may see the dataset below it."""

    def visible_to(self, user: User) -> Self:
        return self.filter(version__dataset__in=Dataset.objects.visible_to(user))

    def newest(self) -> Self:
        return self.order_by("-pk")


class PlanQuerySet(OfVersionQuerySet):
    def shown(self) -> Self:
        """Leave out what replays planned over forecasts that serve nobody."""
        return self.exclude(issue__alias=ASIDE)

    def of_runs(self) -> Self:
        """Return those that rows of the pipeline made."""
        return self.filter(key__startswith=RUN_KEYS)

    def not_of_runs(self) -> Self:
        return self.exclude(key__startswith=RUN_KEYS)

    def for_lists(self) -> Self:
        """Return plans without their long columns."""
        rows = self.select_related("version__dataset", "created_by", "job")
        return rows.defer("result", "job__params", "job__error")


class Plan(models.Model):
    """A what-if over an issued forecast: some assumptions, and what would come of them.

    `scenario_id` is the id older texts know plans by. `key` names the job and step that made it,
    so that made twice it is one; null where a person made it. `result` is the snapshot that pages
    show, `table` the digest of its figures by series and period; both are written once. Units,
    revenue and margin are changes against the forecast; margin is null where no cost is known.
    """

    Status = PlanStatus

    scenario_id = models.CharField(max_length=32, unique=True)
    key = models.CharField(max_length=100, null=True, unique=True)  # noqa: DJ001 - null: nobody's
    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="plans")
    issue = models.ForeignKey(ForecastIssue, on_delete=models.CASCADE, related_name="plans")
    name = models.CharField(max_length=200)
    notes = models.TextField(blank=True)
    tags = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    cloned_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="clones"
    )
    assumptions = models.JSONField()
    status = models.CharField(max_length=10, choices=PlanStatus.choices, default=PlanStatus.QUEUED)
    problem = models.TextField(blank=True)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    result = models.JSONField(default=dict)
    result_hash = models.CharField(max_length=64, blank=True)
    table = models.CharField(max_length=64, blank=True)
    units = models.FloatField(null=True)
    revenue = models.FloatField(null=True)
    margin = models.FloatField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    computed_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(PlanQuerySet)()

    class Meta:
        indexes = [
            models.Index(fields=["version", "-id"], name="plan_by_version"),
            GinIndex(fields=["tags"], name="plan_by_tag"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("planning:plan", args=[self.pk])

    @property
    def stream(self) -> str:
        return f"plan.{self.pk}"

    @property
    def is_active(self) -> bool:
        """Say whether it is still being computed."""
        return self.status in (PlanStatus.QUEUED, PlanStatus.RUNNING)
