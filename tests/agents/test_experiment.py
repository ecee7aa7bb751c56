"""The skills with the planner, over sales that were judged: real queries, real tools, one gate."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F

from agents.models import Approval, Session
from forecastlab.accounts.models import User
from forecastlab.forecasting.models import Champion
from forecastlab.planning.models import Plan
from tests.agents.factories import advance, make_judged, start
from tests.factories import make_group, make_user
from tests.warehouse.conftest import worker

__all__ = ["worker"]
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CUT = "Save a plan with a 10% price cut for the weakest series"


@pytest.fixture
def alice(transactional_db: None) -> User:
    alice = make_user()
    make_judged(alice)
    make_user("dora", role="approver").groups.add(make_group("readers"))
    return alice


def command(*arguments: str, by: str) -> tuple[int, dict[str, Any]]:
    """Run a command with --json and return its exit code and the object it printed."""
    out, code = io.StringIO(), 0
    try:
        call_command(*arguments, "--json", "--as", by, stdout=out, stderr=io.StringIO())
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    return code, json.loads(out.getvalue())


def weakest(dataset: str) -> str:
    found = Champion.objects.filter(backtest__version__dataset__name=dataset)
    worst = found.order_by(F("value").desc(nulls_last=True), "series__unique_id").first()
    assert worst is not None
    return worst.series.unique_id


def test_a_plan_is_saved_once_by_one_decision(alice: User, worker: None) -> None:
    code, told = command(
        "run_agent", "experiment", "--dataset", "shop", "--message", CUT, "--wait", by="alice"
    )

    assert (code, told["status"], told["provider"]) == (0, "waiting", "planner"), told
    (asked,) = told["open_approvals"]
    assert Plan.objects.count() == 0
    assert told["invocations"][-1]["tool"] == "save_plan"

    code, decided = command("decide_approval", str(asked["id"]), "approve", by="dora")
    assert (code, decided["status"], decided["decided_by"]) == (0, "approved", ["dora"]), decided
    assert decided["invocation"]["state"] == "succeeded"
    plan = Plan.objects.get()
    (assumed,) = plan.assumptions
    assert assumed["change_pct"] == -0.1
    assert assumed["scope"]["value"] == weakest("shop")

    code, refused = command("decide_approval", str(asked["id"]), "approve", by="dora")
    assert (code, refused["error"]["code"]) == (1, "decided_already")
    assert Plan.objects.count() == 1


def test_arguments_follow_from_the_request_and_from_queries(alice: User) -> None:
    make_judged(alice, name="corner", days=120)
    wanted = {
        ("shop", CUT): (weakest("shop"), -0.1),
        ("corner", "What if the series forecast worst were 20 percent cheaper? Plan it."): (
            weakest("corner"),
            -0.2,
        ),
        ("corner", "Plan: raise the price of S0:P1 by 5 %"): ("S0:P1", 0.05),
    }
    for (dataset, message), (series, change) in wanted.items():
        session = advance(start(message, by=alice, dataset=dataset))
        call = session.invocations.get(tool="save_plan")
        (assumed,) = call.arguments["assumptions"]
        assert session.status == "waiting", session.status_reason
        assert (assumed["scope"]["value"], assumed["change_pct"]) == (series, change)
    assert Approval.objects.open().count() == len(wanted)


def test_questions_are_answered_by_reading_alone(alice: User) -> None:
    answers = {
        "Which series are forecast worst?": weakest("shop"),
        "Which model is best here?": "is best over all series of shop@1",
        "Give me an overview of the dataset": "3 series",
    }
    for message, part in answers.items():
        session = advance(start(message, by=alice))
        assert session.outcome == "resolved", (message, session.outcome_reason)
        assert part in session.outcome_reason
    assert not Approval.objects.open().exists()


def test_a_promotion_is_asked_for_or_left(alice: User) -> None:
    session = advance(start("Should another model serve here?", by=alice, skill="promotion_review"))

    assert session.outcome == "resolved" or session.status == "waiting", session.outcome_reason
    tools = list(session.invocations.order_by("pk").values_list("tool", flat=True))
    assert tools[0] == "list_model_runs"


def test_what_no_rule_reads_needs_a_look(alice: User) -> None:
    session = advance(start("Bake a cake", by=alice))

    assert (session.outcome, session.invocations.count()) == ("needs_review", 0)
    assert "no language model is in use" in session.outcome_reason
    assert Session.objects.count() == 1
