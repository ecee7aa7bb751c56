"""Going through all that hangs on a simulated dataset: what nobody needs, and why the rest stays.

Each kind is asked about when what holds it and goes too is gone already. So this belongs in a
transaction, and who only wants to know rolls it back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.forecasting.models import Backtest, Batch
from forecastlab.forecasting.services import discarding
from forecastlab.jobs.models import Job, JobStep
from forecastlab.lib import deleting, holding
from forecastlab.lib.contributions import NewEvent
from forecastlab.planning.services import plans
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.services import versions
from showcase.domain.resets import Kept, Listing
from showcase.models import Run, RunObject, RunQuerySet

MOST_REASONS = 6


def sweep(dataset: Dataset) -> Listing:
    """Delete runs and judgements of the dataset that nothing holds; list them and its versions.

    Versions are only listed: `drop` deletes those.
    """
    rows = Run.objects.filter(Q(dataset=dataset) | Q(dataset=None, scenario=dataset.name))
    at_work = rows.active().order_by("pk").values_list("pk", flat=True)
    named = sorted([*at_work, *(one.pk for one in locked(rows))])
    runs, stay = _parted("run", {pk: _("run %s") % pk for pk in named})
    counts = delete(runs)

    mine = {"version__dataset": dataset}
    judged = Backtest.objects.filter(**mine).order_by("pk").values_list("pk", flat=True)
    backtests, others = _parted("backtest", {pk: _backtest(pk) for pk in judged})
    swept = Batch.objects.filter(**mine).order_by("pk").values_list("pk", flat=True)
    batches, more = _parted("batch", {pk: _("batch %s") % pk for pk in swept})
    discarded = discarding.discard(backtests, batches)
    others += [_kept("backtest", pk, _backtest(pk), [discarded.why_left]) for pk in discarded.left]

    gone, kept = _versions(dataset)
    return Listing(
        goes={
            "run": runs,
            "backtest": [pk for pk in backtests if pk not in discarded.left],
            "batch": batches,
            "dataset_version": [one.pk for one in gone],
        },
        counts={**counts, **discarded.counts, **_counts(gone)},
        stays=[*stay, *others, *more, *kept],
    )


def locked(rows: RunQuerySet) -> list[Run]:
    """Lock runs that have ended, with their jobs, in the order of all: steps, job, run.

    The dataset is locked before. One that works on meanwhile is left out.
    """
    ended = list(rows.finished().order_by("pk").values_list("pk", flat=True))
    steps = JobStep.objects.select_for_update(of=("self",)).filter(job__run__in=ended)
    list(steps.order_by("pk").values_list("pk"))
    list(Job.objects.select_for_update(of=("self",)).filter(run__in=ended).order_by("pk"))
    runs = rows.finished().filter(pk__in=ended).select_for_update(of=("self",))
    return list(runs.order_by("pk"))


def delete(runs: Sequence[int]) -> Counter[str]:
    """Delete runs, their jobs and the plans that no other run made; count rows by table."""
    named = RunObject.objects.filter(run__in=runs, kind=plans.KIND).values_list("ref", flat=True)
    planned = sorted({int(one) for one in named if one.isdecimal()})
    counts = deleting.delete(Job.objects.filter(run__in=runs))
    counts.update(deleting.delete(Run.objects.filter(pk__in=runs)))
    counts.update(plans.discard(planned))
    return counts


def drop(listing: Listing, *, by: User, at: datetime) -> None:
    """Delete the versions that were listed, with their facts, and tell of it. Raises BeingRead."""
    gone = DatasetVersion.objects.filter(pk__in=listing.goes["dataset_version"])
    for version in gone.select_related("dataset").order_by("number"):
        versions.drop(version, at=at, actor_id=by.pk)
    told = [NewEvent(f"run.{pk}", "run.pruned") for pk in listing.goes["run"]]
    told += [NewEvent(Run.LIST_STREAM, "run.pruned")] if told else []
    log.append(sorted(told, key=lambda one: one.stream), actor_id=by.pk, at=at)


def _parted(kind: str, named: dict[int, str]) -> tuple[list[int], list[Kept]]:
    """Return the numbers of those that nothing holds, and the others with the reasons."""
    held = {pk: holding.holders(kind, pk) for pk in named}
    stay = [_kept(kind, pk, name, held[pk]) for pk, name in named.items() if held[pk]]
    return [pk for pk in named if not held[pk]], stay


def _backtest(pk: int) -> str:
    return _("backtest %s") % pk


def _kept(kind: str, pk: int, name: str, why: Sequence[str]) -> Kept:
    return Kept(kind, pk, name, why[:MOST_REASONS])


def _versions(dataset: Dataset) -> tuple[list[DatasetVersion], list[Kept]]:
    gone, stay = [], []
    newest = dataset.versions.order_by("-number").values_list("pk", flat=True).first()
    for version in dataset.versions.select_related("dataset").order_by("number"):
        why = versions.holders(version)
        if version.pk == newest:
            why = [_("the newest one: what is simulated next is compared with it"), *why]
        if why:
            stay.append(_kept(versions.KIND, version.pk, version.ref, why))
        else:
            gone.append(version)
    return gone, stay


def _counts(gone: Sequence[DatasetVersion]) -> dict[str, int]:
    """Count what would go with versions, which stay."""
    with transaction.atomic():
        found = deleting.delete(DatasetVersion.objects.filter(pk__in=[one.pk for one in gone]))
        transaction.set_rollback(True)
    return {**found, "sales_fact": sum(one.rows for one in gone)}
