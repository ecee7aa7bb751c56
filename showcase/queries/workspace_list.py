"""The list of kept runs: what is searched, filtered, sorted and counted there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, Exists, Func, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.lookups import IContains
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.accounts.services import saved_views
from forecastlab.lib import figures, lists, texts
from forecastlab.warehouse.models import Dataset
from showcase.models import Run, Workspace, WorkspaceQuerySet
from showcase.queries import labels, link_health, run_list
from showcase.queries.kpis import FOLD_KEYS

PAGE = "showcase:workspaces"  # under this name its saved views are kept
PER_PAGE = 25
VIEWS = ("all", "pinned", "mine")
ARCHIVED = ("also", "only")
SORTS: Mapping[str, str] = {
    "name": "name",
    "status": "run__status",
    "winner": "run__winner",
    "wape": "run__winner_wape",
    "took": "run__seconds",
    "kept": "created_at",
}
UNKNOWN = frozenset({"wape", "took"})
NEWEST = "-kept"
TAGS_OFFERED = 100
NEWEST_LOOKED_AT = 500  # with tags, for those that are offered
TAGS_IN_A_ROW = 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of the list asks for; unheard-of words count as not asked."""

    view: str = "all"
    search: str = ""
    tags: Sequence[str] = ()
    dataset: str = ""
    status: str = ""
    by: str = ""
    archived: str = ""
    sort: str = NEWEST
    page: str = "1"

    @property
    def filters(self) -> lists.Pairs:
        asked = [("search", self.search), *(("tag", one) for one in self.tags)]
        asked += [("dataset", self.dataset), ("status", self.status)]
        asked += [("by", self.by), ("archived", self.archived)]
        return [(key, value) for key, value in asked if value]

    @property
    def rest(self) -> lists.Pairs:
        """What is asked for beside filters, the usual left out."""
        view = "" if self.view == "all" else self.view
        return [("view", view), ("sort", "" if self.sort == NEWEST else self.sort)]

    @property
    def query(self) -> str:
        return lists.address([*self.rest, *self.filters]).removeprefix("?")


@dataclass(frozen=True, slots=True)
class Row:
    """A kept run as one line of a table."""

    workspace: Workspace
    run: run_list.Row
    about: str
    against_source: str
    tone: str
    dead: int

    @property
    def tags(self) -> Sequence[str]:
        return self.workspace.tags[:TAGS_IN_A_ROW]

    @property
    def more_tags(self) -> int:
        return max(len(self.workspace.tags) - TAGS_IN_A_ROW, 0)


@dataclass(frozen=True, slots=True)
class WorkspaceList:
    wanted: Wanted
    views: Sequence[lists.View]
    page: Page[int]
    rows: Sequence[Row]
    tags: Sequence[str]
    choices: Sequence[Mapping[str, Any]]
    drops: Sequence[lists.Drop]

    @property
    def search(self) -> Mapping[str, str]:
        hint, label = _("Name, note, tag or number"), _("Search workspaces")
        return {"value": self.wanted.search, "hint": hint, "label": label}

    @property
    def hidden(self) -> lists.Pairs:
        tags = [("tag", one) for one in self.wanted.tags]
        return [*((key, value) for key, value in self.wanted.rest if value), *tags]

    @property
    def chips(self) -> Sequence[Mapping[str, str]]:
        """The tags that are asked for; each can be dropped by itself."""
        asked = self.wanted
        return [
            {"label": _("Tag: %(tag)s") % {"tag": tag}, "url": _without(asked, ("tag", tag))}
            for tag in asked.tags
        ]

    @property
    def clear(self) -> str:
        return lists.address(self.wanted.rest) if self.wanted.filters else ""

    @property
    def saved(self) -> lists.View | None:
        """The view of the reader's own that is shown."""
        return next((one for one in self.views if one.is_here and one.pk), None)

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        """The columns as `components/table_head.html` wants them."""
        return [
            {"label": _("Workspace"), "key": "name"},
            {"label": _("Status"), "key": "status"},
            {"label": _("Champion"), "key": "winner", "wide": True},
            {"label": _("WAPE"), "key": "wape", "numeric": True},
            {"label": _("vs source"), "key": "", "numeric": True, "wide": True},
            {"label": _("Tags"), "key": "", "wide": True},
            {"label": _("Took"), "key": "took", "numeric": True, "wide": True},
            {"label": _("Kept"), "key": "kept", "numeric": True, "wide": True},
        ]


