"""Runs that nobody kept go when they are old, with what they alone have made."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from forecastlab.events.services import log
from forecastlab.forecasting.models import Backtest, Batch
from forecastlab.forecasting.services import discarding
from forecastlab.lib import holding, sweeps
from forecastlab.lib.contributions import NewEvent
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.services import versions
from showcase.models import Run
from showcase.services import sweeping

logger = logging.getLogger(__name__)

LOCK = "runs.prune"
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """What becomes of one old run: `goes` counts what is deleted with it, `stays` says why not."""

    run: int
    name: str
    goes: Mapping[str, int] = field(default_factory=dict)
    stays: Sequence[str] = ()

    @property
    def is_pruned(self) -> bool:
        return "run" in self.goes


def sweep(at: datetime) -> int:
    """Prune what is due, so many at a time; return how many runs went."""
    gone = len(list(islice((one for one in _each(at) if one.is_pruned), AT_ONCE)))
    if gone:
        logger.info("Pruned %s runs", gone)
    return gone


def prune(at: datetime, *, dry_run: bool = False) -> list[Finding]:
    """Delete ended runs that nobody kept and nothing holds, each in a transaction of its own.

    Judgements, batches, simulated sales and the job go with the last run that made them, unless
    something serves from them, holds them, or they are the newest of their dataset. A dry run
    does the same and takes it all back, but for facts: readers would wait for those.
    """
    if not dry_run:
        return list(_each(at))
    with transaction.atomic():
        found = list(_each(at, dry_run=True))
        transaction.set_rollback(True)
    return found


def _each(at: datetime, *, dry_run: bool = False) -> Iterator[Finding]:
    for pk in _due(at):
        if found := _prune(pk, at=at, dry_run=dry_run):
            yield found


def _due(at: datetime) -> list[int]:
    days = settings.RUNS_KEPT_DAYS
    if not days:
        return []
    old = Run.objects.finished().filter(workspace=None, finished_at__lt=at - timedelta(days=days))
    return list(old.order_by("pk").values_list("pk", flat=True))


def _prune(pk: int, *, at: datetime, dry_run: bool) -> Finding | None:
    """Delete one run and what it alone has made; None where it was kept or went meanwhile.

    The dataset is locked first, then the run with its job. Of two who prune at once one leaves
    the run to the other.
    """
    with sweeps.alone(LOCK) as first:
        if not first:
            return None
        list(Dataset.objects.select_for_update(of=("self",)).filter(runs=pk))
        run = next(iter(sweeping.locked(Run.objects.filter(pk=pk, workspace=None))), None)
        if run is None:
            return None
        if why := holding.holders("run", pk):
            return Finding(pk, run.name, stays=why)
        try:
            with transaction.atomic():
                return _deleted(run, at=at, dry_run=dry_run)
        except (versions.BeingRead, versions.Held) as refusal:
            return Finding(pk, run.name, stays=[refusal.message])


def _deleted(run: Run, *, at: datetime, dry_run: bool) -> Finding:
    number, name, stream = run.pk, run.name, run.stream
    made = _made(run)
    counts = sweeping.delete([number])
    judged = {pk: holding.holders("backtest", pk) for pk in made["backtest"]}
    swept = {pk: holding.holders("batch", pk) for pk in made["batch"]}
    gone = discarding.discard(_free(judged), _free(swept))
    counts.update(gone.counts)
    judged |= {pk: [gone.why_left] for pk in gone.left}
    stays = [*_told("backtest", judged), *_told("batch", swept)]
    for version in DatasetVersion.objects.filter(pk__in=made["dataset_version"]):
        if why := _why_sales(version):
            stays.append(f"{version.ref}: {'; '.join(why)}")
        else:
            if not dry_run:
                versions.drop(version, at=at, actor_id=None)
            counts["dataset_version"] += 1
    goes = dict(counts)
    news = NewEvent(stream, "run.pruned", {"name": name, "goes": goes})
    log.append([news, NewEvent(Run.LIST_STREAM, "run.pruned")], actor_id=None, at=at)
    return Finding(number, name, goes, stays)


def _free(held: Mapping[int, Sequence[str]]) -> list[int]:
    return [pk for pk, why in held.items() if not why]


def _made(run: Run) -> dict[str, list[int]]:
    """Return the numbers of what the run made or took over and is still there, by kind."""
    found: dict[str, list[int]] = {}
    for kind, ref in run.made.order_by("pk").values_list("kind", "ref"):
        if ref.isdecimal():
            found.setdefault(kind, []).append(int(ref))
    there = {"backtest": Backtest.objects, "batch": Batch.objects}
    return {
        kind: [*manager.filter(pk__in=found.get(kind, ())).values_list("pk", flat=True)]
        for kind, manager in there.items()
    } | {"dataset_version": found.get("dataset_version", [])}


def _why_sales(version: DatasetVersion) -> list[str]:
    """Say why sales stay: imported ones do, and those that the next simulated are compared with."""
    if version.source != DatasetVersion.Source.SIMULATION:
        return [_("it was imported")]
    newest = version.dataset.versions.order_by("-number").first()
    if newest == version:
        return [_("it is the newest one")]
    return versions.holders(version)


def _told(kind: str, held: Mapping[int, Sequence[str]]) -> list[str]:
    words = {"backtest": _("backtest %s"), "batch": _("batch %s")}
    return [f"{words[kind] % pk}: {'; '.join(why)}" for pk, why in held.items() if why]
