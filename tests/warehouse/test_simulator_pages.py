"""Simulating by page and by the API, and taking the truth away."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
import pytest
from django.test import Client

from forecastlab.jobs.models import Job
from forecastlab.warehouse.domain.simulator.config import KNOBS
from forecastlab.warehouse.domain.simulator.presets import GENERATORS, PRESETS
from forecastlab.warehouse.models import DatasetVersion, SalesFact
from tests.factories import make_group, make_user, make_version, run_job
from tests.warehouse.golden import GOLDEN

HTMX = {"HX-Request": "true"}
PAGE = "/simulations/new/"


@pytest.fixture
def alice(client: Client, transactional_db: None) -> Client:
    client.force_login(make_user("alice"))
    return client


def simulated(client: Client, **fields: Any) -> DatasetVersion:
    client.post(PAGE, {"name": "demo", "as_of": "2026-11-21", **fields})
    run_job(Job.objects.get())
    return DatasetVersion.objects.get(dataset__name="demo")


# -- the page ----------------------------------------------------------------------------------


def test_the_page_offers_presets_knobs_and_what_else_happens(alice: Client) -> None:
    page = alice.get(PAGE + "?name=shop").content.decode()

    for name in (*PRESETS, *KNOBS, *GENERATORS):
        assert name in page
    assert 'value="shop"' in page
    assert "2,760" in page
    assert "0 to 0.5; 0.02 if empty." in page


def test_a_simulation_is_started_and_loads(alice: Client) -> None:
    started = alice.post(PAGE, {"name": "demo", "seed": "42", "as_of": "2026-11-21"})
    job = run_job(Job.objects.get())

    assert started.url == f"/imports/{job.pk}/"
    assert job.status == "succeeded", job.error
    assert DatasetVersion.objects.get().content_hash == GOLDEN["demo_minimal"][0]
    assert "Open demo@1" in alice.get(started.url).content.decode()


def test_a_simulation_fills_the_calendar(alice: Client) -> None:
    version = simulated(alice)

    days = version.dataset.calendar_days
    assert days.count() == 92 + 365
    assert [str(one.day) for one in days.filter(name="Labor Day")] == ["2026-09-07", "2027-09-06"]
    marked = SalesFact.objects.filter(version_id=version.pk, holiday=1).values_list("t")
    named = days.filter(holiday=1, day__range=("2026-08-22", "2026-11-21")).values_list("day")
    assert {version.calendar.label(t) for (t,) in marked} == {f"{day}" for (day,) in named}


def test_looking_tells_the_size_without_a_script(alice: Client) -> None:
    asked = {"preset": "new_launches", "as_of": "2026-11-21", "products": "200", "seed": ""}

    page = alice.get(PAGE, asked).content.decode()

    assert "2,000" in page  # series
    assert "about" in page
    assert not Job.objects.exists()


def test_the_size_is_a_fragment_that_follows_the_fields(alice: Client) -> None:
    fragment = alice.get(PAGE, {"preset": "demo_minimal", "stores": "4"}, headers=HTMX)
    other = alice.get(PAGE, {"preset": "holiday_rush", "other_preset": "1"}, headers=HTMX)

    told, knobs = fragment.content.decode(), other.content.decode()
    assert "<html" not in told + knobs
    assert "3,680" in told
    assert "simulate-knobs" not in told
    assert 'id="simulate-knobs" hx-swap-oob="true"' in knobs
    assert "Locked: its 92 days are the quarter of the Christmas trade." in knobs


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"stores": "101"}, "takes a whole number from 1 to 100, not"),
        ({"noise_sigma": "much"}, "takes a number from 0 to 0.5, not"),
        ({"preset": "holiday_rush", "window_days": "100"}, "cannot be set for holiday_rush"),
        ({"preset": "absent"}, "absent is not one of the available choices"),
        ({"enable": "rain"}, "rain is not one of the available choices"),
        ({"seed": "x"}, "is not a whole number"),
        ({"as_of": "soon"}, "is not a date such as"),
        ({"name": "Not A Name"}, "is not a name for a dataset"),
    ],
)
def test_what_cannot_be_simulated_is_said_at_its_field(
    alice: Client, fields: dict[str, str], sentence: str
) -> None:
    answer = alice.post(PAGE, {"preset": "demo_minimal", "name": "demo", **fields})

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Job.objects.exists()


def test_a_viewer_may_not_simulate_and_a_taken_name_is_refused(alice: Client) -> None:
    make_version(name="secret", by=make_user("owner")).dataset.readers.add(make_group("few"))
    viewer = Client()
    viewer.force_login(make_user("victor", role="viewer"))

    assert viewer.get(PAGE).status_code == 403
    assert alice.delete(PAGE).status_code == 405
    taken = alice.post(PAGE, {"preset": "demo_minimal", "name": "secret"})
    assert taken.status_code == 422


# -- the truth ---------------------------------------------------------------------------------


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_the_truth_is_taken_away_as_parquet_and_csv(alice: Client) -> None:
    version = simulated(alice)
    address = f"/datasets/demo/{version.number}/truth"

    parquet, csv = alice.get(address + ".parquet"), alice.get(address + ".csv")

    found = pl.read_parquet(io.BytesIO(body(parquet)))
    assert found.columns[:5] == ["unique_id", "ds", "t", "demand", "lost"]
    assert (found["demand"] - found["lost"]).sum() == version.profile["quantity"]
    assert pl.read_csv(io.BytesIO(body(csv))).height == found.height == 2760
    assert 'filename="demo-1-truth.parquet"' in parquet["Content-Disposition"]


def test_only_simulated_sales_have_a_truth_and_only_for_their_readers(alice: Client) -> None:
    make_version(name="shop")
    version = simulated(alice)
    version.dataset.readers.add(make_group("readers"))
    charlie = Client()
    charlie.force_login(make_user("charlie"))

    assert alice.get("/datasets/shop/1/truth.parquet").status_code == 404
    assert alice.get("/datasets/demo/9/truth.parquet").status_code == 404
    assert alice.post("/datasets/demo/1/truth.parquet").status_code == 405
    assert charlie.get("/datasets/demo/1/truth.parquet").status_code == 404


# -- the API -----------------------------------------------------------------------------------


def call(client: Client, **asked: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post("/api/v1/simulations", json.dumps(asked), "application/json")
    return answer.status_code, answer.json()


def test_the_api_tells_what_there_is(alice: Client) -> None:
    told = alice.get("/api/v1/simulations/options").json()

    assert [one["preset"] for one in told["presets"]] == list(PRESETS)
    assert told["knobs"]["window_days"] == {"low": 75, "high": 365, "whole": True}
    assert told["presets"][3]["locked"].keys() == {"window_days"}
    assert told["enable"] == GENERATORS


def test_the_api_starts_a_simulation(alice: Client) -> None:
    status, told = call(alice, name="demo", seed=42, as_of="2026-11-21", enable=["weather"])
    job = run_job(Job.objects.get())

    assert (status, told) == (202, {"job": job.pk, "dataset": "demo"})
    assert job.status == "succeeded", job.error
    assert DatasetVersion.objects.get().config["simulate"]["enabled"] == ["weather"]


def test_the_api_tells_the_size_first(alice: Client) -> None:
    status, told = call(alice, name="demo", preset="retail_standard", dry_run=True)

    assert status == 200
    assert (told["dry_run"], told["rows"], told["series"]) == (True, 183_000, 500)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"stores": 3}, "stores"),
        ({"knobs": {"colour": "red"}}, "colour"),
        ({"knobs": {"stores": 0}}, "stores"),
        ({"knobs": {"stores": True}}, "stores"),
        ({"knobs": {"noise_sigma": None}}, "noise_sigma"),
        ({"preset": "absent"}, "preset"),
        ({"enable": ["rain"]}, "enable"),
        ({"seed": -1}, "seed"),
        ({"as_of": "0001-01-01"}, "as_of"),
        ({"preset": "holiday_rush", "knobs": {"window_days": 80}}, "window_days"),
    ],
)
def test_the_api_names_what_it_refuses(alice: Client, asked: dict[str, Any], field: str) -> None:
    status, problem = call(alice, **{"name": "demo", **asked})

    assert (status, problem["field"]) == (422, field)
    assert not Job.objects.exists()
