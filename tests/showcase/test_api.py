from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from forecastlab.accounts.models import Token, User
from forecastlab.accounts.services import tokens
from showcase.models import Run
from tests.factories import make_group, make_run, make_user, make_version, work_off

pytestmark = pytest.mark.django_db


def call(
    user: User, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    name = f"call {Token.objects.count()}"
    _token, secret = tokens.create(user, name=name, days=1, at=timezone.now())
    response = Client().generic(
        method,
        f"/api/v1{path}",
        data=json.dumps(body or {}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}", **headers},
    )
    return response.status_code, response.json() if response.content else {}


def test_a_run_is_started_read_and_cancelled() -> None:
    alice = make_user()
    make_version(by=alice)

    status, started = call(alice, "POST", "/runs", {"dataset": "shop", "models": ["naive"]})
    assert status == 201
    assert started["status"] == "queued"

    _status, read = call(alice, "GET", f"/runs/{started['run']}")
    assert read["config"]["models"] == ["naive"]
    assert read["steps"][0]["name"] == "precheck"

    assert call(alice, "POST", f"/runs/{started['run']}/cancel") == (
        200,
        {"run": started["run"], "status": "cancelled"},
    )
    assert call(alice, "POST", f"/runs/{started['run']}/cancel")[0] == 409


def test_one_key_starts_one_run() -> None:
    alice = make_user()
    make_version(by=alice)
    key = {"Idempotency-Key": "monday"}

    first = call(alice, "POST", "/runs", {"dataset": "shop"}, **key)
    again = call(alice, "POST", "/runs", {"dataset": "shop"}, **key)
    other = call(alice, "POST", "/runs", {"dataset": "shop", "seed": 3}, **key)

    assert first == again
    assert other[0] == 409
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"dataset": "shop", "colour": "red"}, "colour"),
        ({"dataset": "shop", "models": ["prophet"]}, "models"),
        ({"dataset": "shop", "horizon": 91}, "horizon"),
        ({"dataset": "shop", "horizon": True}, "horizon"),
        ({"dataset": "shop", "folds": 6}, "folds"),
    ],
)
def test_what_cannot_be_run_is_a_problem_with_its_field(body: dict[str, Any], field: str) -> None:
    alice = make_user()
    make_version(by=alice)

    status, problem = call(alice, "POST", "/runs", body)

    assert (status, problem["field"]) == (422, field)
    assert not Run.objects.exists()


def test_a_stranger_finds_neither_dataset_nor_run() -> None:
    alice, charlie = make_user(), make_user("charlie")
    make_version(by=alice).dataset.readers.add(make_group("readers"))
    run = make_run(by=alice)

    assert call(charlie, "POST", "/runs", {"dataset": "shop"})[0] == 404
    assert call(charlie, "GET", f"/runs/{run.pk}")[0] == 404
    assert call(charlie, "POST", f"/runs/{run.pk}/cancel")[0] == 404
    assert call(charlie, "GET", "/runs")[1]["items"] == []


def test_a_viewer_reads_but_does_not_start() -> None:
    run = work_off(make_run(models=["naive"]))
    bob = make_user("bob", role="viewer")

    assert call(bob, "GET", f"/runs/{run.pk}")[1]["winner"]["model"] == "naive"
    assert call(bob, "POST", "/runs", {"scenario": "demo_minimal"})[0] == 403


def test_a_stopped_run_goes_on_and_one_that_ended_well_does_not() -> None:
    alice = make_user()
    run = make_run(by=alice, models=["naive"])
    call(alice, "POST", f"/runs/{run.pk}/cancel")

    status, refused = call(alice, "POST", f"/runs/{run.pk}/retry", {"step": "train"})
    assert (status, refused["errors"][0]["field"] if "errors" in refused else "step") == (
        422,
        "step",
    )
    status, told = call(alice, "POST", f"/runs/{run.pk}/retry")
    assert (status, told["status"]) == (200, "queued")

    assert work_off(run).status == "succeeded"
    status, refused = call(alice, "POST", f"/runs/{run.pk}/retry")
    assert (status, refused["code"]) == (409, "nothing_to_retry")
