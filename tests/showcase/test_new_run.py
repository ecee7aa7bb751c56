"""The page on which a run is started."""

from __future__ import annotations

import re

import pytest

from forecastlab.warehouse.models import DatasetVersion
from showcase.models import Run
from tests.factories import make_run, make_sales, make_user, make_version
from tests.showcase.test_pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def test_the_form_starts_a_run_and_leads_to_it() -> None:
    alice = make_user()
    make_version(by=alice)

    response = signed_in(alice).post("/runs/new/", {"sales": "dataset:shop", "horizon": "7"})

    run = Run.objects.get()
    assert response.status_code == 302
    assert response["Location"] == f"/runs/{run.pk}/"
    assert (run.config["horizon"], run.requested_by) == (7, alice)


def test_a_refused_field_keeps_what_was_typed() -> None:
    alice = make_user()
    make_version(by=alice)

    response = signed_in(alice).post("/runs/new/", {"sales": "dataset:shop", "folds": "6"})

    page = response.content.decode()
    assert response.status_code == 422
    assert "6 folds of 14 days need 114 days; there are 90. Use 4 or fewer." in page
    assert 'value="6"' in page
    assert not Run.objects.exists()


def test_the_preview_says_at_which_position_a_second_run_will_queue() -> None:
    alice = make_user()
    make_run(by=alice)

    page = text_of(signed_in(alice), "/runs/new/?sales=dataset:shop", **{"HX-Request": "true"})

    assert "queues at position 1" in page
    assert "<html" not in page


def test_run_again_opens_the_form_filled() -> None:
    alice = make_user()
    run = make_run(by=alice, horizon=9, models=["naive"])

    page = text_of(signed_in(alice), f"/runs/new/?from={run.pk}")

    assert 'value="9"' in page
    assert 'value="naive" id="id_models_0" checked' in page.replace("\n", " ") or "checked" in page


def test_knobs_of_simulated_sales_are_turned_in_the_form_and_come_back() -> None:
    alice = make_user()
    client = signed_in(alice)

    refused = client.post("/runs/new/", {"sales": "scenario:demo_minimal", "stores": "0"})
    assert "&#x27;stores&#x27; takes a whole number from 1 to 100" in refused.content.decode()

    client.post("/runs/new/", {"sales": "scenario:demo_minimal", "stores": "4"})
    run = Run.objects.get()
    assert run.config["simulate"]["stores"] == 4
    again = text_of(client, f"/runs/new/?from={run.pk}")
    assert re.search(r'name="stores" value="4"', again)


def test_knobs_follow_the_sales_that_are_chosen() -> None:
    alice = make_user()
    make_version(by=alice)
    client = signed_in(alice)
    changed = {"HX-Request": "true"}

    rush = text_of(client, "/runs/new/?sales=scenario:holiday_rush&other_sales=1", **changed)
    shop = text_of(client, "/runs/new/?sales=dataset:shop&other_sales=1", **changed)

    assert 'hx-swap-oob="true"' in rush
    assert re.search(r'name="window_days"[^>]* disabled', rush)
    assert not re.search(r'name="stores"[^>]* disabled', rush)
    assert "5 if empty" in rush
    assert "holiday_rush: 5 stores, 15 products, 92 days" in text_of(client, "/runs/new/")
    assert re.search(r'name="stores"[^>]* disabled', shop)


def test_the_preview_says_what_will_train_on_which_folds() -> None:
    alice = make_user()
    make_version(by=alice)
    client = signed_in(alice)
    asked = "/runs/new/?sales=dataset:shop&models=naive&focus=S9:P9&keep=on&keep_as=weekly"

    page = text_of(client, asked, **{"HX-Request": "true"})
    short = text_of(client, f"{asked}&folds=6", **{"HX-Request": "true"})

    assert "3 × 14 days" in page
    assert "needs 72 of 90 days" in page
    assert "22 Mar to 4 Apr 2026" in page  # the last fold of 90 days from 5 January
    assert "There is no series &#x27;S9:P9&#x27;" in page
    assert "weekly" in page
    assert "6 folds of 14 days need 114 days; there are 90. Use 4 or fewer." in short


def test_an_estimate_comes_from_runs_of_about_the_same_size() -> None:
    alice = make_user()
    runs = [make_run(by=alice, models=["naive"]) for _ in range(5)]
    Run.objects.filter(pk__in=[one.pk for one in runs]).update(status="succeeded", seconds=8)
    make_version(make_sales(90, 40), name="chain", by=alice)
    make_version(make_sales(90, 4), name="kiosk", by=alice)
    client = signed_in(alice)

    asked = "/runs/new/?models=naive&sales=dataset:"
    assert "8 s" in text_of(client, f"{asked}kiosk", **{"HX-Request": "true"})
    assert "no estimate yet" in text_of(client, f"{asked}chain", **{"HX-Request": "true"})


def test_a_run_is_kept_from_the_form_under_a_free_name() -> None:
    alice = make_user()
    make_run(by=alice, keep="weekly")
    client, asked = signed_in(alice), {"sales": "dataset:shop", "keep": "on", "models": "naive"}

    taken = client.post("/runs/new/", {**asked, "keep_as": "weekly"})
    unticked = client.post("/runs/new/", {"sales": "dataset:shop", "keep_as": "monday"})
    kept = client.post("/runs/new/", {**asked, "keep_as": "monday"})

    assert (taken.status_code, unticked.status_code) == (422, 422)
    assert "A run is kept as &#x27;weekly&#x27; already" in taken.content.decode()
    assert "monday" in text_of(client, kept["Location"])


def test_earlier_simulated_sales_are_deleted_only_where_the_form_says_so() -> None:
    alice = make_user()
    make_version(by=alice)
    for _number in range(3):
        make_version(name="demo_minimal", by=alice)
    DatasetVersion.objects.filter(dataset__name="demo_minimal").update(source="simulation")
    client = signed_in(alice)
    simulated = {"sales": "scenario:demo_minimal", "reset": "on"}

    warned = text_of(client, "/runs/new/?sales=scenario:demo_minimal&reset=on")
    unwarned = text_of(client, "/runs/new/?sales=scenario:demo_minimal")
    refused = client.post("/runs/new/", {**simulated, "sales": "dataset:shop"})
    client.post("/runs/new/", simulated)

    assert "before the newest (2) will be deleted for good" in warned
    assert "deleted for good" not in unwarned
    assert "shop@1 was imported, and only simulated sales can be reset." in refused.content.decode()
    run = Run.objects.get()
    assert run.config["reset"] is True
    assert not re.search(r'name="reset"[^>]* checked', text_of(client, f"/runs/new/?from={run.pk}"))
