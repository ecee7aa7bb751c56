"""Every preset of the simulator can be run, in the size of a run."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from forecastlab.warehouse.domain.simulator.presets import SCENARIOS
from tests.factories import make_run, make_user, work_off

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_is_planned_in_its_size(
    scenario: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_user("alice")

    asked = ["--scenario", scenario, "--as-of", "2026-11-21", "--dry-run", "--json"]
    call_command("run_showcase", *asked, "--as", "alice")

    drawn = json.loads(capsys.readouterr().out)["config"]["simulate"]
    size = {name: drawn[name] for name in ("stores", "products", "window_days")}
    assert (drawn["preset"], drawn["as_of"]) == (scenario, "2026-11-21")
    assert size == SCENARIOS[scenario]


def test_the_window_of_the_rush_is_locked_in_a_run_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_user("alice")

    asked = ["--scenario", "holiday_rush", "--set", "window_days=100", "--dry-run", "--json"]
    with pytest.raises(SystemExit):
        call_command("run_showcase", *asked, "--as", "alice")

    assert json.loads(capsys.readouterr().out)["error"]["field"] == "window_days"


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_runs_to_its_end(scenario: str) -> None:
    """Small worlds show it too; of sparse ones, what cannot be judged is listed."""
    small = {"stores": 2, "products": 4}
    small |= {} if scenario == "holiday_rush" else {"window_days": 91}
    asked = {"as_of": "2026-11-21", "models": ["naive", "ses"], "table": "short"}

    run = work_off(make_run(scenario=scenario, simulate=small, **asked))
    judged = run.steps.get(name="backtest").data

    assert run.status == "succeeded"
    assert judged["series_judged"] + judged["series_skipped"] == run.version.series_count
    assert len(judged["skipped"]) == judged["series_skipped"]
    assert all(one["reason"] for one in judged["skipped"])
