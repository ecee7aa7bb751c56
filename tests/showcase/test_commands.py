from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command

from showcase.models import Run
from tests.factories import make_group, make_run, make_user, make_version, run_job, work_off

pytestmark = pytest.mark.django_db


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run a command with --json; return the one object that it prints."""
    capsys.readouterr()
    found = 0
    try:
        call_command(*arguments, "--json")
    except SystemExit as left:
        found = int(left.code or 0)
    assert found == code
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


@pytest.fixture
def _workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the command waits, do what workers would do."""
    monkeypatch.setattr("time.sleep", lambda _seconds: work_off(Run.objects.get()))


def test_a_run_is_asked_for_and_printed_by_number(capsys: pytest.CaptureFixture[str]) -> None:
    make_version(by=make_user("planner"))

    printed = answer(capsys, "run_showcase", "--dataset", "shop", "--models", "naive")

    run = Run.objects.get()
    assert printed == {"job": run.job_id, "run": run.pk}
    assert run.config["models"] == ["naive"]


@pytest.mark.usefixtures("_workers")
def test_waiting_prints_the_whole_run(capsys: pytest.CaptureFixture[str]) -> None:
    version = make_version(by=make_user("planner"))

    printed = answer(capsys, "run_showcase", "--dataset", "shop@1", "--models", "naive", "--wait")

    assert printed["status"] == "succeeded"
    assert (printed["dataset"], printed["workspace"]) == (version.ref, None)
    assert printed["content_hash"] == version.content_hash
    assert set(printed["winner"]) == {"model", "metric", "value"}
    first = printed["steps"][0]
    assert {"name", "phase", "index", "status", "detail", "data", "seconds"} <= set(first)
    assert (first["name"], first["index"]) == ("precheck", 1)


@pytest.mark.usefixtures("_workers")
def test_a_run_that_fails_leaves_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    make_version(np.zeros((90, 2)), by=make_user("planner"))

    printed = answer(capsys, "run_showcase", "--dataset", "shop", "--wait", code=1)

    assert printed["status"] == "failed"
    assert [one["name"] for one in printed["steps"] if one["status"] == "fail"] == ["backtest"]


def test_a_dry_run_prints_the_plan_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    make_user("planner")

    printed = answer(
        capsys,
        *("run_showcase", "--scenario", "demo_minimal", "--as-of", "2026-11-21"),
        *("--set", "stores=4", "--keep", "weekly", "--dry-run"),
    )

    assert printed["config"]["simulate"]["stores"] == 4
    assert printed["steps"][0] == {"index": 1, "name": "precheck", "phase": "data"}
    assert len(printed["config_hash"]) == 64
    assert (printed["history"], printed["estimate"]) == ({"needed": 72, "there": 92}, None)
    assert printed["folds"][0] == {"first": "2026-10-11", "last": "2026-10-24"}
    assert printed["workspace"] == "weekly"
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("--dataset", "nowhere"), "dataset"),
        (("--scenario", "rich"), "scenario"),
        (("--scenario", "demo_minimal", "--dataset", "shop"), "dataset"),
        (("--models", "prophet"), "models"),
        (("--horizon", "many"), "horizon"),
        (("--table", "wide"), "table"),
        (("--set", "shops=3"), "shops"),
        (("--as-of", "tomorrow"), "as_of"),
    ],
)
def test_bad_input_leaves_with_2_and_nothing_changed(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], field: str
) -> None:
    make_user("planner")

    printed = answer(capsys, "run_showcase", *arguments, code=2)

    assert printed["error"]["field"] == field
    assert not Run.objects.exists()


