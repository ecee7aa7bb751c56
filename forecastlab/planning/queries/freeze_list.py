"""What is frozen, and what was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.accounts.models import User
from forecastlab.forecasting.queries.series_list import with_forecasts
from forecastlab.lib import figures
from forecastlab.planning.models import Freeze
from forecastlab.planning.queries import places, scopes
from forecastlab.warehouse.models import DatasetVersion

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    freeze: Freeze
    span: str

    @property
    def scope(self) -> str:
        return scopes.scope(self.freeze.scope)

    @property
    def is_in_force(self) -> bool:
        return self.freeze.lifted_at is None


@dataclass(frozen=True, slots=True)
class FreezeList:
    dataset: str
    datasets: Sequence[str]
    page: Page[Freeze]
    rows: Sequence[Row]
    in_force: int

    @property
    def title(self) -> str:
        if not self.in_force:
            return _("Nothing is frozen")
        said = ngettext("%(n)s freeze is in force", "%(n)s freezes are in force", self.in_force)
        return said % {"n": figures.number(self.in_force)}

    @property
    def choices(self) -> Sequence[Mapping[str, object]]:
        return [places.dataset_choice(self.datasets, self.dataset, always=False)]

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        return [
            {"label": _("Scope"), "key": ""},
            {"label": _("Periods"), "key": ""},
            {"label": _("State"), "key": ""},
            {"label": _("Note"), "key": "", "wide": True},
            {"label": _("By"), "key": "", "wide": True},
            {"label": _("At"), "key": "", "numeric": True, "wide": True},
        ]


def listed(viewer: User, *, dataset: str, page: str) -> FreezeList:
    """Return a page of the freezes that the viewer may see: those in force first, newest first."""
    found = Freeze.objects.visible_to(viewer)
    if dataset:
        found = found.filter(dataset__name=dataset)
    ordered = found.select_related("dataset", "made_by", "lifted_by").order_by(
        F("lifted_at").desc(nulls_first=True), "-pk"
    )
    shown = Paginator(ordered, PER_PAGE).get_page(page)
    versions = DatasetVersion.objects.filter(dataset__in={one.dataset_id for one in shown})
    newest = versions.order_by("dataset", "-number").distinct("dataset")
    calendars = {one.dataset_id: one.calendar for one in newest}
    rows = [Row(one, scopes.span(calendars[one.dataset_id], one.first, one.last)) for one in shown]
    return FreezeList(dataset, with_forecasts(viewer), shown, rows, found.in_force().count())