def wanted(parameters: QueryDict) -> Wanted:
    """Read an address; a filter may stand there more than once for tags only."""
    given = {key: str(value) for key, value in parameters.items()}
    view, sort = given.get("view", ""), given.get("sort", "")
    archived = given.get("archived", "")
    tags = dict.fromkeys(one.strip() for one in parameters.getlist("tag"))
    return Wanted(
        view=view if view in VIEWS else "all",
        search=given.get("search", "").strip(),
        tags=[one for one in tags if one],
        dataset=given.get("dataset", ""),
        status=given.get("status", ""),
        by=given.get("by", ""),
        archived=archived if archived in ARCHIVED else "",
        sort=sort if sort.removeprefix("-") in SORTS else NEWEST,
        page=given.get("page", "1"),
    )


def of(asked: Wanted, *, viewer: User) -> WorkspaceList:
    datasets = dict(Dataset.objects.visible_to(viewer).order_by("name").values_list("pk", "name"))
    visible = Workspace.objects.visible_over(list(datasets), user=viewer)
    counts = visible.filter(archived=False).aggregate(
        **{key: Count("run", filter=_of_view(key, viewer)) for key in VIEWS}
    )
    viewed = visible.filter(_of_view(asked.view, viewer))
    page = lists.page_of(
        _ranked(viewed, asked),
        number=asked.page,
        per_page=PER_PAGE,
        known=None if asked.filters else counts[asked.view],
    )
    used = _most_used(visible)
    return WorkspaceList(
        wanted=asked,
        views=_views(counts, asked, viewer=viewer),
        page=page,
        rows=_rows(list(page.object_list), visible=visible),
        tags=used,
        choices=_choices(asked, datasets.values(), used),
        drops=[]
        if page.paginator.count
        else lists.drops(viewed, asked.filters, narrow=_narrowed, rest=asked.rest),
    )


def matching(asked: Wanted, *, viewer: User) -> WorkspaceQuerySet:
    """Return all kept runs that the list shows on one page or another."""
    viewed = Workspace.objects.visible_to(viewer).filter(_of_view(asked.view, viewer))
    return _narrowed(viewed, asked.filters)


def _ranked(viewed: WorkspaceQuerySet, asked: Wanted) -> QuerySet[Workspace, int]:
    found = _narrowed(viewed, asked.filters).values_list("pk", flat=True)
    return lists.ordered(found, asked.sort, SORTS, unknown=UNKNOWN, first=["-pinned"])


def tags(viewer: User) -> list[str]:
    """Return tags of the newest that are tagged and not archived, the most used first."""
    return _most_used(Workspace.objects.visible_to(viewer))


def _most_used(visible: WorkspaceQuerySet) -> list[str]:
    tagged = visible.filter(archived=False).exclude(tags=[])
    newest = tagged.order_by("-pinned", "-created_at", "-pk").values_list("tags", flat=True)
    uses = Counter(tag for found in newest[:NEWEST_LOOKED_AT] for tag in found)
    return sorted(uses, key=lambda tag: (-uses[tag], tag))[:TAGS_OFFERED]


def tags_like(start: str, *, viewer: User, limit: int) -> list[str]:
    """Return all tags that begin with `start`, whatever their case, the most used first."""
    tagged = Workspace.objects.visible_to(viewer).exclude(tags=[])
    each = Func("tags", function="unnest", output_field=TextField())
    found = tagged.filter(_tagged_like(start)).order_by().annotate(one=each).values("one")
    used = found.annotate(uses=Count("pk")).order_by("-uses", "one").values_list("one", flat=True)
    return [tag for tag in used if tag.casefold().startswith(start.casefold())][:limit]


# -- what matches ------------------------------------------------------------------------------


def _of_view(view: str, viewer: User) -> Q:
    return {"pinned": Q(pinned=True), "mine": Q(created_by=viewer)}.get(view, Q())


def _narrowed(rows: WorkspaceQuerySet, filters: lists.Pairs) -> WorkspaceQuerySet:
    """Keep what every filter lets through; archived ones only where they are asked for."""
    for key, value in filters:
        rows = rows.filter(_condition(key, value))
    return rows if ("archived", "also") in filters else rows.filter(_archived(filters))


def _archived(filters: lists.Pairs) -> Q:
    return Q(archived=("archived", "only") in filters)


def _condition(key: str, value: str) -> Q:
    if key == "search":
        return _searched(value)
    fields = {"tag": "tags__contains", "dataset": "run__dataset__name", "status": "run__status"}
    if key == "archived":
        return Q()
    wanted = [value] if key == "tag" else value
    return Q(**{fields.get(key, "created_by__username"): wanted})


def _searched(text: str) -> Q:
    """Find a part of a name or tag, the beginnings of words of the notes, or the run's number."""
    number = texts.number(text)
    by_number = Q() if number is None else Q(run=number)
    noted = Q(pk__in=Workspace.objects.noting(text).values("pk"))
    return Q(name__contains=text.lower()) | _tagged_like(text) | noted | by_number


