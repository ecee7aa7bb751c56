"""Workspaces side by side as their page shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import parse_qsl, urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from forecastlab.accounts.models import User
from forecastlab.accounts.services import saved_views
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.metrics import PERCENTAGES
from forecastlab.forecasting.queries import labels as measures
from forecastlab.lib import downloads, figures
from showcase.domain.comparison import METRICS, MOST, Apart
from showcase.models import Run, Workspace
from showcase.queries import compare_sections, comparing, labels
from showcase.queries.compare_sections import MOST_MOVES, Cell, Section
from showcase.queries.comparing import Compared

PAGE, REMEMBERED_AS = "showcase:workspace-compare", "columns"
OFFERED = 100
COLUMNS: Mapping[str, str | Promise] = {
    "status": gettext_lazy("Status"),
    "dataset": gettext_lazy("Dataset"),
    "best": gettext_lazy("Best model"),
    "wape": "WAPE",
    "gap": gettext_lazy("To the first"),
    "mase": "MASE",
    "rmsse": "RMSSE",
    "mae": "MAE",
    "rmse": "RMSE",
    "smape": "sMAPE",
    "bias": gettext_lazy("Bias"),
    "judged": gettext_lazy("Series judged"),
    "moved": gettext_lazy("Champions changed"),
    "took": gettext_lazy("Took"),
    "by": gettext_lazy("Started by"),
}
USUAL = ("dataset", "best", "wape", "gap", "mase", "rmsse", "bias", "judged", "moved", "took")
TEXTS = ("status", "dataset", "best", "by")
WHY: Mapping[Apart, str | Promise] = {
    Apart.NOT_JUDGED: gettext_lazy("not judged"),
    Apart.OTHER_VERSION: gettext_lazy("other version"),
    Apart.OTHER_FOLDS: gettext_lazy("other folds"),
    Apart.OTHER_SERIES: gettext_lazy("other series"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: who is compared, which columns, and whether all lines."""

    names: Sequence[str]
    columns: Sequence[str]
    everything: bool = False

    @property
    def address(self) -> str:
        pairs = [("of", one) for one in self.names] + [("columns", one) for one in self.columns]
        return f"?{urlencode([*pairs, *([('all', '1')] if self.everything else [])])}"


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    label: str
    is_shown: bool
    numeric: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One run. `first_url` measures the others by it, `drop_url` leaves it out."""

    name: str
    url: str
    note: str
    cells: Sequence[tuple[Cell, bool]]
    first_url: str = ""
    drop_url: str = ""


def asked(names: Sequence[str], columns: Sequence[str], *, everything: bool, viewer: User) -> Asked:
    """Return what is asked for; where no columns are named, those that the reader chose last."""
    known = [one for one in COLUMNS if one in columns]
    return Asked(names, known or remembered(viewer), everything=everything)


def remembered(viewer: User) -> Sequence[str]:
    for view in saved_views.listed(PAGE, of=viewer):
        if view.name == REMEMBERED_AS:
            chosen = {value for key, value in parse_qsl(view.query) if key == "columns"}
            return [one for one in COLUMNS if one in chosen]
    return USUAL


def offered(viewer: User, *, besides: Sequence[str]) -> list[str]:
    """Return the newest workspaces that could be compared as well."""
    if len(besides) >= MOST:
        return []
    rows = Workspace.objects.visible_to(viewer).filter(archived=False)
    names = rows.exclude(name__in=besides).order_by("-created_at", "-pk")
    return list(names.values_list("name", flat=True)[:OFFERED])


@dataclass(frozen=True)
class ComparePage:
    found: Compared
    asked: Asked

    # -- what it says ---------------------------------------------------------------------------

    @property
    def title(self) -> str:
        finding, names = self.found.finding, self.found.names
        metric = measures.metric_title(finding.metric)
        if finding.leaders:
            leader, level = names[finding.leaders[0]], len(finding.leaders) - 1
            gap = _gap(finding.gap, finding.metric, is_signed=False)
            said = {"name": leader, "n": level, "gap": gap, "metric": metric}
            if not level:
                return _("%(name)s leads by %(gap)s of %(metric)s") % said
            text = ngettext(
                "%(name)s and 1 other lead by %(gap)s of %(metric)s",
                "%(name)s and %(n)s others lead by %(gap)s of %(metric)s",
                level,
            )
            return text % said
        if finding.gap is None:
            return _("These runs were not judged on the same folds")
        same = sum(reason is None for reason in self.found.apart)
        return _("%(n)s runs with the same %(metric)s") % {"n": same, "metric": metric}

    @property
    def others(self) -> int:
        """How many are not set against the first."""
        return sum(reason is not None for reason in self.found.apart[1:])

    @property
    def facts(self) -> list[str]:
        judged = self.found.sides[0].judged
        if judged is None:
            return [_("nothing was judged in %(name)s") % {"name": self.found.names[0]}]
        count = len(judged.windows)
        folds = ngettext("the same fold", "the same %(n)s folds", count) % {"n": count}
        if self.others:
            said = {"n": self.others, "all": len(self.found.runs) - 1, "first": self.found.names[0]}
            return [_("%(n)s of %(all)s not on the folds and sales of %(first)s") % said]
        scored = _("%(count)s series scored") % {"count": figures.number(judged.series)}
        return [_("same sales"), folds, scored]

    # -- the table ------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> list[Column]:
        shown = {*self.asked.columns}
        if "gap" in shown:
            shown.add(self.found.finding.metric)  # a difference without its values says little
        return [
            Column(key, str(one), key in shown, key not in TEXTS) for key, one in COLUMNS.items()
        ]

    @property
    def shown(self) -> list[Column]:
        return [one for one in self.columns if one.is_shown]

    @cached_property
    def rows(self) -> list[Row]:
        cells = [self._column(one.key) for one in self.shown]
        numeric = [one.numeric for one in self.shown]
        return [
            self._row(place, list(zip([each[place] for each in cells], numeric, strict=True)))
            for place in range(len(self.found.runs))
        ]

    def _row(self, place: int, cells: Sequence[tuple[Cell, bool]]) -> Row:
        run, name, names = self.found.runs[place], self.found.names[place], self.found.names
        rest = [one for one in names if one != name]
        return Row(
            name=name,
            url=_page_of(run),
            note=_("the measure") if place == 0 else _("run %(n)s") % {"n": run.pk},
            cells=cells,
            first_url=replace(self.asked, names=[name, *rest]).address if place else "",
            drop_url=replace(self.asked, names=rest).address if len(rest) > 1 else "",
        )

    def _column(self, key: str) -> list[Cell]:
        if key in METRICS:
            line = next((one for one in self.found.metrics if one.metric == key), None)
            if line is None:
                return [Cell(figures.UNKNOWN) for _run in self.found.runs]
            return compare_sections.errors(self.found, line)
        if key == "gap":
            return self._gaps()
        return [Cell(self._text(key, place)) for place in range(len(self.found.runs))]

    def _gaps(self) -> list[Cell]:
        metric = self.found.finding.metric
        line = next((one for one in self.found.metrics if one.metric == metric), None)
        cells = [Cell(figures.UNKNOWN)]
        for place, reason in enumerate(self.found.apart[1:], start=1):
            difference = line.differences[place] if line else None
            cells.append(Cell(str(WHY[reason]) if reason else _gap(difference, metric)))
        return cells

    def _text(self, key: str, place: int) -> str:
        run, side = self.found.runs[place], self.found.sides[place]
        by, judged = run.requested_by, side.judged
        texts: Mapping[str, Callable[[], str]] = {
            "status": lambda: labels.run_word(run),
            "dataset": lambda: str(side.data["dataset"]),
            "best": lambda: title_of(judged.winner) if judged else figures.UNKNOWN,
            "judged": lambda: figures.number(judged.series if judged else None),
            "moved": lambda: self._moved(place),
            "took": lambda: figures.duration(run.seconds),
            "by": lambda: by.get_username() if by else figures.UNKNOWN,
        }
        return texts[key]()

    def _moved(self, place: int) -> str:
        if place == 0 or place in self.found.untold:
            return figures.UNKNOWN
        return figures.number(sum(one.series for one in self.found.gained if one.side == place))

    # -- below it -------------------------------------------------------------------------------

    @cached_property
    def sections(self) -> list[Section]:
        return compare_sections.of(self.found, everything=self.asked.everything)

    @cached_property
    def _changes(self) -> list[compare_sections.Change]:
        return compare_sections.changes(self.found)

    @property
    def changes(self) -> list[compare_sections.Change]:
        return self._changes[:MOST_MOVES]

    @property
    def more_changes(self) -> int:
        return max(len(self._changes) - MOST_MOVES, 0)

    @property
    def untold(self) -> list[str]:
        return compare_sections.untold(self.found)

    # -- where it leads -------------------------------------------------------------------------

    @property
    def all_url(self) -> str:
        return replace(self.asked, everything=not self.asked.everything).address

    @property
    def downloads(self) -> list[dict[str, str]]:
        query = urlencode([("of", one) for one in self.found.names])
        return downloads.offered("showcase:workspace-compare-download", query=f"?{query}")


def _page_of(run: Run) -> str:
    if run.kept_as:
        return reverse("showcase:workspace", args=[run.kept_as])
    return run.get_absolute_url()


def _gap(value: float | None, metric: str, *, is_signed: bool = True) -> str:
    if metric in PERCENTAGES:
        if is_signed or value is None:
            return figures.points(measures.share(value), 2)
        return _("%(points)s points") % {"points": figures.number(value, 2)}
    return figures.signed(value, 3) if is_signed else figures.number(value, 3)


def of(wanted: Asked, *, viewer: User) -> ComparePage:
    return ComparePage(comparing.of(wanted.names, viewer=viewer), wanted)
