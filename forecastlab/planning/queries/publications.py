"""Published forecasts: their list, and what each changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.accounts.models import User
from forecastlab.forecasting.queries import labels
from forecastlab.forecasting.queries.series_list import with_forecasts
from forecastlab.lib import downloads, figures
from forecastlab.planning.domain import differences
from forecastlab.planning.domain.differences import Difference, Side
from forecastlab.planning.models import Publication, PublishedSeries
from forecastlab.planning.queries import places, publication_tables

PER_PAGE = 50
MODEL = "model"


@dataclass(frozen=True, slots=True)
class PublicationList:
    dataset: str
    datasets: Sequence[str]
    page: Page[Publication]

    @property
    def choices(self) -> Sequence[Mapping[str, object]]:
        return [places.dataset_choice(self.datasets, self.dataset, always=False)]

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        return [
            {"label": _("Version"), "key": ""},
            {"label": _("Units"), "key": "", "numeric": True},
            {"label": _("Against the model"), "key": "", "numeric": True},
            {"label": _("Overridden"), "key": "", "numeric": True, "wide": True},
            {"label": _("Note"), "key": "", "wide": True},
            {"label": _("By"), "key": "", "wide": True},
            {"label": _("At"), "key": "", "numeric": True, "wide": True},
        ]

    @property
    def rows(self) -> Sequence[Mapping[str, object]]:
        return [{"publication": one, "change": change(one)} for one in self.page]


def change(publication: Publication) -> str:
    """Write by how much overrides changed the total of the model: +3.2 %."""
    before = publication.model_total
    return figures.signed_percent((publication.total - before) / before if before else None)


def listed(viewer: User, *, dataset: str, page: str) -> PublicationList:
    """Return a page of the published forecasts that the viewer may see, newest first."""
    found = Publication.objects.visible_to(viewer)
    if dataset:
        found = found.filter(dataset__name=dataset)
    found = found.select_related("dataset", "published_by").newest()
    return PublicationList(
        dataset, with_forecasts(viewer), Paginator(found, PER_PAGE).get_page(page)
    )


@dataclass(frozen=True)
class PublicationPage:
    """A published forecast beside the model's numbers, or beside another version."""

    publication: Publication
    against: Publication | None
    number: str

    @cached_property
    def difference(self) -> Difference:
        own = publication_tables.numbers(self.publication)
        after = Side(own.names, own.labels, own.published)
        if self.against is None:
            return differences.between(Side(own.names, own.labels, own.model), after)
        other = publication_tables.numbers(self.against)
        return differences.between(Side(other.names, other.labels, other.published), after)

    @property
    def other(self) -> str:
        return _("version %s") % self.against.number if self.against else _("the model")

    @property
    def sentence(self) -> str:
        """Say what the difference comes to."""
        found = self.difference
        said = {
            "number": self.publication.number,
            "other": self.other,
            "units": labels.quantity(abs(found.change)),
            "periods": len(found.labels),
        }
        if not found.labels:
            return _("Version %(number)s and %(other)s have no period in common") % said
        if not found.names:
            return _("Version %(number)s says the same as %(other)s") % said
        if abs(found.change) < 0.005:
            return _("Version %(number)s moves units, and adds none to %(other)s") % said
        if found.change > 0:
            return _("Version %(number)s is %(units)s units above %(other)s") % said
        return _("Version %(number)s is %(units)s units below %(other)s") % said

    @property
    def facts(self) -> Sequence[str]:
        found, issue = self.difference, self.publication.issue
        differ = ngettext("%(n)s series differs", "%(n)s series differ", len(found.names)) % {
            "n": figures.number(len(found.names))
        }
        ends = [
            labels.period(issue.version.calendar, issue.origin + one) for one in (1, issue.horizon)
        ]
        return [
            issue.version.ref,
            " – ".join(ends),
            _("%(differ)s of %(all)s") % {"differ": differ, "all": figures.number(found.common)},
        ]

    @property
    def views(self) -> Sequence[Mapping[str, object]]:
        """Return what it may be set beside: the model, and other versions."""
        others = Publication.objects.filter(dataset=self.publication.dataset_id)
        near = others.exclude(pk=self.publication.pk).order_by("-number")[:6]
        here = str(self.against.pk) if self.against else MODEL
        choices = [(MODEL, _("Against the model"))]
        choices += [(str(one.pk), _("Against version %s") % one.number) for one in near]
        url = self.publication.get_absolute_url()
        return [
            {"label": label, "url": f"{url}?against={value}", "is_here": value == here}
            for value, label in choices
        ]

    @cached_property
    def page(self) -> Page[int]:
        return Paginator(range(len(self.difference.names)), PER_PAGE).get_page(self.number)

    @property
    def rows(self) -> Sequence[Mapping[str, str]]:
        found = self.difference
        names = [found.names[place] for place in self.page]
        told = self._reasons(names)
        return [
            {
                "name": name,
                "before": labels.quantity(float(found.before[place])),
                "after": labels.quantity(float(found.after[place])),
                "change": figures.signed(float(found.after[place] - found.before[place]), 1),
                "why": told.get(name, ""),
            }
            for place, name in zip(self.page, names, strict=True)
        ]

    def _reasons(self, names: Sequence[str]) -> dict[str, str]:
        shown = PublishedSeries.objects.filter(
            publication=self.publication, series__unique_id__in=list(names)
        )
        told = publication_tables.reasons(self.publication)
        pairs = shown.values_list("series__unique_id", "series_id")
        return {name: told.get(series, "") for name, series in pairs}

    @property
    def downloads(self) -> Sequence[Mapping[str, str]]:
        return downloads.offered("planning:publication-download", self.publication.pk)