def _tagged_like(text: str) -> Q:
    lines = Func("tags", Value("\n"), function="array_to_string", output_field=TextField())
    return Q(IContains(lines, text))


def _without(asked: Wanted, gone: tuple[str, str]) -> str:
    return lists.address([*asked.rest, *(pair for pair in asked.filters if pair != gone)])


# -- what is shown -----------------------------------------------------------------------------


def _views(counts: Mapping[str, int], asked: Wanted, *, viewer: User) -> list[lists.View]:
    words = {"all": _("Kept as workspaces"), "pinned": _("Pinned"), "mine": _("Kept by me")}
    own = [
        lists.View(one.name, f"?{one.query}", is_here=one.query == asked.query, pk=one.pk)
        for one in saved_views.listed(PAGE, of=viewer)
    ]
    is_own = any(one.is_here for one in own)
    usual = [
        lists.View(
            words[key],
            lists.address([("view", "" if key == "all" else key)]),
            counts[key],
            is_here=key == asked.view and not is_own,
        )
        for key in VIEWS
    ]
    return [lists.View(_("All runs"), reverse("showcase:runs")), *usual, *own]


def _choices(
    asked: Wanted, datasets: Iterable[str], used: Sequence[str]
) -> list[Mapping[str, Any]]:
    keepers = Exists(Workspace.objects.filter(created_by=OuterRef("pk")))
    people = User.objects.people().filter(keepers).order_by("username")
    archived = [("also", _("With archived ones")), ("only", _("Archived only"))]
    offered = [one for one in used if one not in asked.tags]
    return [
        lists.choice("dataset", _("Any dataset"), datasets, chosen=asked.dataset),
        lists.choice("status", _("Any status"), labels.statuses(), chosen=asked.status),
        lists.choice("tag", _("Any tag"), offered),
        lists.choice(
            "by", _("Kept by anyone"), people.values_list("username", flat=True), chosen=asked.by
        ),
        lists.choice("archived", _("Not archived"), archived, chosen=asked.archived),
    ]


def _for_rows(rows: WorkspaceQuerySet) -> WorkspaceQuerySet:
    """Read what a row shows and no more: notes, stories, results and reports are long."""
    return rows.select_related("run__version__dataset").only(
        *("key", "name", "tags", "pinned", "archived", "created_at"),
        *("replayed_from", "ancestors", "reproduction"),
        *(f"run__{one}" for one in (*Run.OF_A_ROW, "config", "content_hash")),
    )


def _rows(ranked: Sequence[int], *, visible: WorkspaceQuerySet) -> list[Row]:
    """Read the rows of one page: what they are ranked by is sorted without them."""
    read = {one.pk: one for one in _for_rows(Workspace.objects.filter(pk__in=ranked))}
    kept = [read[pk] for pk in ranked if pk in read]
    keys = {one.replayed_from for one in kept if one.replayed_from}
    replayed = _for_rows(visible.filter(key__in=keys))
    sources = {one.key: one for one in replayed} if keys else {}
    health = link_health.of_runs([one.run_id for one in kept])
    return [_row(one, sources.get(one.replayed_from), dead=health[one.run_id].dead) for one in kept]


def _row(workspace: Workspace, source: Workspace | None, *, dead: int) -> Row:
    run = run_list.row_of(workspace.run)
    delta, tone = _against(workspace, source)
    return Row(workspace, run, _about(workspace, source) or run.about, delta, tone, dead)


def _about(workspace: Workspace, source: Workspace | None) -> str:
    """411 · Replayed from weekly-46, same numbers."""
    if not workspace.replayed_from:
        return ""
    name = source.name if source else source_name(workspace)
    said = _("%(run)s · Replayed from %(name)s") % {"run": workspace.run_id, "name": name}
    reproduced = (workspace.reproduction or {}).get("reproduced")
    if reproduced is None:
        return said
    return f"{said}, {_('same numbers') if reproduced else _('numbers differ')}"


def source_name(workspace: Workspace) -> str:
    """Return the name that the source of a replay had then; it may be gone."""
    told = workspace.ancestors[-1:] or [{"name": figures.UNKNOWN}]
    return str(told[0]["name"])


def _against(workspace: Workspace, source: Workspace | None) -> tuple[str, str]:
    """Compare with the source over the same sales and the same folds only."""
    if source is None or source.run.winner_wape is None or workspace.run.winner_wape is None:
        return figures.UNKNOWN, ""
    one, other = workspace.run, source.run
    same = one.content_hash == other.content_hash and all(
        one.config.get(key) == other.config.get(key) for key in FOLD_KEYS
    )
    if not same:
        return _("other folds"), "quiet"
    delta = workspace.run.winner_wape - source.run.winner_wape
    tone = "ok" if delta <= -0.05 else "bad" if delta >= 0.05 else "quiet"
    return figures.points(delta / 100), tone
