from __future__ import annotations

from datetime import datetime
from typing import Any, Self, TypeVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from forecastlab.warehouse.domain.periods import Calendar, Frequency


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def visible_to(self, user: Any) -> Self:
        """Keep what `user` may read: their own, what names no readers, what names their group."""
        if not user.is_authenticated:
            return self.none()
        readers = Dataset.readers.through.objects.filter(dataset=OuterRef("pk"))
        invited = readers.filter(group__in=user.groups.all())
        return self.filter(Q(created_by=user.pk) | ~Exists(readers) | Exists(invited))

    def called(self, text: str) -> Self:
        return self.filter(name__icontains=text) if text else self

    def named(self, name: str) -> Self:
        """Keep the one dataset that has this name, or had it before it was renamed."""
        return self.filter(Q(name=name) | Q(former_names__contains=[name]))


class Dataset(models.Model):
    name = models.SlugField(max_length=100, unique=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    readers = models.ManyToManyField(Group, blank=True, related_name="+")
    # Old references still lead here, and nobody else gets these names.
    former_names = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    # The highest number that a version ever had: the number of a deleted one is not used again.
    last_number = models.PositiveIntegerField(default=0)

    objects = models.Manager.from_queryset(DatasetQuerySet)()

    class Meta:
        indexes = [GinIndex(fields=["former_names"], name="dataset_former_names")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("warehouse:dataset-page", args=[self.name])

    @property
    def stream(self) -> str:
        return f"dataset.{self.pk}"


_M = TypeVar("_M", bound=models.Model)


class OfDatasetQuerySet(models.QuerySet[_M]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(dataset__in=Dataset.objects.visible_to(user))


class VersionQuerySet(OfDatasetQuerySet["DatasetVersion"]):
    pass


class SeriesQuerySet(OfDatasetQuerySet["Series"]):
    pass


class ProfileQuerySet(models.QuerySet["SeriesProfile"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(version__dataset__in=Dataset.objects.visible_to(user))


class ImportProfileQuerySet(models.QuerySet["ImportProfile"]):
    def visible_to(self, user: Any) -> Self:
        """Keep the user's own: how somebody reads files is nobody else's business."""
        return self.filter(created_by=user.pk) if user.is_authenticated else self.none()


class DatasetVersion(models.Model):
    """An immutable, content-hashed load of a dataset; its facts are one partition."""

    class Source(models.TextChoices):
        IMPORT = "import"
        SIMULATION = "simulation"

    class Mode(models.TextChoices):
        """What new rows are to the version before: all there is, more of it, or corrections."""

        REPLACE = "replace"
        APPEND = "append"
        CORRECT = "correct"

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    source = models.CharField(max_length=10, choices=Source.choices)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.REPLACE)
    # The version that this one was made from, and how the two differ; none for a first version.
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    difference = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)
    frequency = models.CharField(max_length=1, choices=[(one.value, one.noun) for one in Frequency])
    # Local wall time, stored as if it were UTC; None for series that carry no dates.
    epoch = models.DateTimeField(null=True)
    month_day = models.PositiveSmallIntegerField(default=1)
    periods = models.PositiveIntegerField()
    rows = models.PositiveBigIntegerField()
    series_count = models.PositiveIntegerField()
    config = models.JSONField(default=dict)
    profile = models.JSONField(default=dict)
    truth = models.CharField(max_length=64, null=True)  # noqa: DJ001 - null: there is no truth
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = models.Manager.from_queryset(VersionQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "number"], name="warehouse_version_number_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def get_absolute_url(self) -> str:
        return reverse("warehouse:version-page", args=[self.dataset.name, self.number])

    @property
    def ref(self) -> str:
        """Return `NAME@NUMBER`, which every `--dataset` accepts."""
        return f"{self.dataset.name}@{self.number}"

    @property
    def calendar(self) -> Calendar:
        epoch: datetime | None = self.epoch.replace(tzinfo=None) if self.epoch else None
        return Calendar(Frequency(self.frequency), epoch, self.month_day)

    @property
    def held_back(self) -> int:
        """Return how many of the last periods are the truth of the last fold."""
        return int(self.profile.get("held_back", 0))

    @property
    def planned(self) -> int:
        """Return how many of the last periods hold no quantity at all: what is known of them is
        a plan.
        """
        return int(self.profile.get("planned", 0))

    @property
    def history(self) -> int:
        """Return the number of periods up to the last one with any quantity."""
        return self.periods - self.planned

    @property
    def first(self) -> str:
        return self.calendar.label(0)

    @property
    def last(self) -> str:
        return self.calendar.label(self.periods - 1)


class Store(models.Model):
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="stores")
    code = models.CharField(max_length=200)
    attributes = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "code"], name="warehouse_store_code_unique"),
        ]

    def __str__(self) -> str:
        return self.code


