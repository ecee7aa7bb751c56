"""The family of a workspace as its reader sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forecastlab.accounts.models import User
from showcase.domain import lineage
from showcase.domain.lineage import Member, Node, State
from showcase.models import Workspace

# The oldest so many of a family are drawn, so many steps to the right.
MOST, DEEPEST = 200, 6
MODES: Mapping[str, str | Promise] = {
    Workspace.ReplayMode.EXACT: gettext_lazy("replayed exactly"),
    Workspace.ReplayMode.FRESH: gettext_lazy("replayed on newer sales"),
    Workspace.ReplayMode.MODIFIED: gettext_lazy("replayed with changes"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the drawn tree, so many steps to the right."""

    node: Node
    is_self: bool
    note: str

    @property
    def indent(self) -> int:
        return min(self.node.depth, DEEPEST)

    @property
    def is_open(self) -> bool:
        return self.node.state == State.HERE and not self.is_self


@dataclass(frozen=True, slots=True)
class Family:
    """`nodes` is a tree, each parent right before what descends from it; `more` are not drawn."""

    key: str
    nodes: Sequence[Node]
    more: int = 0

    @property
    def is_alone(self) -> bool:
        return len(self.nodes) < 2

    @property
    def places(self) -> list[Place]:
        return [Place(one, one.key == self.key, _note(one)) for one in self.nodes]

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "key": one.key,
                "name": one.name or None,
                "state": one.state.value,
                "parent": one.parent or None,
                "depth": one.depth,
                "mode": one.mode or None,
            }
            for one in self.nodes
        ]


def of(workspace: Workspace, *, viewer: User) -> Family:
    """Return everything that descends from the oldest ancestor, those that are gone as well."""
    family = Workspace.objects.filter(family=workspace.family).order_by("created_at", "pk")
    rows = {one["key"]: one for one in family.values(*_FIELDS)[: MOST + 1]}
    more = family.count() - MOST if len(rows) > MOST else 0
    drawn = dict(list(rows.items())[:MOST])
    drawn.setdefault(workspace.key, {name: getattr(workspace, name) for name in _FIELDS})
    visible = Workspace.objects.visible_to(viewer).filter(key__in=drawn)
    readable = set(visible.values_list("key", flat=True))
    members = [
        Member(
            key=key,
            name=one["name"],
            ancestors=one["ancestors"],
            mode=one["replay_mode"],
            readable=key in readable,
        )
        for key, one in drawn.items()
    ]
    return Family(workspace.key, lineage.tree(members), more)


def ancestors(workspace: Workspace, *, viewer: User) -> list[dict[str, Any]]:
    """Return keys and names of the ancestors, oldest first, with the names that they had then.

    The name of one that is there, but not for the viewer, is None.
    """
    told = [{"key": str(one["key"]), "name": one["name"]} for one in workspace.ancestors]
    if not told:
        return []
    there = Workspace.objects.filter(key__in=[one["key"] for one in told])
    seen = there.visible_to(viewer).values_list("key", flat=True)
    hidden = set(there.exclude(key__in=seen).values_list("key", flat=True))
    return [{**one, "name": None if one["key"] in hidden else one["name"]} for one in told]


def _note(node: Node) -> str:
    if node.state == State.GONE and node.name:
        return _("not here any more")
    return str(MODES.get(node.mode, ""))


_FIELDS = ("key", "name", "ancestors", "replay_mode")
