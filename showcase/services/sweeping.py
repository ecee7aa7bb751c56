"""Going through all that hangs on a simulated dataset: what nobody needs, and why the rest stays.

Each kind is asked about when what holds it and goes too is gone already. So this belongs in a
transaction, and who only wants to know rolls it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.forecasting.models import Backtest, Batch
from forecastlab.forecasting.services import discarding
from forecastlab.jobs.models import Job
from forecastlab.lib import holding
from forecastlab.lib.contributions import NewEvent
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.services import versions
from showcase.domain.resets import Kept, Listing
from showcase.models import Run, StepRun

MOST_REASONS = 6


def sweep(dataset: Dataset) -> Listing:
    """Delete runs and judgements of the dataset that nothing holds; list them and its versions.

    Versions are only listed: `drop` deletes those.
    """
    rows = Run.objects.filter(Q(dataset=dataset) | Q(dataset=None, scenario=dataset.name))
    list(Job.objects.select_for_update(of=("self",)).filter(run__in=rows).order_by("pk"))
    locked = rows.select_for_update(of=("self",)).order_by("pk")
    runs, stay = _parted("run", {one.pk: _("run %s") % one.pk for one in locked})
    jobs = Job.objects.filter(run__in=runs)
    done = {"job": jobs.count(), "step_run": StepRun.objects.filter(run__in=runs).count()}
    jobs.delete()
    Run.objects.filter(pk__in=runs).delete()

    mine = {"version__dataset": dataset}
    judged = Backtest.objects.filter(**mine).order_by("pk").values_list("pk", flat=True)
    backtests, others = _parted("backtest", {pk: _("backtest %s") % pk for pk in judged})
    swept = Batch.objects.filter(**mine).order_by("pk").values_list("pk", flat=True)
    batches, more = _parted("batch", {pk: _("batch %s") % pk for pk in swept})
    counts = discarding.counts(backtests, batches)
    discarding.discard(backtests, batches)

    gone, kept = _versions(dataset)
    return Listing(
        goes={
            "run": runs,
            "backtest": backtests,
            "batch": batches,
            "dataset_version": [one.pk for one in gone],
        },
        counts={
            **counts,
            **done,
            "run": len(runs),
            "dataset_version": len(gone),
            "sales_fact": sum(one.rows for one in gone),
        },
        stays=[*stay, *others, *more, *kept],
    )


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
