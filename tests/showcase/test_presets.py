from __future__ import annotations

import pytest
from django.test import Client

from showcase.models import Run, RunPreset
from tests.factories import make_group, make_user, make_version
from tests.showcase.test_api import call
from tests.showcase.test_pages import signed_in, text_of

pytestmark = pytest.mark.django_db

SAVE = "/runs/presets/save/"


def saved(client: Client, **fields: str) -> int:
    return client.post(SAVE, {"sales": "dataset:shop", **fields}).status_code


def test_settings_are_saved_replaced_loaded_and_deleted_by_name() -> None:
    make_version(by=make_user())
    client = signed_in(make_user("bob"))

    assert saved(client, preset_name="weekly", horizon="7", keep="on", keep_as="monday") == 302
    assert saved(client, preset_name=" weekly ", horizon="9", stores="") == 302

    preset = RunPreset.objects.get()
    assert {"horizon": "9", "dataset": "shop"}.items() <= preset.options.items()
    assert not {"keep", "name", "preset_name"} & preset.options.keys()
    page = text_of(client, "/runs/new/?preset=weekly")
    assert 'name="horizon" value="9"' in page
    assert "weekly" in text_of(client, "/runs/presets/")
    assert not Run.objects.exists()

    assert client.post("/runs/presets/weekly/delete/").status_code == 302
    assert not RunPreset.objects.exists()


def test_settings_that_no_run_could_start_with_are_not_saved() -> None:
    alice = make_user()
    make_version(by=alice)
    client = signed_in(alice)

    assert saved(client, preset_name="weekly", folds="6") == 422
    assert saved(client, preset_name="weekly", horizon="many") == 422
    assert saved(client, preset_name="a/b") == 422
    assert saved(client, preset_name="") == 422
    assert not RunPreset.objects.exists()


def test_presets_are_each_persons_own() -> None:
    alice = make_user()
    make_version(by=alice)
    saved(signed_in(alice), preset_name="weekly", horizon="7")
    charlie = make_user("charlie")
    stranger = signed_in(charlie)

    text_of(stranger, "/runs/new/?preset=weekly", status=404)
    assert stranger.post("/runs/presets/weekly/delete/").status_code == 404
    assert "weekly" not in text_of(stranger, "/runs/presets/")
    assert call(charlie, "GET", "/run-presets/weekly")[0] == 404
    assert signed_in(make_user("dora", role="viewer")).get("/runs/presets/").status_code == 403


def test_the_api_saves_lists_reads_starts_and_deletes() -> None:
    alice = make_user()
    make_version(by=alice)
    options = {"dataset": "shop", "models": ["naive"], "as_of": "2026-11-01"}

    status, kept = call(alice, "POST", "/run-presets", {"name": "weekly", "options": options})
    assert (status, kept["name"], kept["options"]) == (200, "weekly", options)
    assert [one["name"] for one in call(alice, "GET", "/run-presets")[1]["items"]] == ["weekly"]

    read = call(alice, "GET", "/run-presets/weekly")[1]["options"]
    assert call(alice, "POST", "/runs", {**read, "dry_run": True})[0] == 200
    assert not Run.objects.exists()
    assert call(alice, "POST", "/runs", read)[1]["config"]["models"] == ["naive"]

    wrong = {"name": "weekly", "options": {"dataset": "shop", "colour": "red"}}
    status, problem = call(alice, "POST", "/run-presets", wrong)
    assert (status, problem["field"]) == (422, "colour")
    for nothing in (None, 5, "dataset", ["dataset"]):
        status, problem = call(alice, "POST", "/run-presets", {"name": "odd", "options": nothing})
        assert (status, problem["field"]) == (422, "options")
    assert call(alice, "DELETE", "/run-presets/weekly")[0] == 204
    assert call(alice, "GET", "/run-presets/weekly")[0] == 404


def test_a_preset_of_a_dataset_that_went_out_of_sight_says_so() -> None:
    alice, charlie = make_user(), make_user("charlie")
    version = make_version(by=alice)
    client = signed_in(charlie)
    saved(client, preset_name="weekly")
    version.dataset.readers.add(make_group("readers"))

    assert "There is no dataset &#x27;shop&#x27;" in text_of(client, "/runs/new/?preset=weekly")
