"""Stories from elsewhere: each part has its shape, and is replayed by the rules of the house."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from forecastlab.jobs.models import Job
from forecastlab.warehouse.domain.simulator import config as simulator
from forecastlab.warehouse.models import DatasetVersion
from showcase.domain import bundles
from showcase.models import Run, Workspace
from showcase.queries import durations
from tests.factories import make_group, make_user, make_version, run_job
from tests.showcase import made_bundles
from tests.showcase.made_bundles import NAME, files, manifest, packed
from tests.showcase.test_import_bundle import (
    WHOLE,
    imported,
    left,
    places,  # noqa: F401
    run_with,
    send,
    signed_in,
)

pytestmark = pytest.mark.django_db

HUGE = 10**30
STORY, RESULT = manifest()["story"], manifest()["run"]["result"]
SAID = manifest()["workspace"]
STEP = made_bundles.STEPS[1]


def _told(**changes: Any) -> dict[str, bytes]:
    return files(told=changes)


def _with_step(**changes: Any) -> dict[str, bytes]:
    return files(steps__json=bundles.canonical([{**STEP, **changes}]))


def _with_config(**changes: Any) -> dict[str, bytes]:
    return files(config__json=bundles.canonical({**made_bundles.CONFIG, **changes}))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (_told(story={**STORY, "approval_events": "x"}), "'approval_events'"),
        (_told(story={**STORY, "approval_events": [{"reason": [1]}]}), "'reason'"),
        (_told(story={**STORY, "knowledge_events": [1]}), "'knowledge_events'"),
        (_told(story={**STORY, "phase_summaries": [{"phase_name": "<script>"}]}), "'phase_name'"),
        (_told(story={**STORY, "job_ids": ["x" * 41]}), "'job_ids'"),
        (_told(story={**STORY, "seed_overrides": {"stores": {}}}), "'stores'"),
        (_told(workspace={**SAID, "reproduction": {"differences": []}}), "'reproduced'"),
        (
            _told(workspace={**SAID, "reproduction": {"reproduced": None, "differences": "x"}}),
            "'differences'",
        ),
        (_told(workspace={**SAID, "tags": ["a,b"]}), "'tags'"),
        (_told(run=run_with(result={**RESULT, "winner": "naive"})), "'winner'"),
        (_told(run=run_with(seconds=1e299)), "'seconds'"),
        (_told(run=run_with(name="a\x1b[31mb")), "'name'"),
        (_with_step(data={"per_model": ["naive"]}), "'per_model'"),
        (_with_step(data={"trained": "naive"}), "'trained'"),
        (_with_step(data={"note": [{"count": HUGE}]}), "'note'"),
        (_with_step(data={"records_created": {"stores": "x"}}), "'stores'"),
        (_with_step(data={"software": "x"}), "'software'"),
        (_with_step(data={"sales_sha256": ["x"]}), "'sales_sha256'"),
        (_with_step(detail="x" * 20_001), "'detail'"),
        (_with_step(name="../seed"), "'name'"),
        (_with_config(models="naive"), "'models'"),
        (_with_config(policy="x"), "'policy'"),
        (_with_config(as_of="soon"), "'as_of'"),
        (_with_config(scenario="demo_minimal", simulate={"stores": 2}), "'simulate'"),
        (files(metrics__json=b"[]"), "metrics.json"),
        (files(events__jsonl=bundles.line({**made_bundles.EVENTS[0], "payload": 1})), "'payload'"),
    ],
    ids=str,
)
def test_each_part_of_a_story_has_its_shape_or_is_refused_by_name(
    made: dict[str, bytes], says: str
) -> None:
    status, told = send(signed_in(make_user()), packed(made))

    assert (status, told["code"]) == (422, "story_unusable")
    assert says in told["detail"]
    assert not Job.objects.exists()
    assert left() == []


def test_whatever_one_value_is_a_bundle_is_refused_or_every_page_opens() -> None:
    """One value at a time becomes something else, by a seed of its own each time."""
    client, draw = signed_in(make_user(role="admin")), random.Random(7)
    documents = {
        bundles.CONFIG: made_bundles.CONFIG,
        bundles.STEPS: made_bundles.STEPS,
        "story": STORY,
        "run": manifest()["run"],
        "workspace": SAID,
    }
    opened = 0
    for _ in range(60):
        name = draw.choice(list(documents))
        changed = _altered(documents[name], draw)
        if name == bundles.CONFIG:
            made = files(config__json=bundles.canonical(changed))
        elif name == bundles.STEPS:
            made = files(steps__json=bundles.canonical(changed))
        else:
            made = files(told={name: changed})
        status, told = send(client, packed(made), "odd")
        assert status in (202, 422), told
        if status == 202:
            opened += _opens(client, run_job(Job.objects.get(pk=told["job"])))
    assert opened


def _altered(value: Any, draw: random.Random) -> Any:
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice(list(value))
        return {**value, key: _altered(value[key], draw)}
    if isinstance(value, list) and value and draw.random() < 0.9:
        place = draw.randrange(len(value))
        return [*value[:place], _altered(value[place], draw), *value[place + 1 :]]
    odd = ["", "<script>x</script>", "1", "x" * 500, -1, HUGE, 1e299, 1.5, True, None, [], {}]
    return draw.choice([*odd, [[]], [{"a": 1}], {"a": [None]}])


def _opens(client: Client, job: Job) -> int:
    """Open all that shows the import and delete it; 0 where it was refused when it was drawn."""
    if job.status == Job.Status.FAILED:
        assert job.error["code"] == "story_unusable", job.error
        return 0
    kept = Workspace.objects.get(name="odd")
    for page in (
        kept.get_absolute_url(),
        kept.run.get_absolute_url(),
        reverse("showcase:workspaces"),
        reverse("showcase:workspace-replay", args=["odd"]),
        f"{reverse('showcase:run-new')}?replay=odd",
        reverse("api:workspace", args=["odd"]),
    ):
        assert client.get(page).status_code == 200, page
    Run.objects.all().delete()
    return 1


def _replay(client: Client, name: str, **asked: Any) -> tuple[int, dict[str, Any]]:
    address = reverse("api:workspace-replay", args=[name])
    answer = client.post(address, asked, content_type="application/json")
    return answer.status_code, answer.json()


def test_an_imported_run_is_replayed_over_the_same_content_alone() -> None:
    alice, bob = make_user(), make_user("bob")
    same = make_version(by=alice, name="elsewhere")
    DatasetVersion.objects.filter(pk=same.pk).update(content_hash="b" * 64)
    same.dataset.readers.add(make_group("few"))
    make_version(by=bob, name="demo")  # called as the bundle calls it, but other sales
    client = signed_in(bob)
    kept = imported(client, WHOLE)

    for mode in ("exact", "fresh", "modified"):
        status, told = _replay(client, NAME, mode=mode)
        assert (status, told["code"]) == (409, "sales_gone")
        assert "b" * 64 in told["detail"]
    for knobs in ("x", ["x"], 1):
        status, told = _replay(client, NAME, mode="modified", set={"simulate": knobs, "stores": 2})
        assert (status, told["field"]) == (422, "simulate")
    Workspace.objects.filter(pk=kept.pk).update(created_by=alice)
    Run.objects.filter(pk=kept.run_id).update(requested_by=alice, dataset=same.dataset)
    status, told = _replay(signed_in(alice), NAME, mode="exact")

    assert status == 201, told
    replay = Run.objects.get(pk=told["run"])
    assert (replay.version, replay.dataset) == (same, same.dataset)
    assert durations.past(["backtest"], scenario="", dataset_id=same.dataset_id) == {}
    assert replay.job is not None
    assert replay.job.exclusive == "dataset:elsewhere"


def test_an_imported_config_is_held_to_the_rules_of_the_form() -> None:
    drawn = simulator.build("demo_minimal", seed=42, as_of=date(2026, 11, 1), profile="scenario")
    client = signed_in(make_user())
    usual = {"scenario": "demo_minimal", "dataset": "demo_minimal", "simulate": drawn.as_json()}
    cases: dict[str, dict[str, Any]] = {
        "stores": {"simulate": {**drawn.as_json(), "stores": 5000}},
        "native_days": {"simulate": {**drawn.as_json(), "native_days": 9}},
        "dataset": {"dataset": "payroll"},
        "horizon": {"horizon": 5000, "step": 5000},
    }
    refused = {}
    for field, changed in cases.items():
        name = field.replace("_", "-")
        imported(client, packed(_with_config(**{**usual, **changed})), name)
        refused[field] = _replay(client, name, mode="exact")

    assert {status for status, _told in refused.values()} == {422}
    assert refused["stores"][1]["field"] == "stores"
    assert refused["native_days"][1]["code"] == "replay_unusable"
    assert refused["dataset"][1]["code"] == "replay_unusable"
    assert refused["horizon"][1]["field"] == "horizon"
