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
    control: Control
    scope: str
    stands: bool


@dataclass(frozen=True, slots=True)
class ControlPage:
    rows: Sequence[Row]

    @property
    def standing(self) -> Sequence[Row]:
        return [row for row in self.rows if row.stands and row.control.order != "resume"]

    @property
    def title(self) -> str:
        if not self.standing:
            return _("No order holds agents")
        return _("Agents are held: %s") % ", ".join(row.scope for row in self.standing)


def page(viewer: User, *, now: datetime) -> ControlPage:
    """Return the newest orders that the viewer may know of."""
    found = list(visible(viewer).select_related("issued_by").order_by("-pk")[:LATEST])
    names = names_of(found)
    seen: set[tuple[str, str]] = set()
    rows = []
    for one in found:
        is_newest = (one.scope, one.key) not in seen
        alive = one.expires_at is None or one.expires_at > now
        if alive:
            seen.add((one.scope, one.key))
        rows.append(Row(one, said(one, names), stands=is_newest and alive))
    return ControlPage(rows)


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
    return f"{one.scope}:{names.get(one.key, one.key)}"


def scopes(viewer: User) -> list[tuple[str, str]]:
    """Return what an order may be about, for a form: the lab, agents and datasets."""
    agents = User.objects.filter(kind=User.Kind.AGENT).order_by("username")
    datasets = Dataset.objects.visible_to(viewer).order_by("name").values_list("name", flat=True)
    return [
        ("lab", _("All agents")),
        *((f"actor:{one}", _("Agent %s") % one) for one in agents),
        *((f"dataset:{one}", _("Dataset %s") % one) for one in datasets),
    ]
