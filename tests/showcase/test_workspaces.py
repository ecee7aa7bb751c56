from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from forecastlab.events import queries as events
from forecastlab.lib import registry
from forecastlab.lib.contributions import StorySlot, Told
from forecastlab.lib.errors import BadInput, HouseError, NotAllowed, NotFound
from showcase.domain import workspaces as rules
from showcase.models import Run, Workspace
from showcase.queries import story_slots
from showcase.services import curation, runs, workspaces
from tests.factories import make_group, make_run, make_user, make_version, make_workspace, work_off
from tests.showcase.test_api import call

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DB = pytest.mark.django_db


def kinds(workspace: Workspace) -> list[str]:
    return [one.kind for one in events.after(workspace.stream, 0)]


# -- what may be said -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": None}, "name"),
        ({"name": "Rich A"}, "name"),
        ({"notes": "x" * 10_001}, "notes"),
        ({"notes": 3}, "notes"),
        ({"tags": "summer"}, "tags"),
        ({"tags": ["x" * 41]}, "tags"),
        ({"tags": [" "]}, "tags"),
        ({"tags": ["a,b"]}, "tags"),
        ({"tags": [f"t{n}" for n in range(21)]}, "tags"),
        ({"pinned": None}, "pinned"),
        ({"archived": 1}, "archived"),
        ({"status": "succeeded"}, "status"),
    ],
)
def test_an_edit_that_says_what_cannot_be_said_names_the_field(
    given: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        rules.changes(given)

    assert refused.value.field == field


def test_an_edit_is_stored_tidily_and_null_clears_the_notes() -> None:
    assert rules.changes({"tags": [" big  week ", "Big week", "b"], "notes": None}) == {
        "tags": ["big week", "b"],
        "notes": "",
    }
    assert rules.changes({"notes": "one\r\ntwo"}) == {"notes": "one\ntwo"}


# -- keeping ----------------------------------------------------------------------------------


def count_approvals(told: Told) -> Any:
    return [{"run": told.run_id, "jobs": len(told.job_ids), "steps": len(told.steps)}]


def nothing(_told: Told) -> Any:
    return None


@DB
@pytest.mark.slow
def test_a_run_is_kept_before_during_and_after_and_each_time_its_story_is_whole() -> None:
    alice = make_user()
    make_version(by=alice)
    asked = {"dataset": "shop", "models": ["naive"], "focus": "S0:P1"}
    slots = [StorySlot("approval_events", count_approvals), StorySlot("knowledge_events", nothing)]

    with registry.contributing("story_slots", *slots):
        before = runs.start({**asked, "keep": "before"}, by=alice, at=AT)
        early = before.workspace
        assert (early.user_scope, early.seed_overrides) == ({"store": "S0", "product": "P1"}, None)
        assert (early.job_ids, early.phase_summaries, early.approval_events) == (None, None, None)
        work_off(before)

        during = runs.start(asked, by=alice, at=AT)
        workspaces.keep(during, "during", by=alice, at=AT)
        work_off(during)

        after = work_off(runs.start(asked, by=alice, at=AT))
        workspaces.keep(after, "", by=alice, at=AT)

    kept = list(Workspace.objects.order_by("run"))
    assert [one.name for one in kept] == ["before", "during", f"run-{after.pk}"]
    for one in kept:
        assert one.run.status == Run.Status.SUCCEEDED
        assert one.job_ids == [str(one.run.job_id)]
        assert one.approval_events == [
            {"run": one.run_id, "jobs": 1, "steps": one.run.steps.count()}
        ]
        assert one.knowledge_events is None
        assert one.config_schema_version == 2
        assert one.family == one.key
        assert len(one.key) == 32
        phases = one.phase_summaries
        assert sum(phase["steps"] for phase in phases) == one.run.steps.count()
        assert {phase["status"] for phase in phases} <= {"pass", "warn", "skip"}
        assert all(phase["duration_ms"] >= 0 for phase in phases)
        assert kinds(one) == ["workspace.kept"]


@DB
def test_what_was_turned_is_kept_and_a_stopped_run_says_what_it_did_not_reach() -> None:
    alice = make_user()

    run = make_run(by=alice, scenario="demo_minimal", simulate={"stores": 2}, keep="small")
    runs.stop(run, by=alice, at=AT)

    kept = Workspace.objects.get(name="small")
    assert kept.seed_overrides == {"stores": 2}
    assert kept.user_scope is None
    assert {phase["status"] for phase in kept.phase_summaries or ()} == {"cancelled"}
    assert {phase["duration_ms"] for phase in kept.phase_summaries or ()} == {None}


@DB
def test_a_run_is_kept_once_and_a_name_given_once() -> None:
    first = make_workspace("rich-a")
    alice, other = first.created_by, make_run(name="another")
    assert alice is not None

    with pytest.raises(workspaces.WorkspaceNameTaken, match="'rich-a' already"):
        workspaces.keep(other, "rich-a", by=alice, at=AT)
    with pytest.raises(workspaces.AlreadyKept, match="kept as 'rich-a'"):
        workspaces.keep(first.run, "twice", by=alice, at=AT)
    curation.delete(first, by=alice, at=AT)

    assert workspaces.keep(other, "rich-a", by=alice, at=AT).key != first.key


@DB
def test_what_was_kept_before_there_was_a_curation_gets_a_key_and_keeps_its_number() -> None:
    kept = [make_workspace(name) for name in ("rich-a", "rich-b")]
    migration = import_module("showcase.migrations.0004_curation")

    migration.curate_what_is_kept(apps, None)

    now = list(Workspace.objects.order_by("pk"))
    assert len({one.key for one in [*now, *kept]}) == 4
    for one in now:
        assert (one.family, one.updated_at) == (one.key, one.created_at)
        assert one.config_schema_version == 1


def test_slots_that_no_story_has_or_two_apps_fill_stop_the_check() -> None:
    good, bad = StorySlot("approval_events", nothing), StorySlot("job_ids", nothing)

    assert story_slots.problems([("agents", good)]) == []
    found = story_slots.problems([("agents", good), ("tickets", good), ("tickets", bad)])

    assert [one.id for one in found] == ["showcase.E005", "showcase.E005"]
    assert "'approval_events' of a story is filled by agents, tickets" in found[0].msg


# -- editing ----------------------------------------------------------------------------------


@DB
def test_edits_change_what_they_name_and_tell_of_it() -> None:
    kept = make_workspace("rich-a")
    alice = kept.created_by
    assert alice is not None

    edited = curation.edit(
        kept, {"name": "best", "tags": ["summer"], "notes": "A secret."}, by=alice, at=AT
    )
    edited = curation.edit(edited, {"pinned": True}, version=2, by=alice, at=AT)
    same = curation.edit(edited, {"pinned": True, "name": "best"}, by=alice, at=AT)

    assert (same.name, same.tags, same.notes, same.pinned) == (
        "best",
        ["summer"],
        "A secret.",
        True,
    )
    assert (same.version, same.updated_at, same.archived) == (3, AT, False)
    said = list(events.after(kept.stream, 0))
    assert [one.kind for one in said[1:]] == [
        "workspace.renamed",
        "workspace.tagged",
        "workspace.noted",
        "workspace.pinned",
    ]
    assert (said[1].payload, said[3].payload) == ({"from": "rich-a", "to": "best"}, {})


@DB
def test_an_edit_of_what_changed_meanwhile_or_went_away_is_refused() -> None:
    kept, other = make_workspace("rich-a"), make_workspace("rich-b")
    alice = kept.created_by
    assert alice is not None
    curation.edit(kept, {"notes": "first"}, version=1, by=alice, at=AT)

    with pytest.raises(curation.EditedMeanwhile):
        curation.edit(kept, {"notes": "second"}, version=1, by=alice, at=AT)
    with pytest.raises(curation.EditedMeanwhile):
        curation.delete(kept, version=1, by=alice, at=AT)
    with pytest.raises(workspaces.WorkspaceNameTaken) as refused:
        curation.edit(kept, {"name": "rich-b"}, by=alice, at=AT)
    assert refused.value.field == "name"
    curation.delete(other, by=alice, at=AT)
    with pytest.raises(workspaces.NoSuchWorkspace, match="just been deleted"):
        curation.edit(other, {"notes": "late"}, by=alice, at=AT)

    assert Workspace.objects.get(pk=kept.pk).notes == "first"
    assert kinds(kept) == ["workspace.kept", "workspace.noted"]


@DB
def test_deleting_a_workspace_leaves_the_run_and_says_so() -> None:
    kept = make_workspace("rich-a")
    replay = make_workspace("rich-a-r1", ancestors=[{"key": kept.key, "name": "rich-a"}])
    alice = kept.created_by
    assert alice is not None

    told = curation.delete(kept, by=alice, at=AT)

    run = Run.objects.get(pk=kept.run_id)
    assert run.kept_as == ""
    assert told.goes == ["its name, notes, tags and story"]
    assert [f"run {run.pk}" in told.stays[0], told.stays[1]] == [True, "1 replay of it"]
    replay.refresh_from_db()
    assert replay.ancestors == [{"key": kept.key, "name": "rich-a"}]
    assert kinds(kept) == ["workspace.kept", "workspace.deleted"]


# -- several at once --------------------------------------------------------------------------


@DB
def test_a_bulk_action_tells_of_each_and_one_refusal_stops_no_other() -> None:
    alice, charlie = make_user(), make_user("charlie")
    names = ["a", "b", "c"]
    for name in names:
        make_workspace(name, tags=["old"] if name != "b" else [f"t{n}" for n in range(20)])
    hidden = make_version(name="hidden", by=charlie).dataset
    hidden.readers.add(make_group("readers"))
    make_workspace("theirs", run=make_run(by=charlie, dataset="hidden"))

    tagged = curation.bulk([*names, "a", "theirs"], "tag", tags=["New"], by=alice, at=AT)
    curation.bulk(["a", "c"], "untag", tags=["OLD"], by=alice, at=AT)
    deleted = curation.bulk(["c"], "delete", by=alice, at=AT)

    assert [(one.workspace, one.ok, one.code) for one in tagged] == [
        ("a", True, ""),
        ("b", False, "curation_unusable"),
        ("c", True, ""),
        ("theirs", False, "no_such_workspace"),
    ]
    assert "at most 20 tags" in tagged[1].detail
    assert Workspace.objects.get(name="a").tags == ["New"]
    assert deleted[0].ok
    assert not Workspace.objects.filter(name="c").exists()


@DB
@pytest.mark.parametrize(
    ("action", "names", "tags", "refusal"),
    [
        ("burn", ["a"], [], BadInput),
        ("tag", ["a"], [], BadInput),
        ("pin", [], [], BadInput),
        ("pin", [f"n{n}" for n in range(1001)], [], BadInput),
    ],
)
def test_a_bulk_action_that_makes_no_sense_is_refused_as_a_whole(
    action: str, names: list[str], tags: list[str], refusal: type[HouseError]
) -> None:
    with pytest.raises(refusal):
        curation.bulk(names, action, tags=tags, by=make_user(), at=AT)


@DB
def test_who_may_only_look_changes_nothing_and_strangers_find_nothing() -> None:
    kept = make_workspace("rich-a")
    kept.run.dataset.readers.add(make_group("readers"))
    viewer = make_user("victor", role="viewer")

    with pytest.raises(NotAllowed):
        curation.bulk(["rich-a"], "pin", by=viewer, at=AT)
    with pytest.raises(NotFound):
        workspaces.find("rich-a", viewer=viewer)
    assert call(viewer, "GET", f"/streams/{kept.stream}/events")[0] == 404
    viewer.groups.add(make_group("readers"))

    assert call(viewer, "GET", f"/streams/{kept.stream}/events")[0] == 200
    assert workspaces.find("rich-a", viewer=viewer).pk == kept.pk
    assert workspaces.find(kept.key, viewer=viewer).pk == kept.pk