class Product(models.Model):
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="products")
    code = models.CharField(max_length=200)
    attributes = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "code"], name="warehouse_product_code_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Series(models.Model):
    """One store x product of a dataset, stable over its versions."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="series")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, related_name="series")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, null=True, related_name="series")
    unique_id = models.CharField(max_length=401)

    objects = models.Manager.from_queryset(SeriesQuerySet)()

    class Meta:
        verbose_name_plural = "series"
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "unique_id"], name="warehouse_series_unique_id_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.unique_id


class SeriesProfile(models.Model):
    """What one version holds of one series: the lists of series read it. Written by COPY.

    `first` and `last` are the period numbers of its first and last row; `stockouts` counts
    periods with some time out of stock; `variation` is the standard deviation of the quantity
    over its mean; `line` is the mean quantity in at most 48 equal stretches of the version.
    """

    version = models.ForeignKey(
        DatasetVersion, on_delete=models.CASCADE, related_name="series_profiles", db_index=False
    )
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="+")
    unique_id = models.CharField(max_length=401)
    rows = models.PositiveIntegerField()
    first = models.IntegerField()
    last = models.IntegerField()
    gaps = models.PositiveIntegerField()
    zeros = models.PositiveIntegerField()
    unknown = models.PositiveIntegerField()
    negative = models.PositiveIntegerField()
    stockouts = models.PositiveIntegerField()
    outliers = models.PositiveIntegerField()
    quantity = models.FloatField()
    variation = models.FloatField(null=True)
    constant = models.BooleanField()
    line = ArrayField(models.FloatField(null=True), default=list)

    pk = models.CompositePrimaryKey("version_id", "series_id")

    objects = models.Manager.from_queryset(ProfileQuerySet)()

    class Meta:
        indexes = [
            models.Index(fields=["version", "unique_id"], name="series_profile_by_id"),
            models.Index(fields=["version", "-quantity"], name="series_profile_by_sales"),
        ]

    def __str__(self) -> str:
        return self.unique_id


class CalendarDay(models.Model):
    """What a dataset's calendar says of one day, whether or not there are sales on it yet."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="calendar_days")
    day = models.DateField()
    holiday = models.FloatField(null=True)
    name = models.CharField(max_length=200, blank=True)
    attributes = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "day"], name="warehouse_calendar_day_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.day.isoformat()


class ImportProfile(models.Model):
    """How somebody's files of one shape are read: saved by name, offered for the same headings."""

    name = models.CharField(max_length=100)
    headings = models.JSONField(default=list)
    options = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = models.Manager.from_queryset(ImportProfileQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["created_by", "name"], name="warehouse_import_profile_name_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Signal(models.Model):
    """Names one place of `SalesFact.signals`; `known` signals are planned ahead."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="signals")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=100)
    known = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"], name="warehouse_signal_position_unique"
            ),
            models.UniqueConstraint(
                fields=["version", "name"], name="warehouse_signal_name_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ImportReportQuerySet(models.QuerySet["ImportReport"]):
    def visible_to(self, user: Any) -> Self:
        """Keep the reports of visible datasets, and the user's own of failed imports."""
        if not user.is_authenticated:
            return self.none()
        seen = Q(version__dataset__in=Dataset.objects.visible_to(user))
        return self.filter(seen | Q(created_by=user.pk))


class ImportReport(models.Model):
    """What an import found, kept whether or not it loaded anything."""

    class Verdict(models.TextChoices):
        LOADED = "loaded"
        UNCHANGED = "unchanged"
        REFUSED = "refused"

    job_id = models.BigIntegerField(unique=True)
    dataset_name = models.CharField(max_length=100)
    version = models.ForeignKey(
        DatasetVersion, on_delete=models.SET_NULL, null=True, related_name="reports"
    )
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    file_name = models.CharField(max_length=255)
    options = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    figures = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = models.Manager.from_queryset(ImportReportQuerySet)()

    def __str__(self) -> str:
        return f"{self.dataset_name}: {self.verdict}"


class SalesFact(models.Model):
    """One observed period of one series. Bulk: loaded by COPY, read by `queries.facts`.

    The table is made by the migration: one partition a version, refusing update and delete.
    """

    version_id = models.BigIntegerField()
    series_id = models.BigIntegerField()
    t = models.IntegerField()
    quantity = models.FloatField(null=True)
    price = models.FloatField(null=True)
    discount = models.FloatField(null=True)
    promo = models.FloatField(null=True)
    open = models.FloatField(null=True)
    stockout_share = models.FloatField(null=True)
    stock = models.FloatField(null=True)
    holiday = models.FloatField(null=True)
    held_back = models.BooleanField(default=False)
    signals = ArrayField(models.FloatField(null=True), default=list)

    pk = models.CompositePrimaryKey("version_id", "series_id", "t")

    class Meta:
        managed = False

    def __str__(self) -> str:
        return f"{self.version_id}/{self.series_id}/{self.t}"
