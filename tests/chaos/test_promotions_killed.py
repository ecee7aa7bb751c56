"""A worker that dies while an alias is moved to teach leaves it where it was."""

from __future__ import annotations

import os
import signal

import pytest

from forecastlab.forecasting.models import Alias, Promotion
from tests.factories import make_run, make_sales, make_version
from tests.jobs_lab.workers import Lab, over

pytestmark = pytest.mark.chaos


def test_an_alias_is_put_back_after_a_kill_between_its_swap_and_its_return(lab: Lab) -> None:
    make_version(make_sales(120, 4))
    lab.beat()
    lab.worker(size=2)
    lab.arm("alias-swapped")
    models = ["naive", "seasonal_naive", "lightgbm"]
    run = make_run(table="long", models=models, horizon=7, folds=2)
    assert run.job is not None

    held = lab.held_at("alias-swapped")
    moved = Alias.objects.get().model_run_id
    os.kill(held, signal.SIGKILL)

    assert over(run.job, within=120).status == "succeeded"
    served = run.steps.get(name="register").data["run_id"]
    swap = Promotion.objects.get()
    assert (swap.before_id, swap.after_id, swap.restored) == (served, moved, True)
    assert Alias.objects.get().model_run_id == served
    assert run.steps.get(name="safer_promote_flow").data["restored"] is True
