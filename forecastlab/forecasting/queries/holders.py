"""Why a version of a dataset, or a backtest, is still needed here."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.forecasting.models import Alias, Backtest, Batch, ForecastIssue, ModelRun
from forecastlab.jobs.models import Job

# Kinds of jobs that work on a version without holding the slot of its dataset.
KINDS = ("backtest", "forecast", "batch")


def of_version(version_id: int) -> list[str]:
    """Return what would be lost with the version, one sentence for each kind of thing."""
    told = [
        _("alias '%(name)s' serves forecasts from it") % {"name": name}
        for name in Alias.objects.filter(model_run__version=version_id)
        .order_by("name")
        .values_list("name", flat=True)
    ]
    at_work = Job.objects.unfinished().filter(kind__in=KINDS, params__version=version_id)
    return [
        *told,
        *(
            _("job %(job)s works on it") % {"job": pk}
            for pk in at_work.values_list("pk", flat=True)
        ),
        *_counted(Backtest.objects.real(), version_id, _one_backtest),
        *_counted(ModelRun.objects.real(), version_id, _one_model_run),
        *_counted(ForecastIssue.objects.all(), version_id, _one_issue),
        *_counted(Batch.objects.all(), version_id, _one_batch),
    ]


def of_backtest(backtest_id: int) -> list[str]:
    """Return why pages show a backtest, what serves from it, and the jobs that work on it.

    Jobs on its sales count as well. An alias that was moved to teach goes back to what it served
    from before.
    """
    moved = Q(promotions__teaching=True, promotions__ended_at=None)
    goes_back = moved & Q(promotions__before__backtest=backtest_id)
    serving = Alias.objects.filter(Q(model_run__backtest=backtest_id) | goes_back)
    serving = serving.order_by("name").distinct()
    runs = ModelRun.objects.filter(backtest=backtest_id).values_list("pk", flat=True)
    judged = Backtest.objects.filter(pk=backtest_id).values_list("version", flat=True)
    at_work = Job.objects.unfinished().filter(
        Q(params__serving__model_run__in=list(runs))
        | Q(kind__in=KINDS, params__version__in=list(judged))
    )
    return [
        *_newest(backtest_id),
        *(
            _("alias '%(name)s' serves forecasts from it") % {"name": name}
            for name in serving.values_list("name", flat=True)
        ),
        *(
            _("job %(job)s works on it") % {"job": pk}
            for pk in at_work.values_list("pk", flat=True)
        ),
    ]


def _newest(backtest_id: int) -> list[str]:
    """Say that a dataset's pages show it: its newest forecasts, or its newest judgement."""
    found = Backtest.objects.select_related("version").filter(pk=backtest_id).first()
    if found is None:
        return []
    of_dataset = {"version__dataset": found.version.dataset_id}
    issue = ForecastIssue.objects.serving().filter(**of_dataset).newest().first()
    if issue is not None and issue.backtest_id == backtest_id:
        return [_("its forecasts are the newest ones")]
    newest = Backtest.objects.real().filter(**of_dataset).newest().first()
    return [_("it is the newest one")] if newest == found else []


def of_batch(batch_id: int) -> list[str]:
    """Return why a batch cannot go: it is at work."""
    found = Batch.objects.filter(pk=batch_id).first()
    return [_("it is at work")] if found is not None and found.is_active else []


def _counted(held: QuerySet[Any], version_id: int, words: Any) -> list[str]:
    count = held.filter(version=version_id).count()
    return [words(count) % {"n": count}] if count else []


def _one_backtest(count: int) -> str:
    return ngettext("%(n)s backtest was judged on it", "%(n)s backtests were judged on it", count)


def _one_model_run(count: int) -> str:
    return ngettext(
        "%(n)s model run was trained on it", "%(n)s model runs were trained on it", count
    )


def _one_issue(count: int) -> str:
    return ngettext(
        "%(n)s set of forecasts was issued from it",
        "%(n)s sets of forecasts were issued from it",
        count,
    )


def _one_batch(count: int) -> str:
    return ngettext("%(n)s batch was judged on it", "%(n)s batches were judged on it", count)