def test_one_observation_is_refused_before_a_run_exists(
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_version(np.array([[5.0]]), by=make_user("planner"))

    error = answer(capsys, "run_showcase", "--dataset", "shop", code=2)["error"]

    assert error["field"] == "horizon"
    assert "need 72 days; there are 1" in error["detail"]
    assert not Run.objects.exists()


def test_a_run_is_kept_under_a_name_that_no_other_has(capsys: pytest.CaptureFixture[str]) -> None:
    alice = make_user("planner")
    make_version(by=alice)
    asked = ("run_showcase", "--dataset", "shop", "--models", "naive", "--keep")

    number = answer(capsys, *asked, "weekly")["run"]
    taken = answer(capsys, *asked, "weekly", code=2)["error"]
    unusable = answer(capsys, *asked, "Weekly!", code=2)["error"]
    by_number = answer(capsys, *asked)["run"]

    assert (taken["field"], taken["detail"]) == (
        "keep",
        "A run is kept as 'weekly' already. Choose another name.",
    )
    assert unusable["field"] == "keep"
    listed = {one["run"]: one["workspace"] for one in answer(capsys, "list_runs")["items"]}
    assert listed == {number: "weekly", by_number: f"run-{by_number}"}


def test_options_in_a_file_give_way_to_those_beside_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    make_user("planner")
    file = tmp_path / "run.json"
    file.write_text(
        json.dumps({"scenario": "sparse", "seed": 7, "horizon": 9, "simulate": {"stores": 2}})
    )
    asked = ("run_showcase", "--config", str(file), "--dry-run")

    config = answer(capsys, *asked, "--horizon", "7", "--set", "products=12")["config"]
    other = answer(capsys, *asked, "--scenario", "demo_minimal")["config"]
    file.write_text('{"colour": "red"}')
    unknown = answer(capsys, *asked, code=2)["error"]
    file.write_text("[]")
    no_object = answer(capsys, *asked, code=2)["error"]
    file.write_text("[" * 100_000 + "]" * 100_000)
    too_deep = answer(capsys, *asked, code=2)["error"]
    file.unlink()

    assert (config["scenario"], config["seed"], config["horizon"]) == ("sparse", 7, 7)
    assert (config["simulate"]["stores"], config["simulate"]["products"]) == (2, 12)
    assert other["scenario"] == "demo_minimal"
    assert (unknown["field"], no_object["field"]) == ("colour", "config")
    assert too_deep["detail"].endswith("is nested too deep.")
    assert answer(capsys, *asked, code=2)["error"]["field"] == "config"


def test_a_focus_that_the_sales_do_not_have_is_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_version(by=make_user("planner"))
    asked = ("run_showcase", "--dataset", "shop", "--focus", "S9:P9")

    (warned,) = answer(capsys, *asked, "--dry-run")["warnings"]
    answer(capsys, *asked)
    run = Run.objects.get()
    for _ in range(20):
        if run.steps.get(name="status").outcome:
            break
        run_job(run.job, rounds=1)

    row = run.steps.get(name="status")
    assert "There is no series 'S9:P9' in shop@1" in warned
    assert row.outcome == "warn"
    assert "There is no series 'S9:P9'" in row.detail
    assert row.data["focus"] in row.detail
    assert not row.data["user_scope_applied"]


def test_a_queued_run_is_cancelled_by_its_number(capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(by=make_user("planner"))

    printed = answer(capsys, "cancel_run", str(run.pk))

    assert printed == {"run": run.pk, "status": "cancelled"}
    assert answer(capsys, "cancel_run", str(run.pk), code=1)["error"]["code"] == "run_finished"
    assert answer(capsys, "cancel_run", "999999", code=2)["error"]["code"] == "no_such_run"


def test_runs_are_listed_newest_first_page_by_page(capsys: pytest.CaptureFixture[str]) -> None:
    planner = make_user("planner")
    numbers = [make_run(by=planner).pk for _ in range(3)]

    first = answer(capsys, "list_runs", "--limit", "2")
    rest = answer(capsys, "list_runs", "--limit", "2", "--cursor", first["next"])

    assert [one["run"] for one in first["items"]] == [numbers[2], numbers[1]]
    assert [one["run"] for one in rest["items"]] == [numbers[0]]
    assert rest["next"] is None
    assert answer(capsys, "list_runs", "--status", "failed")["items"] == []
    assert answer(capsys, "list_runs", "--cursor", "x", code=2)["error"]["field"] == "cursor"
    assert answer(capsys, "list_runs", "--limit", "0", code=2)["error"]["field"] == "limit"


def test_runs_of_others_datasets_are_not_listed(capsys: pytest.CaptureFixture[str]) -> None:
    alice = make_user()
    make_user("planner")
    make_version(by=alice).dataset.readers.add(make_group("readers"))
    make_run(by=alice)

    assert answer(capsys, "list_runs")["items"] == []
