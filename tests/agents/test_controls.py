"""Orders, budgets, prices and policies: what holds agents, and who may say so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents import checks
from agents.domain import budgets as counting
from agents.models import ActionPolicy, BudgetPeriod, Control, CostEntry
from agents.queries import control_list
from agents.services import actors, budgets, controls, gating, orders
from agents.services.budgets import Used
from agents.services.controls import Scope
from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from forecastlab.lib.errors import BadInput, NotAllowed
from tests.agents.asking import make_approval, make_approver, make_session, make_tool
from tests.factories import make_user

pytestmark = pytest.mark.django_db

LAB = Scope("lab")


@pytest.fixture
def oscar() -> User:
    return make_approver("oscar", "operator")


def give(order: str, about: Scope, by: User, **given: Any) -> Control:
    return orders.give(order, about, by=by, at=timezone.now(), **{"reason": "", **given})


def test_the_strictest_of_the_newest_orders_stands(alice: User, oscar: User) -> None:
    here, there = make_session(alice), make_session(alice, "other")
    data = Scope("dataset", str(here.dataset_id))

    give("drain", LAB, oscar)
    give("hold", data, oscar)
    assert controls.standing(here) == controls.standing(there) == "drain"
    give("resume", LAB, oscar)
    assert (controls.standing(here), controls.standing(there)) == ("hold", "")
    give("resume", data, oscar)
    assert controls.standing(here) == ""

    give("hold", Scope("actor", "agent-experiment"), oscar)
    assert controls.standing(there) == "hold"


def test_an_order_ends_by_itself(alice: User, oscar: User) -> None:
    session = make_session(alice)
    give("hold", LAB, oscar, expires_at=timezone.now() + timedelta(hours=1))
    assert controls.standing(session) == "hold"

    Control.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert controls.standing(session) == ""
    with pytest.raises(BadInput):
        give("hold", LAB, oscar, expires_at=timezone.now() - timedelta(hours=1))


def test_an_abort_stops_what_it_is_about(alice: User, oscar: User) -> None:
    approval = make_approval(alice)
    other = make_session(alice, "other")

    give("abort", Scope("dataset", str(approval.invocation.session.dataset_id)), oscar)

    approval.refresh_from_db()
    approval.invocation.session.refresh_from_db()
    other.refresh_from_db()
    assert approval.status == "withdrawn"
    assert (approval.invocation.session.status, other.status) == ("cancelled", "running")


def test_only_people_give_orders(alice: User) -> None:
    agent = actors.agent_user("experiment")

    for by in (alice, agent, actors.policy_user()):
        for order in ("hold", "resume"):
            with pytest.raises(NotAllowed):
                give(order, LAB, by)

    assert not Control.objects.exists()


@pytest.mark.parametrize(
    "text", ["", "lab:x", "dataset", "dataset:nowhere", "actor:nobody", "world", "ticket:"]
)
def test_an_order_is_about_something_that_is_there(oscar: User, text: str) -> None:
    with pytest.raises((controls.NoSuchScope, controls.NoSuchSubject)):
        controls.scope(text, by=oscar)


def _broken(execute: Any, sql: str, *given: Any) -> Any:
    if "agents_control" in sql or "agents_budgetperiod" in sql:
        raise DatabaseError("the disk is gone")
    return execute(sql, *given)


def test_what_cannot_be_read_holds_everything(alice: User) -> None:
    session = make_session(alice)

    with connection.execute_wrapper(_broken):
        assert controls.standing(session) == "hold"
        assert budgets.left("experiment", timezone.now()).stops == "unknown"


def test_orders_are_given_on_the_page_by_the_api_and_by_command(
    client: Client, alice: User, oscar: User, capsys: pytest.CaptureFixture[str]
) -> None:
    make_session(alice)
    url, api = reverse("agents:controls"), reverse("api:control-list")
    client.force_login(oscar)

    wrong = client.post(url, {"order": "hold", "scope": "lab", "reason": ""})
    given = {"order": "hold", "scope": "dataset:shop", "reason": "Stocktaking"}
    page = client.post(url, given, follow=True).content.decode()
    resumed = client.post(api, {"order": "resume", "scope": "dataset:shop"}, "application/json")
    call_command("set_control", "drain", "--as", "oscar", "--reason", "Night", "--json")
    listed = client.get(api).json()["items"]
    client.force_login(alice)
    refused = client.post(url, given), client.post(api, given, "application/json")

    assert wrong.status_code == 422
    assert "Held: Dataset shop" in page
    assert resumed.status_code == 201
    assert json.loads(capsys.readouterr().out)["order"] == "drain"
    assert [(one["scope"], one["stands"]) for one in listed] == [
        ("lab", True),
        ("dataset:shop", True),
        ("dataset:shop", False),
    ]
    assert [one.status_code for one in refused] == [403, 403]


def test_a_user_who_is_called_by_a_number_is_no_dataset(alice: User, oscar: User) -> None:
    number = str(make_session(alice).dataset_id)
    make_user(number)
    give("hold", Scope("dataset", number), oscar)
    give("hold", Scope("actor", number), oscar)

    shown = control_list.page(oscar, now=timezone.now())

    assert [row.scope for row in shown.rows] == [f"actor:{number}", "dataset:shop"]
    assert shown.title == f"Held: Agent {number}, Dataset shop"


def test_an_order_of_long_ago_that_still_stands_is_told_first(alice: User, oscar: User) -> None:
    give("hold", Scope("dataset", str(make_session(alice).dataset_id)), oscar)
    for _ in range(control_list.LATEST):
        give("resume", Scope("lab", ""), oscar)

    shown = control_list.page(oscar, now=timezone.now())

    assert (shown.title, any(row.holds for row in shown.rows)) == ("Held: Dataset shop", False)


def test_strangers_learn_nothing_of_orders_about_a_dataset(alice: User, oscar: User) -> None:
    give("hold", Scope("dataset", str(make_session(alice).dataset_id)), oscar)

    charlie = make_user("charlie")
    shown = control_list.page(charlie, now=timezone.now())

    assert (shown.rows, shown.title) == ([], "No order holds agents")
    assert followed(charlie, "controls.all") == [
        ("control.issued", {"control": Control.objects.get().pk})
    ]


def followed(by: User, stream: str) -> list[tuple[str, dict[str, Any]]]:
    """What somebody reads on a stream."""
    client = Client()
    client.force_login(by)
    told = client.get(reverse("api:stream-events", args=[stream])).json()["events"]
    return [(one["kind"], one["payload"]) for one in told]


def test_an_order_that_stands_is_shown_however_many_came_after_it(oscar: User) -> None:
    give("hold", Scope("lab"), oscar)
    for number in range(control_list.LATEST):
        give("resume", Scope("actor", f"agent-{number}"), oscar)

    shown = control_list.page(oscar, now=timezone.now())

    assert shown.title == "Held: All agents"


@pytest.mark.parametrize(
    "moment", ["2999-01-01T00:00:00", "2999-01-01", "9999-12-31T23:59:59-12:00", 1e300]
)
def test_a_moment_that_is_none_is_refused(client: Client, oscar: User, moment: object) -> None:
    client.force_login(oscar)
    given = {"order": "hold", "expires_at": moment}

    told = client.post(reverse("api:control-give"), given, "application/json")

    assert told.status_code in {400, 422}, told.content
    assert not Control.objects.exists()


def test_a_moment_of_any_zone_is_kept_in_utc(client: Client, oscar: User) -> None:
    client.force_login(oscar)
    given = {"order": "hold", "expires_at": "2030-01-01T00:00:00+23:59"}

    told = client.post(reverse("api:control-give"), given, "application/json")

    assert (told.status_code, told.json()["expires_at"]) == (201, "2029-12-31T00:01:00Z")


def test_the_reason_of_an_order_keeps_no_secret(oscar: User) -> None:
    give("hold", Scope("lab"), oscar, reason="Found sk-abcdefgh12345678")

    assert Control.objects.get().reason.startswith("Found [secret")


# -- budgets --------------------------------------------------------------------------------------


def make_budget(scope: str = "lab", key: str = "", **limits: Any) -> BudgetPeriod:
    now = timezone.now()
    span = {"starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=1)}
    return BudgetPeriod.objects.create(scope=scope, key=key, **span, **limits)


def levels(at: datetime, uses: Sequence[int]) -> list[str]:
    session = make_session(make_user())
    found = []
    for tokens in uses:
        budgets.charge(session, Used(tokens_in=tokens), at=at)
        found.append(budgets.left("experiment", at).level)
    return found


def test_a_budget_warns_at_75_and_90_percent_and_stops_at_the_end() -> None:
    make_budget(most_tokens=1000)

    assert levels(timezone.now(), [740, 10, 150, 99, 1]) == ["", "warn", "high", "high", "spent"]
    passed = Event.objects.filter(kind="budget.passed").order_by("pk")
    assert [one.payload["level"] for one in passed] == ["warn", "high", "spent"]


def test_a_spent_budget_lets_nothing_be_asked_for_and_nothing_run(alice: User) -> None:
    approved = make_approval(alice, tool={"base_score": 90})
    make_budget("skill", "experiment", most_calls=0)

    assert make_approval(alice, tool={"base_score": 90}).lane == "refuse"
    with pytest.raises(gating.NotRunnable) as refused:
        gating.check_runnable(approved.invocation, at=timezone.now())
    assert refused.value.code == "no_budget"


def test_budgets_of_other_skills_and_other_days_do_not_count() -> None:
    make_budget("skill", "promotion_review", most_tokens=1)
    past = make_budget(most_tokens=1)
    BudgetPeriod.objects.filter(pk=past.pk).update(ends_at=timezone.now() - timedelta(hours=1))

    assert levels(timezone.now(), [100]) == [""]


def test_a_limit_below_nothing_is_used_up() -> None:
    make_budget(most_tokens=-1)

    assert budgets.left("experiment", timezone.now()).stops == "spent"


def test_money_comes_from_the_price_table(settings: Any) -> None:
    settings.AGENT_PRICES = {"gpt-x": ["2.50", "10"]}
    session, now = make_session(make_user()), timezone.now()
    used = {"tokens_in": 400_000, "tokens_out": 100_000, "provider": "openai"}

    known = budgets.charge(session, Used(**used, model="gpt-x"), at=now)
    own = budgets.charge(session, Used(tokens_in=5), at=now)
    assert (known.money, own.money) == (Decimal(2), 0)
    make_budget(most_money=Decimal(10))
    assert budgets.left("experiment", now).amounts["money"] == 8

    budgets.charge(session, Used(**used, model="unheard-of"), at=now)

    assert budgets.left("experiment", now).stops == "unknown"


def test_a_call_is_charged_once() -> None:
    call = make_approval(make_user()).invocation
    now = timezone.now()

    for _ in range(2):
        budgets.charge(call.session, Used(calls=1), at=now, invocation=call)

    assert CostEntry.objects.count() == 1


@pytest.mark.parametrize("table", [{"m": []}, {"m": ["1"]}, {"m": ["a", "b"]}, {"m": [-1, 1]}])
def test_a_price_table_that_makes_no_sense_stops_the_start(
    settings: Any, table: dict[str, Any]
) -> None:
    settings.AGENT_PRICES = table

    assert [one.id for one in checks.problems_of_prices()] == ["agents.E005"]


def test_the_tightest_of_several_budgets_counts() -> None:
    used = dict.fromkeys(counting.KINDS, Decimal(50))
    none = dict.fromkeys(counting.KINDS)
    wide = counting.left({**none, "tokens": Decimal(1000)}, used)
    tight = counting.left({**none, "tokens": Decimal(60), "calls": Decimal(500)}, used)

    both = counting.least([wide, tight])

    assert (both.amounts["tokens"], both.amounts["calls"], both.amounts["money"]) == (10, 450, None)
    assert both.level == "warn"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"scope": "planet"}, "planet is not one of the available choices"),
        ({"scope": "skill", "key": "nosuch"}, "nosuch is not one of the available choices"),
        ({"scope": "skill"}, "Say which skill."),
        ({"key": "experiment"}, "A budget for all agents names no skill."),
        ({"most_calls": ""}, "Set at least one limit."),
        ({"most_tokens": "-1"}, "A limit is 0 or more."),
        ({"ends_at_0": "2026-11-01"}, "A budget ends after it begins."),
    ],
)
def test_a_budget_that_would_limit_nothing_is_refused(
    client: Client, wrong: dict[str, str], said: str
) -> None:
    client.force_login(make_user("ada", role="admin"))
    url = reverse("admin:agents_budgetperiod_add")
    given = {"scope": "lab", "key": "", "most_calls": "5", "most_tokens": ""}
    given |= {"starts_at_0": "2026-11-22", "starts_at_1": "00:00:00"}
    given |= {"ends_at_0": "2026-11-23", "ends_at_1": "00:00:00"}

    refused = client.post(url, {**given, **wrong})
    count = BudgetPeriod.objects.count()
    client.post(url, given)

    assert (refused.status_code, said in refused.content.decode(), count) == (200, True, 0)
    assert BudgetPeriod.objects.get().most_calls == 5


def test_what_is_over_a_budget_is_shown_as_nothing_left(client: Client, oscar: User) -> None:
    make_budget("skill", "experiment", most_calls=2)
    call = make_approval(oscar).invocation
    budgets.charge(call.session, Used(calls=3), at=timezone.now(), invocation=call)
    client.force_login(oscar)

    page = client.get(reverse("agents:controls")).content.decode()

    assert "Skill “Experiment”<small>0 of 2 calls left" in page


# -- policies -------------------------------------------------------------------------------------


def test_an_admin_publishes_the_next_version_and_changes_none(client: Client) -> None:
    admin = make_user("ada", role="admin")
    client.force_login(admin)
    url = reverse("admin:agents_actionpolicy_add")
    given = {"tool": "save_plan", "risk": "high", "note": "After the audit"}

    first = client.post(url, given)
    client.post(url, {**given, "risk": "medium", "auto_threshold": "95"})
    wrong = client.post(url, {"tool": "save_plan", "auto_threshold": "50"})
    one = ActionPolicy.objects.earliest("version")
    edited = client.post(
        reverse("admin:agents_actionpolicy_change", args=[one.pk]), {**given, "risk": "low"}
    )

    assert first.status_code == 302
    rows = ActionPolicy.objects.order_by("version").values_list("version", "risk", "made_by")
    assert list(rows) == [(1, "high", admin.pk), (2, "medium", admin.pk)]
    assert "the thresholds are 50 (auto) and 60 (inline)" in wrong.content.decode()
    assert edited.status_code == 403
    assert followed(make_user("vera", role="viewer"), "policies.all") == [
        ("policy.published", {"tool": "save_plan", "version": number}) for number in (1, 2)
    ]


def make_policy(tool: str, version: int = 1, **given: Any) -> ActionPolicy:
    by = User.objects.filter(username="ada").first() or make_user("ada", role="admin")
    return ActionPolicy.objects.create(
        tool=tool, version=version, made_by=by, made_at=timezone.now(), **given
    )


def test_the_newest_policy_counts_and_only_makes_stricter(alice: User) -> None:
    tool = make_tool(base_score=90)
    make_policy("bake", 1, is_denied=True)
    milder = make_policy("bake", 2, risk="low", base_score=100, auto_threshold=10)

    rule = gating.rule_of(tool, gating.newest_policy("bake"))
    assert (rule.risk, rule.base_score, rule.auto_threshold) == ("medium", 90, 85)
    assert make_approval(alice, tool={"base_score": 90}).lane == "auto"

    make_policy("bake", 3, exposure_limit=1, approvals_needed=2, requires_reason_on="reject")
    ruled = make_approval(alice, tool={"base_score": 90, "requires_reason_on": "approve"})

    assert (ruled.lane, ruled.approvals_needed, ruled.policy_version) == ("inline", 2, 3)
    assert ruled.requires_reason_on == "both"
    assert milder.version == 2


def test_nobody_but_an_admin_edits_policies(client: Client, alice: User) -> None:
    client.force_login(alice)

    answer = client.post(reverse("admin:agents_actionpolicy_add"), {"tool": "save_plan"})

    assert answer.status_code == 403
    assert not ActionPolicy.objects.exists()
