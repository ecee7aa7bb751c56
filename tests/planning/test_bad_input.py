"""What nobody types by hand: it is refused with a word, and leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.planning.domain.overrides import Scope
from forecastlab.planning.models import Freeze, OverrideCell, Plan
from forecastlab.planning.queries import horizons, value_added
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.planning.services import freezes, overrides, plans
from forecastlab.planning.services.overrides import Number, Words
from forecastlab.planning.services.plans import Draft
from forecastlab.warehouse.models import DatasetVersion, Series
from tests.jobs.concurrency import overlapping
from tests.planning.forecasts import FIRST, LAST, make_forecast, make_horizon
from tests.showcase.test_api import call

HEAD = "series,period,override,reason"
LONG = "9" * 5000
CUT = {"kind": "price", "change_pct": -0.1}


@pytest.fixture
def horizon(db: None) -> Horizon:
    return make_horizon()


@pytest.fixture
def planner(horizon: Horizon, client: Client) -> Client:
    client.force_login(horizon.issue.created_by)
    return client


def alice() -> User:
    return User.objects.get(username="alice")


def series(name: str = "S0:P0") -> int:
    return int(Series.objects.get(unique_id=name).pk)


def upload(client: Client, text: str) -> tuple[int, str]:
    file = SimpleUploadedFile("overrides.csv", text.encode())
    url = reverse("planning:override-upload", args=["shop"])
    answer = client.post(url, {"file": file}, follow=True)
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x" * 200_000, "is no CSV"),
        (f"{HEAD}\nS0:P0,{FIRST},{'1' * 200_000},event\n", "is no CSV"),
        (f"{HEAD}\nS0:P0,{FIRST},1,event\n'S0:P0,{FIRST},2,event\n", "Line 2 says something"),
        (f"{HEAD}\nS0:P0,{FIRST},1e999999,event\n", "more than anybody sells"),
        (f"{HEAD},override\nS0:P0,{FIRST},1,event,2\n", "twice"),
        ("", "submitted file is empty"),
    ],
)
def test_a_file_that_is_no_table_is_refused(planner: Client, text: str, says: str) -> None:
    status, page = upload(planner, text)

    assert status == 422
    assert says in page
    assert not OverrideCell.objects.exists()


def test_a_table_whose_lines_end_as_on_an_old_computer_is_read(planner: Client) -> None:
    upload(planner, f"{HEAD}\rS0:P0,{FIRST},7,event\r")

    assert OverrideCell.objects.get().units == 7


def test_numbers_that_are_there_twice_are_refused(horizon: Horizon) -> None:
    one = {"series": "S0:P0", "period": FIRST, "units": 7}
    asked = {"dataset": "shop", "reason": "event"}

    twice = call(alice(), "POST", "/overrides/numbers", {**asked, "numbers": [one, one]})
    padded = {**one, "period": f" {FIRST} "}
    once = call(alice(), "POST", "/overrides/numbers", {**asked, "numbers": [padded]})

    assert (twice[0], twice[1]["field"]) == (422, "numbers")
    assert once[0] == 201
    assert OverrideCell.objects.get().period == FIRST


def test_a_freeze_is_kept_by_the_labels_of_its_periods(horizon: Horizon, planner: Client) -> None:
    asked = freezes.Asked(Scope("all"), f" {FIRST}", f"{LAST}  ")

    made = freezes.make(horizon, asked, by=alice(), at=timezone.now())

    assert (made.first, made.last) == (FIRST, LAST)
    assert planner.get(reverse("planning:overrides")).status_code == 200


def test_numbers_of_thousands_of_digits_are_no_numbers(horizon: Horizon, planner: Client) -> None:
    grid = {
        "dataset": "shop",
        "reason": "event",
        f"c.{series()}.{FIRST}": "7",
        f"was.{series()}.{FIRST}": f"{LONG}:",
    }
    form = {"dataset": "shop", "scope_kind": "all", "kept": json.dumps([CUT]), "drop": LONG}
    asked = {"dataset": "shop", "name": "x", "assumptions": [{**CUT, "start": LONG}]}

    assert planner.post(reverse("planning:override-save"), grid).status_code == 302
    assert planner.post(reverse("planning:plan-new"), form).status_code == 422
    assert call(alice(), "POST", "/plans", asked)[0] == 422


@pytest.mark.parametrize(
    "kept",
    [
        "[" * 5_000,
        json.dumps([{"kind": "price", "scope": "all"}]),
        json.dumps([{"kind": "price", "change_pct": float("inf")}]),
        json.dumps([{"kind": "inventory", "on_hand_units": 10**400}]),
        json.dumps([CUT] * 20 + [5]),
        json.dumps([{"kind": "holiday", "dates": 5}]),
        json.dumps({"kind": "price"}),
    ],
)
def test_a_form_of_a_plan_that_somebody_wrote_by_hand_is_shown(planner: Client, kept: str) -> None:
    sent = {"dataset": "shop", "scope_kind": "all", "name": "x", "kept": kept}

    assert planner.post(reverse("planning:plan-new"), sent).status_code == 422
    assert not Plan.objects.exists()


def test_a_comparison_of_thousands_looks_for_a_few(
    horizon: Horizon,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    monkeypatch.setattr(plans, "MOST_AT_ONCE", 0)
    plan = plans.save(horizon.issue, Draft("Large", [CUT]), by=alice(), at=timezone.now())

    with django_assert_max_num_queries(60):
        status, _told = call(alice(), "POST", "/plans/compare", {"plans": [plan.pk] * 1000})

    assert status == 422


@pytest.mark.django_db(transaction=True)
def test_a_plan_is_deleted_while_its_job_closes_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever closes a step has the job and then wants the plan: both in one order."""
    monkeypatch.setattr(plans, "MOST_AT_ONCE", 0)
    plan = plans.save(make_forecast(), Draft("Large", [CUT]), by=alice(), at=timezone.now())
    jobs, rows = Job.objects.select_for_update(), Plan.objects.select_for_update(nowait=True)

    def delete() -> None:
        plans.delete(plan, by=alice(), at=timezone.now())

    overlapping(jobs.get, delete, rows.get)

    assert not Plan.objects.exists()
    assert Job.objects.get().status == "cancelled"


def test_a_version_without_dates_leaves_what_was_planned_with_dates(
    horizon: Horizon, planner: Client
) -> None:
    number = Number(series(), FIRST, 12.0)
    overrides.save(horizon, [number], Words("event"), by=alice(), at=timezone.now())
    freezes.make(horizon, freezes.Asked(Scope("all"), FIRST, LAST), by=alice(), at=timezone.now())
    DatasetVersion.objects.update(epoch=None)
    version = DatasetVersion.objects.get()

    for page in ("overrides", "freezes", "override-history", "value-added", "publications"):
        assert planner.get(reverse(f"planning:{page}")).status_code == 200, page
    assert value_added.of(version).cells.is_empty()
    assert horizons.freezes_in_force(horizons.of_issue(make_forecast(version))) == []
    assert Freeze.objects.in_force().count() == 1
