"""Looking for a text in everything that the apps contribute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.http import urlencode

from forecastlab.accounts.models import User
from forecastlab.accounts.services.access import may
from forecastlab.lib import registry
from forecastlab.lib.contributions import SearchHit, SearchSource

MODULE = "search_sources"
LONGEST = 200
# Of each kind beside the others, and of one kind alone.
SOME, MANY = 5, 50


@dataclass(frozen=True, slots=True)
class Group:
    """What one source found; `more` is the address of the rest, empty when this is all."""

    name: str
    title: str
    hits: Sequence[SearchHit]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Everything:
    text: str
    of: str
    groups: Sequence[Group]

    @property
    def count(self) -> int:
        return sum(len(group.hits) for group in self.groups)


def search(text: str, viewer: User, *, of: str = "") -> Everything:
    """Return what `viewer` may see, some of each kind; of one kind alone more of it."""
    wanted = " ".join(text.split())[:LONGEST]
    sources = [one for one in _sources() if may(viewer, one.verb) and of in ("", one.name)]
    groups = [_group(one, wanted, viewer, alone=bool(of)) for one in sources] if wanted else []
    return Everything(wanted, of, [group for group in groups if group.hits])


def names() -> list[str]:
    """Return the names of all kinds that can be looked for."""
    return [one.name for one in _sources()]


def _sources() -> list[SearchSource]:
    """Return the sources in the order of the house, the uppermost app first.

    What answers a question comes after what bears the name that was asked for.
    """
    order = {name.rpartition(".")[2]: place for place, name in enumerate(settings.OUR_APPS)}
    order["knowledge"] = len(order)
    found: list[tuple[str, SearchSource]] = registry.contributed(MODULE, SearchSource)
    found.sort(key=lambda one: order.get(one[0], len(order)))
    return [source for _app, source in found]


def _group(source: SearchSource, text: str, viewer: Any, *, alone: bool) -> Group:
    most = MANY if alone else SOME
    found = list(source.find(viewer, text, most + 1))
    more = _more(source, text, alone=alone) if len(found) > most else ""
    return Group(source.name, str(source.title), found[:most], more)


def _more(source: SearchSource, text: str, *, alone: bool) -> str:
    if source.everything:
        return source.everything(text)
    asked = urlencode({"q": text, "of": source.name})
    return "" if alone else f"{reverse('knowledge:search')}?{asked}"
