from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse

from forecastlab.forecasting.domain.serving import ASIDE
from forecastlab.warehouse.models import Dataset, DatasetVersion, Series

if TYPE_CHECKING:
    from forecastlab.accounts.models import User


class JudgedQuerySet(models.QuerySet[Any]):
    """Everything here is seen by whoever may see the dataset below it."""

    to_dataset = "version__dataset"

    def visible_to(self, user: User) -> Self:
        return self.filter(**{f"{self.to_dataset}__in": Dataset.objects.visible_to(user)})

    def newest(self) -> Self:
        return self.order_by("-pk")

    def distinct_values(self, field: str) -> list[str]:
        return list(self.order_by(field).values_list(field, flat=True).distinct())


class TaughtQuerySet(JudgedQuerySet):
    """Some of these were made to teach; they serve nobody and are compared with nothing."""

    def real(self) -> Self:
        return self.filter(teaching=False)

    def shown(self, *, teaching: bool) -> Self:
        """Return what lists show: those made to teach only when asked for."""
        return self.all() if teaching else self.real()


class IssueQuerySet(JudgedQuerySet):
    def serving(self) -> Self:
        """Leave out what was issued only to be compared with earlier forecasts."""
        return self.exclude(alias=ASIDE)


class AliasQuerySet(JudgedQuerySet):
    to_dataset = "dataset"


JudgedManager = models.Manager.from_queryset(JudgedQuerySet)
TaughtManager = models.Manager.from_queryset(TaughtQuerySet)
IssueManager = models.Manager.from_queryset(IssueQuerySet)
AliasManager = models.Manager.from_queryset(AliasQuerySet)


class Backtest(models.Model):
    """One judgement of several models on the same folds over every series of a version.

    `key` names the job and step that wrote it, so that writing twice leaves one. `result` is
    what the command prints. `forecasts` is the digest of every judged forecast, `serving` that of
    what issuing needs: which model serves each series, and how wide its ranges are.
    """

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="backtests")
    key = models.CharField(max_length=100, unique=True)
    config = models.JSONField()
    config_hash = models.CharField(max_length=64)
    horizon = models.PositiveIntegerField()
    metric = models.CharField(max_length=20)
    best_model = models.CharField(max_length=60)
    default_policy = models.CharField(max_length=60)
    judged = models.PositiveIntegerField()
    skipped = models.JSONField(default=list)
    result = models.JSONField()
    forecasts = models.CharField(max_length=64)
    serving = models.CharField(max_length=64)
    teaching = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = TaughtManager()

    class Meta:
        indexes = [models.Index(fields=["version", "-id"], name="backtest_by_version")]

    def __str__(self) -> str:
        return f"backtest {self.pk}"


class SeriesScore(models.Model):
    """How one model did on one series over all folds; null is undefined. Written by COPY.

    Rows are written with their judgement in one transaction, and go with it or its dataset: the
    database looks up neither for each of them.
    """

    backtest = models.ForeignKey(
        Backtest,
        on_delete=models.CASCADE,
        related_name="scores",
        db_index=False,
        db_constraint=False,
    )
    series = models.ForeignKey(
        Series, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    model = models.CharField(max_length=60)
    points = models.PositiveIntegerField()
    wape = models.FloatField(null=True)
    bias = models.FloatField(null=True)
    mase = models.FloatField(null=True)
    rmsse = models.FloatField(null=True)
    smape = models.FloatField(null=True)
    mae = models.FloatField(null=True)
    rmse = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["backtest", "series", "model"], name="score_once")
        ]

    def __str__(self) -> str:
        return f"{self.model} on series {self.series_id}"


class SliceScore(models.Model):
    """How one model did on a part of what was judged; null is undefined. Written by COPY.

    `by` says how the parts are told apart, `key` which one it is and `place` where it stands among
    them. WAPE and bias are pooled over the points of the part, MASE and RMSSE averaged over its
    series.
    """

    class By(models.TextChoices):
        FOLD = "fold"
        HORIZON = "horizon"
        STEP = "step"
        STORE = "store"
        CATEGORY = "category"
        VOLUME = "volume"

    backtest = models.ForeignKey(
        Backtest, on_delete=models.CASCADE, related_name="slices", db_index=False
    )
    model = models.CharField(max_length=60)
    by = models.CharField(max_length=10, choices=By.choices)
    key = models.TextField()
    place = models.PositiveIntegerField()
    series = models.PositiveIntegerField()
    points = models.PositiveBigIntegerField()
    wape = models.FloatField(null=True)
    mase = models.FloatField(null=True)
    rmsse = models.FloatField(null=True)
    bias = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["backtest", "by", "place", "model"], name="slice_score_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} by {self.by}: {self.key}"


