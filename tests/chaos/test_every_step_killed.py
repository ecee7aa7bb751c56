"""A run whose worker is killed once in every step ends as one that nobody disturbed."""

from __future__ import annotations

import hashlib
import os
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps

from forecastlab.events import queries as events
from forecastlab.forecasting.models import Alias, Forecast
from showcase.models import Run
from tests.factories import make_run, make_user
from tests.jobs_lab.workers import Lab, over

# Each death takes some seconds to be noticed; a loaded machine needs longer.
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

# As few series as the batch of the long table makes do with.
ASKED: dict[str, Any] = {
    "scenario": "showcase_rich",
    "as_of": "2026-01-31",
    "simulate": {"stores": 3, "products": 2, "window_days": 90},
    "horizon": 7,
    "folds": 2,
    "models": ["naive", "tsb"],
    "reuse": False,
}
APPS = ("forecasting", "planning", "showcase")
# Forecasts that later judgements take over are made by the first one alone.
FIRST_ALONE = "forecasting.keptforecast"


@dataclass(frozen=True, slots=True)
class Made:
    """What a run leaves behind: `rows` are those it added, by table."""

    result: tuple[Any, ...]
    steps: Sequence[tuple[Any, ...]]
    forecasts: str
    events: Counter[str]
    aliases: Sequence[tuple[str, str]]
    rows: dict[str, int]


def counts() -> dict[str, int]:
    """Return how many rows each table of what runs make holds."""
    found = [apps.get_app_config(label).get_models() for label in APPS]
    return {
        one._meta.label_lower: one._default_manager.count()
        for models in found
        for one in models
        if one._meta.label_lower != FIRST_ALONE
    }


def ran(lab: Lab, *, killed_in: Sequence[str] = (), **options: Any) -> Made:
    """Let the workers do a run; kill whoever has done one of these steps and not yet said so."""
    before = counts()
    for step in killed_in:
        lab.arm(f"before-close-{step}")
    run = make_run(**ASKED, **options)
    assert run.job is not None
    for step in killed_in:
        os.kill(lab.held_at(f"before-close-{step}"), signal.SIGKILL)
    over(run.job, within=120)
    return made(run, before)


def made(run: Run, before: dict[str, int]) -> Made:
    run.refresh_from_db()
    assert run.status == "succeeded", list(run.steps.filter(outcome="fail").values("detail"))
    return Made(
        result=(run.config_hash, run.content_hash, run.winner, run.winner_wape),
        steps=[_told(*row) for row in run.steps.in_order().values_list("name", "outcome", "data")],
        forecasts=_forecasts(run),
        events=Counter(one.kind for one in events.after(run.stream, 0)),
        aliases=list(Alias.objects.order_by("name").values_list("name", "model_run__model")),
        rows={name: count - before[name] for name, count in counts().items()},
    )


def _told(name: str, outcome: str, data: dict[str, Any]) -> tuple[Any, ...]:
    """Return a step with its counts and the metrics of every model, but for how long it took."""
    metrics = {
        model: {key: value for key, value in one.items() if key != "seconds"}
        for model, one in (data.get("per_model") or {}).items()
    }
    return name, outcome, data.get("series_judged"), data.get("series_skipped"), metrics


def _forecasts(run: Run) -> str:
    issue = run.steps.get(name="register").data["issue"]
    issued = Forecast.objects.filter(issue=issue).order_by("series")
    rows = issued.values_list("series__unique_id", "model", "yhat", "lo95", "hi95")
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()


def test_a_run_killed_in_every_step_ends_with_the_same_numbers(lab: Lab) -> None:
    lab.beat()
    lab.worker(size=2)
    make_user()
    ran(lab, table="short")  # so that both runs find a dataset, and an alias that they move
    undisturbed = ran(lab)
    steps = [name for name, *_told in undisturbed.steps]

    disturbed = ran(lab, killed_in=steps)

    assert {"seed", "train", "safer_promote_flow", "batch_preset", "cleanup"} <= set(steps)
    assert {"scenario_simulate_and_save", "multi_plan_compare"} <= set(steps)
    assert undisturbed.rows["forecasting.batchitem"] > 0
    assert disturbed == undisturbed
