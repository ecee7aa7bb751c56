"""What the home page shows: what is under way, what came out last, what happened today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice
from typing import Any

from django.db.models import Count, Q

from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from forecastlab.jobs.models import Job
from forecastlab.jobs.queries import jobs
from forecastlab.jobs.queries.jobs import JobRow
from forecastlab.lib import dates
from forecastlab.warehouse.models import DatasetVersion, Series
from showcase.models import Run, RunQuerySet
from showcase.queries import asks, kpis, run_list, run_page, stories
from showcase.queries.asks import Asks
from showcase.queries.kpis import Kpi
from showcase.queries.run_list import Row
from showcase.queries.run_page import RunPage

RECENT = 5
UNDER_WAY = 5
JOBS_LOOKED_AT = 50
TODAY = 8
RUNS_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Home:
    asks: Asks
    version: DatasetVersion | None
    stores: int
    products: int
    working: Sequence[JobRow]
    running: Sequence[RunPage]
    newest: Run | None
    kpis: Sequence[Kpi]
    recent: Sequence[Row]
    total: int
    today: Sequence[stories.Entry]

    @property
    def sales_through(self) -> str:
        return dates.day(self.version.last) if self.version else ""

    @property
    def is_empty(self) -> bool:
        return self.version is None and not (self.total or self.working or self.asks.total)


def of(viewer: User, *, now: datetime) -> Home:
    visible = Run.objects.visible_to(viewer)
    running = visible.active().select_related("job", "dataset", "version__dataset", "requested_by")
    finished = list(visible.finished().for_rows().order_by("-pk")[:RECENT])
    newest = visible.filter(status=Run.Status.SUCCEEDED).select_related("version", "dataset")
    last = newest.order_by("-pk").first()
    version = _newest_version(viewer)
    counts = _counts(version)
    return Home(
        asks=asks.waiting_for(viewer),
        version=version,
        stores=counts["stores"],
        products=counts["products"],
        working=_working(viewer),
        running=[run_page.RunPage(run, now=now) for run in running.order_by("-pk")[:UNDER_WAY]],
        newest=last,
        kpis=kpis.of(last, last.steps.in_order()) if last else [],
        recent=[run_list.row_of(run) for run in finished],
        total=visible.count(),
        today=_today(visible, now),
    )


def _newest_version(viewer: User) -> DatasetVersion | None:
    visible = DatasetVersion.objects.visible_to(viewer).select_related("dataset")
    found: DatasetVersion | None = visible.order_by("-created_at", "-pk").first()
    return found


def _counts(version: DatasetVersion | None) -> dict[str, Any]:
    if version is None:
        return {"stores": 0, "products": 0}
    return Series.objects.filter(dataset=version.dataset_id).aggregate(
        stores=Count("store", distinct=True), products=Count("product", distinct=True)
    )


def _working(viewer: User) -> list[JobRow]:
    """Return the other jobs under way that this person may see, such as imports."""
    others = Job.objects.unfinished().filter(run=None).select_related("requested_by")
    seen = (job for job in others.newest_first()[:JOBS_LOOKED_AT] if jobs.can_see(viewer, job))
    return [jobs.job_row(job) for job in islice(seen, UNDER_WAY)]


def _today(visible: RunQuerySet, now: datetime) -> list[stories.Entry]:
    """Return what became today of the runs that a person may see, newest first."""
    midnight = datetime.combine(now.date(), time(), tzinfo=now.tzinfo)
    recent = Q(created_at__gte=midnight) | Q(finished_at__gte=midnight)
    lately = visible.filter(recent | Q(status__in=Run.ACTIVE))
    named = lately.select_related("workspace").only("pk", "workspace__name")
    kept = {run.stream: run.kept_as for run in named.order_by("-pk")[:RUNS_LOOKED_AT]}
    found = Event.objects.filter(stream__in=kept, kind__startswith="run.", at__gte=midnight)
    return stories.of_several(found.order_by("-at", "-pk")[:TODAY], kept=kept)
