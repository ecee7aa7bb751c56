from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command

from forecastlab.accounts.models import User
from showcase.models import Run, Workspace
from showcase.services import curation
from tests.factories import make_group, make_run, make_user, make_version, make_workspace
from tests.showcase.test_api import call

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def names(found: dict[str, Any]) -> list[str]:
    return [one["workspace"] for one in found["items"]]


def make_workspaces() -> User:
    """Keep five runs of alice, an hour apart, two of them with unknown errors."""
    alice = make_user()
    errors = [20.0, None, 30.0, 20.0, None]
    for place, (name, error) in enumerate(zip("abcde", errors, strict=True)):
        tags = ["summer", "big"] if name in "ac" else ["big"]
        kept = make_workspace(
            name,
            run=make_run(by=alice),
            tags=tags,
            created_at=AT + timedelta(hours=place),
            pinned=name in "be",
            archived=name == "d",
        )
        Run.objects.filter(pk=kept.run_id).update(winner_wape=error, status="succeeded")
    return alice


def listed(user: User, query: str = "") -> list[str]:
    """Walk through all pages of two."""
    found: list[str] = []
    cursor = ""
    while True:
        status, page = call(user, "GET", f"/workspaces?limit=2&cursor={cursor}&{query}")
        assert status == 200, page
        assert len(page["items"]) <= 2
        found += names(page)
        cursor = page["next"]
        if not cursor:
            return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "ebca"),
        ("archived=also", "ebdca"),
        ("archived=only", "d"),
        ("sort=name", "beac"),
        ("sort=-name&archived=also", "ebdca"),
        ("sort=wape&archived=also", "ebdac"),
        ("sort=-wape&archived=also", "ebcda"),
        ("tags=summer&tags=big", "ca"),
        ("q=summ", "ca"),
        ("view=pinned", "eb"),
        ("status=failed", ""),
        ("by=alice&dataset=shop", "ebca"),
    ],
)
def test_lists_filter_sort_and_go_on_page_by_page(query: str, expected: str) -> None:
    alice = make_workspaces()

    assert "".join(listed(alice, query)) == expected


def test_a_list_goes_on_where_it_was_though_rows_come_and_go() -> None:
    alice = make_workspaces()
    _status, first = call(alice, "GET", "/workspaces?limit=2")
    assert names(first) == ["e", "b"]
    curation.delete(Workspace.objects.get(name="b"), by=alice, at=AT)
    make_workspace("newest", run=make_run(by=alice))

    _status, rest = call(alice, "GET", f"/workspaces?cursor={first['next']}")

    assert names(rest) == ["newest", "c", "a"]
    refused = {
        "cursor=x": "cursor",
        f"sort=name&cursor={first['next']}": "cursor",
        "sort=magic": "sort",
        "archived=no": "archived",
    }
    for query, field in refused.items():
        status, problem = call(alice, "GET", f"/workspaces?{query}")
        assert (status, problem["field"]) == (422, field)


def test_the_command_lists_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    make_workspaces()

    out = io.StringIO()
    call_command(
        "list_workspaces", "--as", "alice", "--tag", "big", "--limit", "1", "--json", stdout=out
    )

    page = json.loads(out.getvalue() or capsys.readouterr().out)
    assert (names(page), bool(page["next"])) == (["e"], True)


def test_a_run_is_kept_read_edited_and_deleted() -> None:
    alice = make_user()
    run = make_run(by=alice)

    status, kept = call(
        alice, "POST", "/workspaces", {"run": run.pk, "name": "rich-a", "tags": ["x"]}
    )
    assert (status, kept["workspace"], kept["tags"], kept["run"]) == (201, "rich-a", ["x"], run.pk)
    assert call(alice, "POST", "/workspaces", {"run": run.pk})[0] == 409
    assert kept["story"]["user_scope"] is None

    read = call(alice, "GET", f"/workspaces/{kept['key']}")[1]
    assert (read["config"], read["config_hash"]) == (run.config, run.config_hash)

    edit = {"name": "rich-b", "notes": "*good*", "version": read["version"]}
    status, edited = call(alice, "PATCH", "/workspaces/rich-a", edit)
    assert (status, edited["workspace"], edited["notes"], edited["tags"]) == (
        200,
        "rich-b",
        "*good*",
        ["x"],
    )
    assert call(alice, "PATCH", "/workspaces/rich-b", {"notes": None})[1]["notes"] == ""
    status, stale = call(alice, "PATCH", "/workspaces/rich-b", edit)
    assert (status, stale["code"]) == (409, "edited_meanwhile")

    status, told = call(alice, "DELETE", "/workspaces/rich-b")
    assert (status, told["workspace"], told["run"]) == (200, "rich-b", run.pk)
    assert f"run {run.pk}" in told["stays"][0]
    assert call(alice, "GET", "/workspaces/rich-b")[0] == 404
    assert call(alice, "GET", f"/runs/{run.pk}")[1]["workspace"] is None


def test_names_of_ancestors_that_are_not_for_the_reader_are_not_told() -> None:
    alice, bob = make_user(), make_user("bob")
    secret = make_workspace("secret", run=make_run(by=alice, dataset=_hidden(alice)))
    line = [{"key": secret.key, "name": "secret"}, {"key": "ab" * 16, "name": "gone"}]
    again = make_workspace("again", run=make_run(by=alice), ancestors=line)
    Workspace.objects.filter(pk=again.pk).update(replayed_from=secret.key, ancestors=line[:1])

    told = {one: call(one, "GET", "/workspaces/again")[1]["ancestors"] for one in (alice, bob)}

    assert [one["name"] for one in told[alice]] == ["secret"]
    assert told[bob] == [{"key": secret.key, "name": None}]
    Workspace.objects.filter(pk=again.pk).update(ancestors=line)
    found = call(bob, "GET", "/workspaces/again")[1]["ancestors"]
    assert [one["name"] for one in found] == [None, "gone"]


def _hidden(owner: User) -> str:
    version = make_version(by=owner, name="payroll")
    version.dataset.readers.add(make_group("few"))
    return version.ref


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"tags": None}, "tags"),
        ({"name": None}, "name"),
        ({"name": "compare"}, "name"),
        ({"pinned": None}, "pinned"),
        ({"pinned": "yes"}, "pinned"),
        ({"notes": "x" * 10_001}, "notes"),
        ({"version": "2"}, "version"),
    ],
)
def test_an_edit_that_cannot_be_names_its_field(edit: dict[str, Any], field: str) -> None:
    kept = make_workspace("rich-a")
    assert kept.created_by is not None

    status, problem = call(kept.created_by, "PATCH", "/workspaces/rich-a", edit)

    assert (status, problem["field"]) == (422, field)


def test_bulk_actions_answer_row_by_row_and_deleting_needs_its_own_right() -> None:
    kept = make_workspace("rich-a")
    alice = kept.created_by
    assert alice is not None

    status, told = call(
        alice, "POST", "/workspaces/bulk", {"workspaces": ["rich-a", "gone"], "action": "pin"}
    )

    assert (status, told["done"], told["refused"]) == (200, 1, 1)
    assert [one["ok"] for one in told["results"]] == [True, False]
    assert Workspace.objects.get().pinned
    viewer = make_user("victor", role="viewer")
    assert (
        call(viewer, "POST", "/workspaces/bulk", {"workspaces": ["rich-a"], "action": "pin"})[0]
        == 403
    )
    assert call(viewer, "GET", "/workspaces/rich-a")[0] == 200
