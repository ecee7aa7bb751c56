"""What planners put beside the model's numbers, what nobody may change any more, what went out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, Q
from django.urls import reverse

from forecastlab.forecasting.models import ForecastIssue
from forecastlab.planning.domain import overrides
from forecastlab.warehouse.models import Dataset, Series

if TYPE_CHECKING:
    from forecastlab.accounts.models import User


class OfDatasetQuerySet(models.QuerySet[Any]):
    """Everything here is seen by whoever may see its dataset."""

    def visible_to(self, user: User) -> Self:
        return self.filter(dataset__in=Dataset.objects.visible_to(user))

    def newest(self) -> Self:
        return self.order_by("-pk")


class OverrideQuerySet(OfDatasetQuerySet):
    def with_standing(self) -> Self:
        """Add `standing`: how many of its numbers nobody has written over since."""
        counted = Count("cells", filter=Q(cells__units__isnull=False))
        return self.annotate(standing=counted)


class FreezeQuerySet(OfDatasetQuerySet):
    def in_force(self) -> Self:
        return self.filter(lifted_at=None)


OfDatasetManager = models.Manager.from_queryset(OfDatasetQuerySet)


class Override(models.Model):
    """One act of a planner: what was asked for, why and by whom. Never changed.

    `standing` is there with `with_standing()` alone.

    `scope` is `{kind, value}`, or `{"kind": "numbers"}` for single numbers of a grid or file; of
    an act that takes an earlier one back it is `{"kind": "withdrawal", "value": its number}`.
    `first` and `last` are the labels of the span of periods, `numbers` how many it wrote. `key`
    names what asked for it, so that asked for twice it is one.
    """

    class Via(models.TextChoices):
        FORM = "form"
        GRID = "grid"
        FILE = "file"
        PROGRAM = "program"

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="overrides")
    issue = models.ForeignKey(ForecastIssue, on_delete=models.CASCADE, related_name="overrides")
    scope = models.JSONField()
    first = models.CharField(max_length=16)
    last = models.CharField(max_length=16)
    way = models.CharField(max_length=10, choices=[(one.value, one.value) for one in overrides.Way])
    amount = models.FloatField(null=True)
    reason = models.CharField(
        max_length=12, choices=[(one.value, one.value) for one in overrides.Reason]
    )
    note = models.CharField(max_length=overrides.LONGEST_NOTE, blank=True)
    numbers = models.PositiveIntegerField()
    via = models.CharField(max_length=8, choices=Via.choices)
    key = models.CharField(max_length=100, null=True, unique=True)  # noqa: DJ001 - null: nobody's
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField()

    standing: int

    objects = models.Manager.from_queryset(OverrideQuerySet)()

    class Meta:
        indexes = [models.Index(fields=["dataset", "-id"], name="override_by_dataset")]

    def __str__(self) -> str:
        return f"override {self.pk}"


class OverrideCell(models.Model):
    """The number that stands for one series and period; null goes back to the model.

    `period` is its label, so that it outlives a version whose periods are numbered otherwise.
    `revision` counts up with every change: who saves over an older one is refused. `override` is
    the act that wrote it last, `model` what the model said then.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+", db_index=False)
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="+")
    period = models.CharField(max_length=16)
    units = models.FloatField(null=True)
    model = models.FloatField()
    revision = models.PositiveIntegerField()
    override = models.ForeignKey(Override, on_delete=models.CASCADE, related_name="cells")

    objects = OfDatasetManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "period", "series"], name="override_cell_once"
            )
        ]

    def __str__(self) -> str:
        return f"series {self.series_id} on {self.period}"


class Freeze(models.Model):
    """That a scope takes no overrides from one period to another, until it is lifted."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="freezes")
    scope = models.JSONField()
    first = models.CharField(max_length=16)
    last = models.CharField(max_length=16)
    note = models.CharField(max_length=overrides.LONGEST_NOTE, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField()
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(FreezeQuerySet)()

    class Meta:
        indexes = [models.Index(fields=["dataset", "-id"], name="freeze_by_dataset")]

    def __str__(self) -> str:
        return f"freeze {self.pk}"


class Publication(models.Model):
    """A published forecast: the model's numbers with the overrides that stood. Never changed.

    `numbers` counts the overridden ones, `total` is the sum of all, `model_total` that of the
    model's. `digest` is the SHA-256 of every series' name and numbers. `key` names what asked for
    it, so that asked for twice it is one.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="publications")
    number = models.PositiveIntegerField()
    issue = models.ForeignKey(ForecastIssue, on_delete=models.CASCADE, related_name="publications")
    note = models.CharField(max_length=overrides.LONGEST_NOTE, blank=True)
    series_count = models.PositiveIntegerField()
    numbers = models.PositiveIntegerField()
    total = models.FloatField()
    model_total = models.FloatField()
    digest = models.CharField(max_length=64)
    key = models.CharField(max_length=100, null=True, unique=True)  # noqa: DJ001 - null: nobody's
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField()

    objects = OfDatasetManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="publication_number_once")
        ]

    def __str__(self) -> str:
        return f"published forecast {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("planning:publication", args=[self.pk])


class PublishedSeries(models.Model):
    """The published forecast of one series: one place of each array per period ahead. By COPY.

    `yhat` is what was published, `model_yhat` what `model` said.
    """

    publication = models.ForeignKey(
        Publication, on_delete=models.CASCADE, related_name="series", db_index=False
    )
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="+")
    model = models.CharField(max_length=60)
    total = models.FloatField()
    model_total = models.FloatField()
    yhat = ArrayField(models.FloatField())
    model_yhat = ArrayField(models.FloatField())

    class Meta:
        verbose_name_plural = "published series"
        constraints = [
            models.UniqueConstraint(fields=["publication", "series"], name="published_series_once")
        ]

    def __str__(self) -> str:
        return f"series {self.series_id} in publication {self.publication_id}"


class PublishedOverride(models.Model):
    """Which act put a number into a published forecast, `step` periods ahead from 1. By COPY."""

    publication = models.ForeignKey(
        Publication, on_delete=models.CASCADE, related_name="overridden", db_index=False
    )
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="+")
    step = models.PositiveIntegerField()
    override = models.ForeignKey(Override, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["publication", "series", "step"], name="published_override_once"
            )
        ]

    def __str__(self) -> str:
        return f"override {self.override_id} in publication {self.publication_id}"
