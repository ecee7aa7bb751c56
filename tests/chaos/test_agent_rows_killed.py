"""A run whose worker is killed in the row of an agent asks its question once."""

from __future__ import annotations

import os
import signal

import pytest
from django.utils import timezone

from agents.models import Approval, Session
from agents.services import checking, decisions
from forecastlab.planning.models import Plan
from tests.agents.factories import make_judged
from tests.factories import make_group, make_run, make_user
from tests.jobs_lab.workers import Lab, over, wait_for

# Each death takes some seconds to be noticed; a loaded machine needs longer.
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

ROW = "agent_hitl_flow"
ASKED = {
    "dataset": "shop",
    "table": "long",
    "models": ["naive"],
    "horizon": 7,
    "folds": 2,
    "approval_patience_s": 300,
}


def kill_at(lab: Lab, barrier: str) -> None:
    """Kill who stands at a barrier, so that it can be armed again."""
    held = lab.held_at(barrier)
    os.kill(held, signal.SIGKILL)
    (lab.barriers / f"{barrier}.{held}").unlink()


def test_a_run_killed_in_the_row_of_an_agent_asks_once_and_saves_one_plan(lab: Lab) -> None:
    make_judged(make_user())
    lab.env["FORECASTLAB_LLM"] = "planner"
    lab.beat()
    lab.worker(size=2)
    dora = make_user("dora", role="approver")
    dora.groups.add(make_group("readers"))
    gate = f"before-close-{ROW}"

    lab.arm(gate)  # once its session is begun, before the row says that it waits
    run = make_run(**ASKED)
    begun = Session.objects.filter(run=run)
    wait_for(begun.exists, what="the run to come to its agent", within=300)
    kill_at(lab, gate)
    wait_for(Approval.objects.open().exists, what="the agent to ask", within=120)
    plans = Plan.objects.count()
    (asked,) = Approval.objects.open()
    lab.arm(gate)  # once it knows the answer, or before it waits for it again
    decisions.decide(
        asked.pk, "approve", by=dora, version=asked.version, digest=asked.digest, at=timezone.now()
    )
    kill_at(lab, gate)
    assert run.job is not None
    over(run.job, within=120)

    run.refresh_from_db()
    assert (run.status, run.steps.get(name=ROW).outcome) == ("succeeded", "pass")
    session = begun.get()
    saved = session.invocations.filter(tool="save_plan").values_list("status", flat=True)
    assert (session.outcome, list(saved)) == ("resolved", ["succeeded"])
    assert Plan.objects.count() == plans + 1
    assert checking.findings() == []