class Champion(models.Model):
    """What serves a series, by one named metric, and why. Written by COPY.

    `margin` is by how many percent of the runner-up's error the champion is ahead of it; negative
    where the default serves although another model did better on this series alone. `score` is
    the shrunk score that decided. `judged` is what it forecast on the folds, one after the other.
    """

    class Reason(models.TextChoices):
        DEFAULT = "default"
        SWITCHED = "switched"
        GROUP = "group"
        SERIES = "series"
        NOT_JUDGED = "not_judged"

    backtest = models.ForeignKey(
        Backtest, on_delete=models.CASCADE, related_name="champions", db_index=False
    )
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="+")
    model = models.CharField(max_length=60)
    metric = models.CharField(max_length=20)
    value = models.FloatField(null=True)
    margin = models.FloatField(null=True)
    points = models.PositiveIntegerField()
    reason = models.CharField(max_length=12, choices=Reason.choices)
    score = models.FloatField(null=True)
    runner_up = models.CharField(max_length=60, blank=True)
    judged = ArrayField(models.FloatField())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["backtest", "series"], name="champion_once")]
        indexes = [
            models.Index(
                "backtest", models.F("value").desc(nulls_last=True), name="champion_by_value"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} serves series {self.series_id}"


class ModelRun(models.Model):
    """One model, trained on all data of a version after it was judged there.

    `artefact` is the digest of its state; never a pickle. `frame_version` is that of the feature
    frame it learnt from, null for a model that needs none. One with `teaching` serves nobody.
    """

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="model_runs")
    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, related_name="model_runs")
    model = models.CharField(max_length=60)
    config = models.JSONField()
    config_hash = models.CharField(max_length=64)
    software = models.JSONField()
    window = models.JSONField()
    metrics = models.JSONField()
    series_count = models.PositiveIntegerField()
    artefact = models.CharField(max_length=64)
    frame_version = models.PositiveSmallIntegerField(null=True)
    teaching = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = TaughtManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["backtest", "model"], name="model_run_once")]
        indexes = [models.Index(fields=["version", "-id"], name="model_run_by_version")]

    def __str__(self) -> str:
        return f"model run {self.pk}: {self.model}"

    def get_absolute_url(self) -> str:
        return reverse("forecasting:model-run", args=[self.pk])


class Alias(models.Model):
    """A name that points at one model run of its dataset, such as `freshretail-production`.

    Nothing takes it away from what it points at: who deletes that is refused.
    """

    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="aliases", db_index=False
    )
    name = models.CharField(max_length=140)
    model_run = models.ForeignKey(ModelRun, on_delete=models.RESTRICT, related_name="aliases")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    changed_at = models.DateTimeField()

    objects = AliasManager()

    class Meta:
        verbose_name_plural = "aliases"
        constraints = [
            models.UniqueConstraint(fields=["dataset", "name"], name="alias_once_per_dataset")
        ]

    def __str__(self) -> str:
        return self.name


class Promotion(models.Model):
    """That an alias was pointed at another model run: past which gates, by whom.

    `gates` are all that were asked, `{gate, holds, detail}`; `acknowledged` names those that did
    not hold and were taken note of. None are asked of what a judgement found best. One with
    `teaching` was made by the step named by `key` and is put back: `ended_at` says when, `restored`
    whether the alias still stood where it was put.
    """

    alias = models.ForeignKey(Alias, on_delete=models.CASCADE, related_name="promotions")
    before = models.ForeignKey(ModelRun, on_delete=models.SET_NULL, null=True, related_name="+")
    after = models.ForeignKey(ModelRun, on_delete=models.SET_NULL, null=True, related_name="+")
    gates = models.JSONField(default=list)
    acknowledged = models.JSONField(default=list)
    note = models.CharField(max_length=500, blank=True, default="")
    teaching = models.BooleanField(default=False)
    key = models.CharField(max_length=100, blank=True, default="")
    ended_at = models.DateTimeField(null=True)
    restored = models.BooleanField(default=False)
    promoted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    promoted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=~models.Q(key=""), name="promotion_once_by_key"
            )
        ]

    def __str__(self) -> str:
        return f"promotion {self.pk}"


class ForecastIssue(models.Model):
    """Forecasts of every series of a version, issued together from one origin.

    `origin` is the number of the last known period; the first forecast is for `origin + 1`.
    `without_forecast` lists discontinued series, `{series, reason}`; `champions` counts the others.
    `without_plan` says that known signals were not given as far ahead as the horizon, so that only
    models which need none serve.
    """

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="issues")
    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, related_name="issues")
    model_run = models.ForeignKey(ModelRun, on_delete=models.CASCADE, related_name="issues")
    key = models.CharField(max_length=100, unique=True)
    alias = models.CharField(max_length=140)
    origin = models.IntegerField()
    horizon = models.PositiveIntegerField()
    series_count = models.PositiveIntegerField()
    champions = models.JSONField()
    without_forecast = models.JSONField(default=list)
    without_plan = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = IssueManager()

    class Meta:
        indexes = [models.Index(fields=["version", "-id"], name="issue_by_version")]

    def __str__(self) -> str:
        return f"issue {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("forecasting:issue", args=[self.pk])


class Forecast(models.Model):
    """The issued forecast of one series: one row, one place of each array per period ahead.

    Rows are written by COPY and never changed; `total` and `wape` stand here to be sorted by. Of
    10 totals 8 are expected from `total_low` to `total_high`.
    """

    issue = models.ForeignKey(
        ForecastIssue, on_delete=models.CASCADE, related_name="forecasts", db_index=False
    )
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="forecasts")
    model = models.CharField(max_length=60)
    total = models.FloatField()
    total_low = models.FloatField()
    total_high = models.FloatField()
    wape = models.FloatField(null=True)
    yhat = ArrayField(models.FloatField())
    lo80 = ArrayField(models.FloatField())
    hi80 = ArrayField(models.FloatField())
    lo95 = ArrayField(models.FloatField())
    hi95 = ArrayField(models.FloatField())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issue", "series"], name="forecast_once"),
        ]
        indexes = [
            models.Index(fields=["issue", "total"], name="forecast_by_total"),
            models.Index(fields=["issue", "wape"], name="forecast_by_wape"),
        ]

    def __str__(self) -> str:
        return f"series {self.series_id} by {self.model}"
