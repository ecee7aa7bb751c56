"""The history of a dataset, and how two of its versions differ, in words and rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from forecastlab.lib import dates
from forecastlab.lib.figures import number, signed
from forecastlab.warehouse.domain.differences import CHANGES
from forecastlab.warehouse.models import Dataset, DatasetVersion

PER_PAGE = 25
# Of many versions, the newest are offered for comparison.
OFFERED = 200


def words() -> dict[str, str]:
    return {"added": _("added"), "changed": _("changed"), "removed": _("removed")}


def modes() -> dict[str, str]:
    return {"replace": _("replaced"), "append": _("added to"), "correct": _("corrected")}


@dataclass(frozen=True, slots=True)
class VersionRow:
    version: DatasetVersion

    @property
    def made(self) -> str:
        """Return what the version was to the one before it."""
        parent = self.version.parent
        if parent is None:
            return _("first version") if self.version.number == 1 else _("loaded")
        return f"{modes()[self.version.mode]} {parent.number}"

    @property
    def summary(self) -> str:
        return summary(self.version.difference)

    @property
    def window(self) -> str:
        return dates.window(self.version.first, self.version.last)


@dataclass(frozen=True, slots=True)
class History:
    dataset: Dataset
    rows: Sequence[VersionRow]
    page: Page[DatasetVersion]
    offered: Sequence[int]

    @property
    def columns(self) -> list[dict[str, Any]]:
        return [
            {"label": _("Version")},
            {"label": _("How it was made"), "wide": True},
            {"label": _("Difference from the one before")},
            {"label": _("Rows"), "numeric": True, "wide": True},
            {"label": _("Series"), "numeric": True, "wide": True},
            {"label": _("Covers"), "wide": True},
            {"label": _("By"), "wide": True},
            {"label": _("When"), "numeric": True},
        ]


def history(dataset: Dataset, *, page: str = "1") -> History:
    found = dataset.versions.select_related("dataset", "parent", "created_by").order_by("-number")
    shown = Paginator(found, PER_PAGE).get_page(page)
    offered = dataset.versions.order_by("-number").values_list("number", flat=True)[:OFFERED]
    return History(dataset, [VersionRow(one) for one in shown.object_list], shown, list(offered))


def summary(difference: Mapping[str, Any]) -> str:
    """Say in one line how a version differs from the one before, "" where nothing is known."""
    if not difference:
        return ""
    if not difference["comparable"]:
        return str(_("not compared: %s") % difference["reason"])
    if difference["rows"] is None:
        return _parts(difference["series"], one=_("series"), many=_("series"))
    return _parts(difference["rows"], one=_("row"), many=_("rows")) or _("no rows differ")


def _parts(counts: Mapping[str, int], *, one: str, many: str) -> str:
    told = [(counts[change], words()[change]) for change in CHANGES if counts[change]]
    return ", ".join(f"{number(n)} {one if n == 1 else many} {word}" for n, word in told)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions beside each other; `difference` has the form of the model's."""

    before: DatasetVersion
    after: DatasetVersion
    difference: Mapping[str, Any]

    @property
    def title(self) -> str:
        found: str = summary(self.difference) or _("nothing differs")
        return found[:1].upper() + found[1:]

    @property
    def is_comparable(self) -> bool:
        return bool(self.difference.get("comparable"))

    @property
    def by_series(self) -> bool:
        """Whether the versions are too large for a page to compare them row by row."""
        return self.is_comparable and self.difference["rows"] is None

    @property
    def sides(self) -> list[list[Any]]:
        """Return name, before, after and change of what both versions tell of themselves."""
        old, new = self.before, self.after
        return [
            [_("Rows"), number(old.rows), number(new.rows), signed(new.rows - old.rows)],
            [
                _("Series"),
                number(old.series_count),
                number(new.series_count),
                signed(new.series_count - old.series_count),
            ],
            self._quantity(),
            [_("Covers"), *(dates.window(one.first, one.last) for one in (old, new)), ""],
        ]

    def _quantity(self) -> list[str]:
        old, new = (self.difference["quantity"][one] for one in ("before", "after"))
        return [_("Total quantity"), number(old), number(new), signed(new - old)]

    @property
    def counts(self) -> list[list[str]]:
        """Return what was counted, and how much of it was added, changed, removed and kept."""
        kinds = (*CHANGES, "kept")
        told = [("series", _("Series")), ("rows", _("Rows"))]
        return [
            [label, *(number(self.difference[key][one]) for one in kinds)]
            for key, label in told
            if self.difference[key] is not None
        ]

    @property
    def changed_in(self) -> list[tuple[str, str]]:
        found = sorted(self.difference["changed_in"].items(), key=lambda one: -one[1])
        return [(name, number(count)) for name, count in found]

    @property
    def columns(self) -> dict[str, Sequence[str]]:
        found: dict[str, Sequence[str]] = self.difference["columns"]
        return found

    @property
    def named(self) -> list[dict[str, Any]]:
        """Return the first series that were added, changed and removed."""
        counts = self.difference["series"]
        return [
            {
                "label": _("Series %s") % words()[one],
                "names": names,
                "more": max(0, counts[one] - len(names)),
                "count": counts[one],
            }
            for one, names in self.difference["series_named"].items()
            if names
        ]

    @property
    def examples(self) -> list[dict[str, Any]]:
        """Return the first rows that differ: change, series, ds, and what moved as text."""
        return [
            {
                "change": words()[change],
                "series": one["series"],
                "ds": one["ds"],
                "moved": moved(one["columns"]),
            }
            for change, found in self.difference["examples"].items()
            for one in found
        ]

    @property
    def query(self) -> str:
        return urlencode({"before": self.before.number, "after": self.after.number})


def moved(columns: Mapping[str, Sequence[Any]]) -> str:
    """Return what the columns of a row held, and hold."""
    return "; ".join(
        f"{column} {_shown(old)} → {_shown(new)}"
        for column, (old, new) in columns.items()
        if old or new or column != "held_back"
    )


def _shown(value: Any) -> str:
    if value is None:
        return _("unknown")
    return f"{value:g}" if isinstance(value, float) else str(value)
