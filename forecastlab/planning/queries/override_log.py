"""Who overrode what, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.planning.models import Override
from forecastlab.planning.queries import scopes

PER_PAGE = 50
COLUMNS = ("made", "scope", "span", "asked", "numbers", "reason", "who")


@dataclass(frozen=True, slots=True)
class Row:
    act: Override

    @property
    def scope(self) -> str:
        return scopes.scope(self.act.scope)

    @property
    def span(self) -> str:
        return scopes.span(self.act.issue.version.calendar, self.act.first, self.act.last)

    @property
    def asked(self) -> str:
        return scopes.asked(self.act)

    @property
    def reason(self) -> str:
        return scopes.reason(self.act.reason)

    @property
    def may_be_withdrawn(self) -> bool:
        return bool(self.act.standing)


@dataclass(frozen=True, slots=True)
class OverrideLog:
    dataset: str
    page: Page[Override]
    rows: Sequence[Row]

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        return [
            {"label": _("Scope"), "key": ""},
            {"label": _("Periods"), "key": ""},
            {"label": _("Asked for"), "key": ""},
            {"label": _("Numbers"), "key": "", "numeric": True, "wide": True},
            {"label": _("Reason"), "key": "", "wide": True},
            {"label": _("By"), "key": "", "wide": True},
            {"label": _("At"), "key": "", "numeric": True, "wide": True},
        ]


def listed(viewer: User, *, dataset: str, page: str) -> OverrideLog:
    """Return a page of the overrides that the viewer may see, of one dataset if it is named."""
    found = Override.objects.visible_to(viewer)
    if dataset:
        found = found.filter(dataset__name=dataset)
    found = found.select_related("dataset", "issue__version__dataset", "made_by")
    asked = Paginator(found.with_standing().newest(), PER_PAGE).get_page(page)
    return OverrideLog(dataset, asked, [Row(one) for one in asked])
