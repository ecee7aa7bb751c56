"""The list of runs: what is searched, filtered, sorted and counted there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.paginator import Page
from django.db.models import Count, Exists, Max, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.events import queries as events
from forecastlab.events.models import StreamHead
from forecastlab.forecasting.domain.config import title_of
from forecastlab.lib import cursors, figures, lists, texts
from forecastlab.warehouse.models import Dataset
from showcase.models import Run, RunQuerySet
from showcase.queries import labels

PER_PAGE = 25
RECENT = 5
VIEWS = ("all", "mine", "failed")
SORTS: Mapping[str, str] = {
    "name": "name",
    "status": "status",
    "winner": "winner",
    "wape": "winner_wape",
    "took": "seconds",
    "started": "created_at",
}
UNKNOWN = frozenset({"wape", "took"})
NEWEST = "-started"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of the list asks for; unheard-of words count as not asked."""

    view: str = "all"
    search: str = ""
    status: str = ""
    dataset: str = ""
    by: str = ""
    sort: str = NEWEST
    page: str = "1"

    @property
    def filters(self) -> Mapping[str, str]:
        asked = {"search": self.search, "status": self.status}
        asked |= {"dataset": self.dataset, "by": self.by}
        return {key: value for key, value in asked.items() if value}


@dataclass(frozen=True, slots=True)
class Row:
    """A run as one line of a table."""

    run: Run
    status: str
    word: str
    about: str
    winner: str
    wape: str
    took: str
    seq: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """How many runs began after run `after`; `seq` is the number of the last event heard."""

    after: int
    seq: int
    count: int = 0
    stream: str = Run.LIST_STREAM


@dataclass(frozen=True, slots=True)
class RunList:
    wanted: Wanted
    views: Sequence[lists.View]
    page: Page[int]
    rows: Sequence[Row]
    datasets: Sequence[str]
    people: Sequence[str]
    drops: Sequence[lists.Drop]
    news: News

    @property
    def search(self) -> Mapping[str, str]:
        hint, label = _("Name, model or number"), _("Search runs")
        return {"value": self.wanted.search, "hint": hint, "label": label}

    @property
    def hidden(self) -> lists.Pairs:
        return [("view", self.wanted.view), ("sort", self.wanted.sort)]

    @property
    def choices(self) -> Sequence[Mapping[str, object]]:
        """The filters as `components/filters.html` wants them."""
        asked = self.wanted
        return [
            lists.choice("dataset", _("Any dataset"), self.datasets, chosen=asked.dataset),
            lists.choice("status", _("Any status"), labels.statuses(), chosen=asked.status),
            lists.choice("by", _("Started by anyone"), self.people, chosen=asked.by),
        ]

    @property
    def clear(self) -> str:
        return lists.address([("view", self.wanted.view)]) if self.wanted.filters else ""

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        """The columns as `components/table_head.html` wants them."""
        return [
            {"label": _("Run"), "key": "name"},
            {"label": _("Status"), "key": "status"},
            {"label": _("Champion"), "key": "winner", "wide": True},
            {"label": _("WAPE"), "key": "wape", "numeric": True},
            {"label": _("Took"), "key": "took", "numeric": True, "wide": True},
            {"label": _("Started"), "key": "started", "numeric": True, "wide": True},
        ]


def wanted(parameters: Mapping[str, str]) -> Wanted:
    view, sort = parameters.get("view", ""), parameters.get("sort", "")
    return Wanted(
        view=view if view in VIEWS else "all",
        search=parameters.get("search", "").strip(),
        status=parameters.get("status", ""),
        dataset=parameters.get("dataset", ""),
        by=parameters.get("by", ""),
        sort=sort if sort.removeprefix("-") in SORTS else NEWEST,
        page=parameters.get("page", "1"),
    )


def of(asked: Wanted, *, viewer: User, now: datetime) -> RunList:
    seq = events.head(Run.LIST_STREAM)  # before the rows: an event in between is heard twice
    datasets = _datasets(viewer)
    visible = Run.objects.visible_over(list(datasets), user=viewer)
    views = {
        "all": Q(),
        "mine": Q(requested_by=viewer),
        "failed": Q(status=Run.Status.FAILED, created_at__gte=now - timedelta(days=7)),
    }
    counts = visible.order_by().aggregate(
        newest=Max("pk"), **{key: Count("pk", filter=one) for key, one in views.items()}
    )
    viewed = visible.filter(views[asked.view])
    filters = list(asked.filters.items())
    found = _narrowed(viewed, filters).values_list("pk", flat=True)
    page = lists.page_of(
        lists.ordered(found, asked.sort, SORTS, unknown=UNKNOWN),
        number=asked.page,
        per_page=PER_PAGE,
        known=None if filters else counts[asked.view],
    )
    rest = [("view", asked.view), ("sort", asked.sort)]
    drops = (
        [] if page.paginator.count else lists.drops(viewed, filters, narrow=_narrowed, rest=rest)
    )
    return RunList(
        wanted=asked,
        views=_views(counts, here=asked.view),
        page=page,
        rows=_rows(list(page.object_list)),
        datasets=list(datasets.values()),
        people=_people(visible),
        drops=drops,
        news=News(after=counts["newest"] or 0, seq=seq),
    )


