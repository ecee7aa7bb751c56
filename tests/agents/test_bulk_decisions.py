"""Several approvals that are answered with one reason: each is decided, or refused, by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.models import Approval, Decision
from agents.services import bulk_decisions, decisions
from agents.services.bulk_decisions import Seen
from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from tests.agents.asking import make_approval, make_approver
from tests.agents.test_decision_races import answer, behind
from tests.factories import make_user

pytestmark = pytest.mark.django_db

HIGH = {"risk": "high"}
PHRASE = {"reversible": False, "confirm_phrase": lambda _context, _bound: "rye"}
TWO = {"approvals_needed": 2}


@pytest.fixture
def browser(client: Client, dora: User) -> Client:
    client.force_login(dora)
    return client


def tick(approval: Approval) -> str:
    return f"{approval.pk}:{approval.version}:{approval.digest}"


def send(browser: Client, verdict: str, *ticks: str, **given: Any) -> Any:
    url = reverse("agents:approvals-decide")
    return browser.post(url, {"verdict": verdict, "pick": ticks, **given}, follow=True)


def inbox(browser: Client, **query: str) -> str:
    return browser.get(reverse("agents:approvals"), query).content.decode()


def test_ticked_ones_are_decided_with_one_reason_and_one_name(
    browser: Client, alice: User, dora: User
) -> None:
    asked = [make_approval(alice, loaves=loaves) for loaves in (5, 6, 7)]
    assert all(f'value="{tick(one)}"' in inbox(browser) for one in asked)

    answered = send(browser, "approve", *map(tick, asked[:2]), reason="Seen with the buyer")

    assert [one.status for one in Approval.objects.order_by("pk")] == ["approved"] * 2 + ["open"]
    assert {(one.decided_by, one.reason) for one in Decision.objects.all()} == {
        (dora, "Seen with the buyer")
    }
    shown = answered.content.decode()
    assert "2 were decided" in shown
    assert "Bake 5 loaves of rye" in shown.partition("answers-told")[2]
    batches = Event.objects.filter(kind="approval.approved").values_list("payload__batch")
    assert len(batches) == 2
    assert len({*batches}) == 1
    assert "2 were decided" not in inbox(browser)


def test_each_refusal_is_told_by_itself_and_stops_no_other(
    browser: Client, alice: User, dora: User
) -> None:
    changed, first, high = (make_approval(alice, loaves=n) for n in (1, 2, 3)), alice, HIGH
    stale, taken, fine = changed
    risky, typed = make_approval(alice, tool=high), make_approval(alice, tool=PHRASE)
    shared, mine = make_approval(alice, tool=TWO), make_approval(dora, tool={**HIGH})
    late = make_approval(alice, loaves=9)
    Approval.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    answer(taken, "reject", first)
    ticks = [tick(one) for one in (taken, risky, typed, shared, mine, late, fine)]

    shown = send(browser, "approve", f"{stale.pk}:7:{stale.digest}", *ticks).content.decode()

    told = shown.partition("answers-told")[2].partition("</section>")[0]
    assert "1 was decided, 7 not" in told
    for why in (
        "What is asked is not what you saw",
        "alice has rejected it before you. Your answer was not used.",
        "High risk: decide it by itself.",
        "Words must be typed: decide it by itself.",
        "Two people must agree: decide it by itself.",
        "The time for an answer is over",
    ):
        assert f"Not decided: {why}" in told
    assert [one.approval for one in Decision.objects.filter(decided_by=dora)] == [fine]


def test_what_is_decided_by_itself_cannot_be_ticked_and_says_why(
    browser: Client, alice: User
) -> None:
    fine = make_approval(alice)
    alone = {
        make_approval(alice, tool=HIGH): "High risk: decide it by itself.",
        make_approval(alice, tool=PHRASE): "Words must be typed: decide it by itself.",
        make_approval(alice, tool=TWO): "Two people must agree: decide it by itself.",
    }

    shown = inbox(browser)

    assert f'value="{tick(fine)}"' in shown
    for one, why in alone.items():
        row = shown.partition(f'id="approval-{one.pk}-row"')[2].partition("</li>")[0]
        assert "disabled" in row
        assert why in row
        assert 'name="pick"' not in row


def test_who_decides_nothing_ticks_nothing(client: Client, alice: User) -> None:
    approval = make_approval(alice)
    for person in (make_approver("vera", "viewer"), make_approver("paul", "planner")):
        client.force_login(person)
        assert 'name="pick"' not in inbox(client, view="open")
        send(client, "approve", tick(approval))
    client.force_login(make_user("charlie", role="approver"))
    hidden = send(client, "approve", tick(approval)).content.decode()

    assert "There is no such approval, or not for you." in hidden
    assert "Bake" not in hidden.partition("answers-told")[2]
    assert Approval.objects.get().is_open


@pytest.mark.parametrize("ticks", [(), ("1",), ("1:1:x",), ("a:b:c", "\x00")])
def test_without_a_tick_nothing_is_decided(browser: Client, ticks: tuple[str, ...]) -> None:
    shown = send(browser, "approve", *ticks, query="?view=open&next=//evil.example")

    assert "Tick at least one approval." in shown.content.decode()
    assert shown.redirect_chain[0][0] == "/approvals/?view=open"
    assert "cannot be read" in send(browser, "perhaps").content.decode()


def test_a_reason_that_is_missing_is_told_of_the_one_that_needs_it(
    browser: Client, alice: User
) -> None:
    needs, fine = make_approval(alice, tool={"requires_reason_on": "reject"}), make_approval(alice)

    shown = send(browser, "reject", tick(needs), tick(fine), reason=" ").content.decode()

    assert "Not decided: This answer needs a reason." in shown
    assert [one.approval for one in Decision.objects.all()] == [fine]


def test_a_long_inbox_with_ticks_asks_no_more_often(
    browser: Client, alice: User, django_assert_max_num_queries: Any
) -> None:
    for loaves in range(12):
        make_approval(alice, loaves=loaves)

    with django_assert_max_num_queries(22):
        inbox(browser)


def test_programs_answer_several_and_are_told_of_each(browser: Client, alice: User) -> None:
    fine, risky = make_approval(alice), make_approval(alice, tool=HIGH)
    url = reverse("api:approvals-decide")
    seen = [
        {"approval": one.pk, "version": one.version, "digest": one.digest} for one in (fine, risky)
    ]

    def post(**given: Any) -> Any:
        return browser.post(url, {"verdict": "approve", "approvals": seen, **given}, JSON)

    done, again = post(), post()
    many = [{**seen[0], "approval": number} for number in range(1, 102)]
    refused = [post(approvals=[]), post(approvals=many), post(verdict="maybe")]

    assert done.json()["decided"] == [{"approval": fine.pk, "status": "approved"}]
    assert [one["code"] for one in done.json()["refused"]] == ["high_risk"]
    assert {one["code"] for one in again.json()["refused"]} == {"decided_already", "high_risk"}
    assert [one.status_code for one in refused] == [422, 422, 422]
    browser.logout()
    assert post().status_code == 401


JSON = "application/json"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_answer_the_same_ones_at_once_each_is_taken_once() -> None:
    alice = make_user()
    first, second = make_approval(alice), make_approval(alice)
    dora = make_approver()
    both = [Seen(one.pk, 1, one.digest) for one in (first, second)]

    def all_by_dora() -> str:
        told = bulk_decisions.decide(both, "reject", by=dora, at=timezone.now())
        return " ".join(one.code or one.status for one in told.all)

    told = behind(lambda: answer(first, "approve", alice), all_by_dora)

    assert told == "decided_already rejected"
    assert sorted(Approval.objects.values_list("status", flat=True)) == ["approved", "rejected"]
    assert Decision.objects.count() == 2
    assert decisions.VERDICTS == ("approve", "reject")
