"""The places of the house in the order of the rail.

A place stands there as soon as its URL name resolves and its view lets the person in, so an app
that is not installed leaves no hole. Where something waits for the person it says how much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby

from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from forecastlab.accounts.services.access import may
from forecastlab.lib import registry
from forecastlab.lib.contributions import AskSource

TABS_OF_A_PHONE = 4


@dataclass(frozen=True, slots=True)
class Waits:
    """How much waits for the person there; `url` tells it again when there is news of `stream`."""

    name: str
    count: int
    stream: str
    url: str


@dataclass(frozen=True, slots=True)
class Place:
    url_name: str
    label: str | Promise
    icon: str
    section: str | Promise = ""
    url: str = ""
    current: bool = False
    also: str = ""  # where other addresses begin that belong to it
    waits: Waits | None = None

    @property
    def reach(self) -> tuple[str, ...]:
        return (self.url, self.also) if self.also else (self.url,)


@dataclass(frozen=True, slots=True)
class Section:
    title: str | Promise
    entries: tuple[Place, ...]


_FORECASTS = _("Forecasts")
_SOURCES = _("Sources")
_SYSTEM = _("System")

PLACES = (
    Place("showcase:home", _("Home"), "house"),
    Place("showcase:runs", _("Runs"), "circle-play", also="/workspaces/"),
    Place("agents:approvals", _("Approvals"), "hand"),
    Place("tickets:tickets", _("Tickets"), "ticket"),
    Place("forecasting:series", _("Series"), "chart-line", _FORECASTS),
    Place("forecasting:models", _("Models"), "boxes", _FORECASTS),
    Place("planning:plans", _("Plans"), "sliders-horizontal", _FORECASTS),
    Place("warehouse:datasets", _("Datasets"), "database", _SOURCES),
    Place("knowledge:documents", _("Knowledge"), "book-open", _SOURCES),
    Place("agents:sessions", _("Agents"), "bot", _SYSTEM),
    Place("ops:ops", _("Ops"), "activity", _SYSTEM),
    Place("admin:index", _("Admin"), "settings", _SYSTEM),
)


def places(request: HttpRequest) -> list[Place]:
    """Every place this person can go to, the one he is at marked; found out once per request."""
    kept: list[Place] | None = getattr(request, "navigation_places", None)
    if kept is None:
        kept = _places(request)
        request.navigation_places = kept  # type: ignore[attr-defined]
    return kept


def _places(request: HttpRequest) -> list[Place]:
    if not request.user.is_authenticated:
        return []
    found = [place for place in map(_located, PLACES) if place.url and _open(request, place)]
    reached = (start for place in found for start in place.reach)
    here = max((one for one in reached if request.path.startswith(one)), key=len, default="")
    if here == "/" != request.path:
        here = ""
    waits = _waits(request)
    return [
        replace(place, current=here in place.reach, waits=waits.get(place.url)) for place in found
    ]


def sections(request: HttpRequest) -> list[Section]:
    """The places grouped as the rail shows them."""
    grouped = groupby(places(request), key=lambda place: place.section)
    return [Section(title, tuple(entries)) for title, entries in grouped]


def _located(place: Place) -> Place:
    try:
        return replace(place, url=reverse(place.url_name))
    except NoReverseMatch:
        return place


def _open(request: HttpRequest, place: Place) -> bool:
    if place.url_name == "admin:index":
        return bool(getattr(request.user, "is_staff", False))
    verb = getattr(resolve(place.url).func, "access_verb", "")
    return not verb or may(request.user, verb)


def _waits(request: HttpRequest) -> dict[str, Waits]:
    """Return what waits for the person, by the address of the place."""
    sources = [one for _app, one in registry.contributed("asks", AskSource)]
    return {
        one.everything(): Waits(
            one.name, one.waiting(request.user, 0)[0], one.stream, one.counted()
        )
        for one in sources
        if one.counted and may(request.user, one.verb)
    }