def news(viewer: User, *, after: int) -> News:
    """Return what began since the list was read that this person may see."""
    seq = events.head(Run.LIST_STREAM)
    count = Run.objects.visible_to(viewer).filter(pk__gt=after).count()
    return News(after=after, seq=seq, count=count)


def _views(counts: Mapping[str, int], *, here: str) -> list[lists.View]:
    words = {"all": _("All"), "mine": _("Mine"), "failed": _("Failed this week")}
    found = [
        lists.View(words[key], f"?view={key}", counts[key], is_here=key == here) for key in VIEWS
    ]
    return [
        found[0],
        lists.View(_("Kept as workspaces"), reverse("showcase:workspaces")),
        *found[1:],
    ]


def _datasets(viewer: User) -> dict[int, str]:
    """Return the names of datasets with runs that this person may see."""
    used = Exists(Run.objects.filter(dataset=OuterRef("pk")))
    found = Dataset.objects.visible_to(viewer).filter(used).order_by("name")
    return dict(found.values_list("pk", "name"))


def _people(visible: RunQuerySet) -> list[str]:
    asked = Exists(visible.filter(requested_by=OuterRef("pk")))
    return list(User.objects.filter(asked).order_by("username").values_list("username", flat=True))


def _rows(ranked: Sequence[int]) -> list[Row]:
    """Read the rows of one page: what they are ranked by is sorted without them."""
    read = {run.pk: run for run in Run.objects.filter(pk__in=ranked).for_rows()}
    return rows_of(read[pk] for pk in ranked if pk in read)


def _narrowed(rows: RunQuerySet, filters: lists.Pairs) -> RunQuerySet:
    for key, value in filters:
        rows = rows.filter(_condition(key, value))
    return rows


def _condition(key: str, value: str) -> Q:
    if key == "search":
        number = texts.number(value)
        by_number = Q() if number is None else Q(pk=number)
        return Q(name__icontains=value) | Q(winner__icontains=value) | by_number
    if key == "status":
        return Q(status=value)
    return Q(dataset__name=value) if key == "dataset" else Q(requested_by__username=value)


def rows_of(runs: Iterable[Run]) -> list[Row]:
    """Return rows with the number of the last event of each run under way."""
    found = list(runs)
    streams = [run.stream for run in found if run.is_active]
    heads = dict(StreamHead.objects.filter(stream__in=streams).values_list("stream", "seq"))
    return [row_of(run, seq=heads.get(run.stream, 0)) for run in found]


def recent(run: Run, *, viewer: User) -> list[Row]:
    """Return the newest other runs on the dataset of `run`, or of its scenario, for this person."""
    others = Run.objects.visible_to(viewer).exclude(pk=run.pk)
    if run.scenario:
        same = others.filter(scenario=run.scenario)
    else:
        same = others.filter(dataset=run.dataset_id)
    return [row_of(one) for one in same.for_rows().order_by("-pk")[:RECENT]]


def row_of(run: Run, *, seq: int = 0) -> Row:
    wape = figures.UNKNOWN if run.winner_wape is None else figures.percent(run.winner_wape / 100)
    return Row(
        run=run,
        status=labels.run_status(run),
        word=labels.run_word(run),
        about=_about(run),
        winner=title_of(run.winner) if run.winner else figures.UNKNOWN,
        wape=wape,
        took=figures.clock(run.seconds),
        seq=seq,
    )


def _about(run: Run) -> str:
    """411 · freshretail@3, 9,974 series."""
    if run.version is None:
        return f"{run.pk} · {run.scenario or figures.UNKNOWN}"
    series = figures.number(run.version.series_count)
    return f"{run.pk} · {run.version.ref}, {series} {_('series')}"


# -- for commands and the API ------------------------------------------------------------------


def listed(
    viewer: User, *, filters: Mapping[str, str], limit: int, cursor: str
) -> tuple[list[Run], str | None]:
    """Return the newest runs before `cursor`, and the cursor of those that follow."""
    rows = _narrowed(Run.objects.visible_to(viewer), list(filters.items())).for_lists()
    return cursors.page(rows, by="-pk", limit=limit, cursor=cursor)
