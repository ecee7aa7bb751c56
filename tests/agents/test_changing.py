"""Asking for a call with other arguments: who may, what becomes of it, and what the model hears."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.models import Approval, Decision, Invocation, Session
from agents.services import changing, decisions
from forecastlab.accounts.models import User
from forecastlab.lib import registry
from forecastlab.lib.contributions import Exposure
from forecastlab.lib.errors import HouseError
from tests.agents.asking import make_approval, make_approver, make_tool
from tests.agents.factories import advance, start
from tests.agents.fake_chat import FakeChat
from tests.agents.test_decision_races import answer, behind
from tests.factories import make_user

pytestmark = pytest.mark.django_db

OPTIONS: dict[str, Any] = {
    "sensitive": ("note",),
    "exposure": lambda _context, bound: Exposure(bound.loaves, "loaves"),
}
SECRET = "family-recipe-0451"


@pytest.fixture
def bake() -> Iterator[dict[str, Any]]:
    """The options of a tool that can be found by its name."""
    with registry.contributing("agent_tools", make_tool(**OPTIONS)):
        yield OPTIONS


def url_of(approval: Approval) -> str:
    return reverse("agents:approval-change", args=[approval.pk])


def filled(browser: Client, approval: Approval) -> dict[str, str]:
    """Return what the form holds as it is shown."""
    form = browser.get(url_of(approval)).context["form"]
    return {one.html_name: str(one.value()) for one in form}


def send(browser: Client, approval: Approval, **given: str) -> Any:
    fields = {f"argument-{name}": value for name, value in given.items() if name != "reason"}
    reason = {"reason": given.get("reason", "")}
    return browser.post(
        url_of(approval), {**filled(browser, approval), **fields, **reason}, follow=True
    )


def change(approval: Approval, by: User, version: int = 1, **given: Any) -> Approval:
    seen = {"version": version, "digest": approval.digest, "at": timezone.now()}
    return changing.change(approval.pk, given, by=by, **seen)


def code(approval: Approval, by: User, **given: Any) -> str:
    """Change, and say how it went."""
    try:
        return str(change(approval, by, **given).invocation.arguments)
    except HouseError as error:
        return f"{error.code}: {error.message}"


# -- from page to effect --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_was_changed_runs_once_somebody_else_agrees_and_the_model_is_told(
    chat: FakeChat, client: Client, tmp_path: Path
) -> None:
    alice, dora = make_user(), make_user("dora", role="approver")
    message = "lab_look a; lab_write b; mark_resolved"
    session = advance(start(message, by=alice, dataset="", skill="lab"))
    old = Approval.objects.open().get()
    client.force_login(dora)

    shown = client.get(old.get_absolute_url()).content.decode()
    asked = send(client, old, text="c", reason="B is taken")
    new = Approval.objects.open().get()
    refused = answer(new, "approve", dora)
    session = advance(session)
    assert (session.status, effects(tmp_path)) == ("waiting", [])
    assert answer(new, "approve", alice) == "approve"
    session = advance(session)

    assert f'href="{url_of(old)}"' in shown
    page = asked.content.decode()
    assert asked.redirect_chain[-1][0] == new.get_absolute_url()
    assert "Changed by dora" in page
    assert "<s>b</s> <strong>c</strong>" in page
    assert "You changed it: somebody else must approve." in page
    assert refused.startswith("not_yours: You changed it")
    assert (session.status, session.outcome) == ("succeeded", "resolved")
    assert effects(tmp_path) == ["c"]
    old.refresh_from_db()
    assert (old.status, old.invocation.status) == ("withdrawn", "cancelled")
    assert Decision.objects.get(approval=old).reason.endswith("B is taken")
    told = client.get(old.get_absolute_url()).content.decode()
    assert "Changed by dora: it was asked anew." in told
    assert f'href="{new.get_absolute_url()}">What is asked instead' in told
    assert_told(chat)


def effects(tmp_path: Path) -> list[str]:
    lines = (tmp_path / "effects").read_text().splitlines()
    return [line.partition(" ")[2] for line in lines]


def assert_told(chat: FakeChat) -> None:
    """The model hears of its own call alone, and of what was done instead."""
    heard = chat.requests[-1][1]["messages"]
    calls = [one["function"] for line in heard for one in line.get("tool_calls") or ()]
    assert [one["name"] for one in calls] == ["lab_look", "lab_write"]
    assert json.loads(calls[1]["arguments"]) == {"text": "b"}
    result = json.loads(heard[-1]["content"])
    assert result["status"] == "succeeded"
    assert 'A person changed the arguments to {"text": "c"}.' in result["detail"]
    assert result["data"] == {"text": "c"}


@pytest.mark.django_db(transaction=True)
def test_a_no_to_what_was_changed_is_told_to_the_model_too(chat: FakeChat) -> None:
    alice, dora = make_user(), make_user("dora", role="approver")
    session = advance(start("lab_write b; mark_resolved", by=alice, dataset="", skill="lab"))
    first = change(Approval.objects.open().get(), alice, text="c")
    second = change(first, dora, text="d")
    answer(second, "reject", dora)

    advance(session)

    heard = json.loads(chat.requests[-1][1]["messages"][-1]["content"])
    assert heard["status"] == "rejected"
    assert 'changed the arguments to {"text": "d"}' in heard["detail"]
    statuses = session.invocations.filter(tool="lab_write").order_by("pk")
    assert [one.status for one in statuses] == ["cancelled", "cancelled", "rejected"]


# -- what may be changed, and into what -----------------------------------------------------------


def test_what_is_wrong_is_said_at_its_field_and_nothing_changes(
    client: Client, alice: User, dora: User, bake: dict[str, Any]
) -> None:
    approval = make_approval(alice, tool=bake)
    client.force_login(dora)

    wrong = send(client, approval, loaves="many")
    same = send(client, approval)
    stale = client.post(url_of(approval), {**filled(client, approval), "version": "7"} | LESS)

    assert wrong.status_code == 422
    field = wrong.content.decode().partition('name="argument-loaves"')[2]
    assert "valid integer" in field.partition("</div>")[0]
    assert 'value="many"' in wrong.content.decode()
    assert (same.status_code, stale.status_code) == (422, 409)
    assert "This is what is asked for already" in same.content.decode()
    assert Approval.objects.get().is_open
    assert not Decision.objects.exists()


LESS = {"argument-loaves": "5"}


def test_secrets_are_neither_shown_nor_changed_and_stay(
    client: Client, alice: User, dora: User, bake: dict[str, Any]
) -> None:
    approval = make_approval(alice, tool=bake, note=SECRET, api_key="k-451-secret")
    client.force_login(dora)

    shown = client.get(url_of(approval)).content.decode()
    refused = [code(approval, dora, **{name: "x"}) for name in ("note", "api_key", "session")]
    new = change(approval, dora, loaves=5)

    assert SECRET not in shown
    assert "k-451" not in shown
    assert 'name="argument-loaves"' in shown
    assert 'name="argument-note"' not in shown
    assert "kept as it is: note, api key" in shown or "kept as it is: api key, note" in shown
    assert all(one.startswith("bad_input: The argument") for one in refused)
    kept = changing._arguments(new.invocation)
    assert kept == {"loaves": 5, "name": "rye", "note": SECRET, "api_key": "k-451-secret"}
    assert SECRET not in str(Invocation.objects.defer("sealed").values())


def test_policy_never_lets_a_changed_call_through(
    alice: User, dora: User, bake: dict[str, Any]
) -> None:
    options = {**bake, "base_score": 95}
    with registry.contributing("agent_tools", make_tool("toast", **options)):
        approval = make_approval(alice, tool=options, loaves=500)
        Invocation.objects.update(tool="toast")
        new = change(approval, dora, loaves=3)

    assert approval.lane == "review"
    assert (new.lane, new.is_open) == ("inline", True)
    assert {one["code"] for one in new.reasons} >= {"changed"}


# -- who may --------------------------------------------------------------------------------------


def test_who_may_not_answer_changes_nothing(
    client: Client, alice: User, bake: dict[str, Any]
) -> None:
    approval = make_approval(alice, tool={**bake, "risk": "high"})
    told = {
        "alice": code(approval, alice, loaves=5),
        "paul": code(approval, make_approver("paul", "planner"), loaves=5),
        "vera": code(approval, make_approver("vera", "viewer"), loaves=5),
        "charlie": code(approval, make_user("charlie", role="approver"), loaves=5),
    }
    client.force_login(alice)
    page = client.get(url_of(approval), follow=True)

    assert [one.partition(":")[0] for one in told.values()] == [
        "not_yours",
        "not_yours",
        "not_allowed",
        "no_such_approval",
    ]
    assert page.redirect_chain[0][0] == approval.get_absolute_url()
    assert "Change to…" not in page.content.decode()
    assert Approval.objects.get().is_open


def test_at_high_risk_neither_who_asked_nor_who_changed_it_approves_alone(
    client: Client, dora: User, bake: dict[str, Any]
) -> None:
    owner, emil = make_approver("olga", "admin"), make_approver("emil")
    options = {**bake, "risk": "high"}
    with registry.contributing("agent_tools", make_tool("toast", **options)):
        approval = make_approval(owner, tool=options)
        Invocation.objects.update(tool="toast")
        new = change(approval, dora, loaves=5)
    client.force_login(dora)
    for_dora = client.get(reverse("agents:approvals-count")).content.decode()
    client.force_login(emil)
    for_emil = client.get(reverse("agents:approvals-count")).content.decode()

    assert answer(new, "approve", owner).startswith("not_yours")
    assert answer(new, "approve", dora).startswith("not_yours")
    assert "waiting for you" not in for_dora
    assert "waiting for you" in for_emil
    assert answer(new, "approve", emil) == "approve"
    assert new.requested_by == dora


def test_who_has_agreed_changes_nothing_any_more(
    alice: User, dora: User, bake: dict[str, Any]
) -> None:
    approval = make_approval(alice, tool={**bake, "approvals_needed": 2})
    assert answer(approval, "approve", dora) == "approve"

    told = code(approval, dora, version=2, loaves=5)

    assert told.startswith("answered_already")
    assert Approval.objects.get().is_open


# -- programs, and two at once --------------------------------------------------------------------


def test_programs_change_and_are_told_what_is_asked_instead(
    client: Client, alice: User, dora: User, bake: dict[str, Any]
) -> None:
    approval = make_approval(alice, tool=bake)
    url = reverse("api:approval-change", args=[approval.pk])
    seen = {"version": approval.version, "digest": approval.digest}
    client.force_login(dora)

    def post(**arguments: Any) -> Any:
        return client.post(url, {**seen, "arguments": arguments}, "application/json")

    bad, unknown, done, again = post(loaves="x"), post(oven=1), post(loaves=5), post(loaves=6)

    assert (bad.status_code, bad.json()["code"]) == (422, "bad_arguments")
    assert (unknown.status_code, unknown.json()["field"]) == (422, "oven")
    assert done.status_code == 201
    assert done.json()["instead_of"] == approval.pk
    assert done.json()["arguments"]["loaves"] == 5
    assert (done.json()["requested_by"], done.json()["may_approve"]) == ("dora", False)
    assert again.status_code == 409
    assert "dora has changed it before you" in again.json()["detail"]
    old = client.get(reverse("api:approval-read", args=[approval.pk])).json()
    assert (old["status"], old["asked_instead"]) == ("withdrawn", done.json()["id"])


@pytest.mark.django_db(transaction=True)
def test_of_two_who_change_or_answer_at_once_one_wins(bake: dict[str, Any]) -> None:
    alice, dora = make_user(), make_approver()
    first, second, third = (make_approval(alice, tool=bake) for _ in range(3))

    twice = behind(lambda: change(first, alice, loaves=5), lambda: code(first, dora, loaves=6))
    late = behind(lambda: change(second, dora, loaves=5), lambda: answer(second, "approve", alice))
    lost = behind(lambda: answer(third, "approve", alice), lambda: code(third, dora, loaves=5))

    assert twice.startswith("approval_withdrawn: alice has changed it before you")
    assert late.startswith("approval_withdrawn: dora has changed it before you")
    assert lost.startswith("decided_already: alice has approved it before you")
    assert Invocation.objects.exclude(replaces=None).count() == 2
    assert Decision.objects.filter(verdict="approve").count() == 1


def test_a_session_that_is_over_has_nothing_to_change(
    alice: User, dora: User, bake: dict[str, Any]
) -> None:
    approval = make_approval(alice, tool=bake)
    Session.objects.update(status="cancelled", finished_at=timezone.now())

    assert code(approval, dora, loaves=5).startswith("session_over")
    assert issubclass(decisions.SessionOver, HouseError)
