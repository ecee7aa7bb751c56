"""Which orders stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from agents.models import Control
from forecastlab.accounts.models import User
from forecastlab.lib import texts
from forecastlab.warehouse.models import Dataset

LATEST = 20


@dataclass(frozen=True, slots=True)
class Row:
    """`scope` is for programs, `words` for people; `stands` is the newest of its scope."""

    control: Control
    scope: str
    words: str
    stands: bool

    @property
    def holds(self) -> bool:
        return self.stands and self.control.order != Control.Order.RESUME


@dataclass(frozen=True, slots=True)
class ControlPage:
    """The latest orders, and what is held now, however long ago that was ordered."""

    rows: Sequence[Row]
    held: Sequence[str]

    @property
    def title(self) -> str:
        if not self.held:
            return _("No order holds agents")
        return _("Held: %s") % ", ".join(self.held)


def page(viewer: User, *, now: datetime) -> ControlPage:
    """Return the newest orders that the viewer may know of."""
    found = list(visible(viewer).select_related("issued_by").order_by("-pk")[:LATEST])
    standing = _standing(viewer, now=now)
    names, numbers = names_of([*found, *standing]), {one.pk for one in standing}
    return ControlPage(
        [Row(one, said(one, names), _words(one, names), one.pk in numbers) for one in found],
        [_words(one, names) for one in standing if one.order != Control.Order.RESUME],
    )


def _standing(viewer: User, *, now: datetime) -> list[Control]:
    """Return the order that counts of each scope: the newest that has not run out."""
    alive = visible(viewer).filter(Q(expires_at=None) | Q(expires_at__gt=now))
    return list(alive.order_by("scope", "key", "-pk").distinct("scope", "key"))


def _words(one: Control, names: Mapping[str, str]) -> str:
    """Return the scope of an order for people, as the form offers it."""
    words = {"lab": _("All agents"), "actor": _("Agent %s"), "dataset": _("Dataset %s")}
    word = words.get(one.scope, _("Ticket %s"))
    return word % _name(one, names) if "%" in word else word


def visible(viewer: User) -> QuerySet[Control]:
    """Return the orders about what the viewer may see."""
    keys = [str(pk) for pk in Dataset.objects.visible_to(viewer).values_list("pk", flat=True)]
    return Control.objects.filter(~Q(scope="dataset") | Q(key__in=keys))


def names_of(found: Sequence[Control]) -> Mapping[str, str]:
    """Return the names of the datasets that orders are about, by the key of the order."""
    numbers = [texts.number(one.key) for one in found if one.scope == "dataset"]
    known = Dataset.objects.filter(pk__in=[one for one in numbers if one is not None])
    return {str(pk): name for pk, name in known.values_list("pk", "name")}


def said(one: Control, names: Mapping[str, str]) -> str:
    """Return the scope of an order as `set_control --scope` takes it."""
    if one.scope == "lab":
        return "lab"
    return f"{one.scope}:{_name(one, names)}"


def _name(one: Control, names: Mapping[str, str]) -> str:
    """Return what a scope is called: users may be called by a number as well."""
    return names.get(one.key, one.key) if one.scope == Control.Scope.DATASET else one.key


def scopes(viewer: User) -> list[tuple[str, str]]:
    """Return what an order may be about, for a form: the lab, agents and datasets."""
    agents = User.objects.filter(kind=User.Kind.AGENT).order_by("username")
    datasets = Dataset.objects.visible_to(viewer).order_by("name").values_list("name", flat=True)
    return [
        ("lab", _("All agents")),
        *((f"actor:{one}", _("Agent %s") % one) for one in agents),
        *((f"dataset:{one}", _("Dataset %s") % one) for one in datasets),
    ]
