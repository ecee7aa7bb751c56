"""The family of a workspace, whoever of it is left."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.test import Client
from django.utils import timezone

from showcase.domain import lineage
from showcase.domain.lineage import Member, State
from showcase.models import Workspace
from showcase.queries import lineage as families
from showcase.services import workspaces
from tests.factories import make_group, make_run, make_user, make_version


def line(*keys: str) -> list[dict[str, str]]:
    return [{"key": key, "name": f"name-{key}"} for key in keys]


def drawn(members: Sequence[Member]) -> list[tuple[str, str, int, str]]:
    return [(one.key, one.parent, one.depth, one.state.value) for one in lineage.tree(members)]


def test_descendants_stand_below_what_they_come_from() -> None:
    members = [
        Member("a", "name-a"),
        Member("b", "name-b", line("a")),
        Member("c", "name-c", line("a")),
        Member("d", "name-d", line("a", "b")),
    ]

    assert drawn(members) == [
        ("a", "", 0, "here"),
        ("b", "a", 1, "here"),
        ("d", "b", 2, "here"),
        ("c", "a", 1, "here"),
    ]


@pytest.mark.parametrize("gone", ["a", "b", "ab"])
def test_a_tree_keeps_its_shape_without_any_of_its_ancestors(gone: str) -> None:
    members = [
        Member("a", "name-a"),
        Member("b", "name-b", line("a")),
        Member("c", "name-c", line("a", "b")),
        Member("d", "name-d", line("a", "b")),
    ]

    left = drawn([one for one in members if one.key not in gone])

    assert sorted((key, parent, depth) for key, parent, depth, _ in left) == [
        ("a", "", 0),
        ("b", "a", 1),
        ("c", "b", 2),
        ("d", "b", 2),
    ]
    assert {key for key, _, _, state in left if state == "gone"} == set(gone)


def test_names_that_are_not_for_the_reader_are_not_told() -> None:
    members = [
        Member("a", "today", line("root")),
        Member("b", "secret", line("root", "a", "x"), readable=False),
    ]

    found = {one.key: (one.name, one.state) for one in lineage.tree(members)}

    assert found == {
        "root": ("name-root", State.GONE),
        "a": ("today", State.HERE),
        "x": ("", State.GONE),
        "b": ("", State.HIDDEN),
    }


def test_a_circle_is_drawn_once() -> None:
    members = [Member("a", "name-a", line("b")), Member("b", "name-b", line("a"))]

    assert [one.key for one in lineage.tree(members)] == ["b", "a"]


def test_a_long_line_of_replays_is_drawn() -> None:
    keys = [f"k{number}" for number in range(2000)]

    found = lineage.tree([Member("last", "last", line(*keys))])

    assert found[-1].depth == 2000


@pytest.mark.django_db
def test_lineage_survives_that_any_ancestor_is_deleted() -> None:
    alice = make_user()
    version = make_version(by=alice)
    kept = [keep_below(None, "root")]
    for name in ("middle", "leaf"):
        kept.append(keep_below(kept[-1], name))
    root, middle, leaf = kept
    Workspace.objects.filter(pk=root.pk).delete()
    Workspace.objects.filter(pk=middle.pk).update(name="renamed")

    found = families.of(leaf, viewer=alice)

    told = [(one.node.name, one.indent, one.node.state.value, one.is_open) for one in found.places]
    assert told == [
        ("root", 0, "gone", False),
        ("renamed", 1, "here", True),
        ("leaf", 2, "here", False),
    ]
    client = Client()
    client.force_login(alice)
    page = client.get("/workspaces/leaf/").content.decode()
    assert "renamed" in page
    assert "not here any more" in page

    # Who may not read the sales learns no name from a family.
    version.dataset.readers.add(make_group("readers"))
    hidden = families.of(leaf, viewer=make_user("charlie"))
    assert [one.node.name for one in hidden.places] == ["", "", ""]


def keep_below(parent: Workspace | None, name: str) -> Workspace:
    made = workspaces.keep(make_run(), name, by=make_user(f"by-{name}"), at=timezone.now())
    if parent is not None:
        made.ancestors = [*parent.ancestors, {"key": parent.key, "name": parent.name}]
        made.family, made.replayed_from, made.replay_mode = parent.family, parent.key, "exact"
        made.save()
    return made
