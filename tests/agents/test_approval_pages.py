"""The inbox, the decision page, the API and the commands of approvals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.models import Approval, Invocation
from agents.services import decisions, watching
from forecastlab.accounts.models import User
from forecastlab.lib.contributions import Exposure
from tests.agents.asking import make_approval, make_approver
from tests.factories import make_user

pytestmark = pytest.mark.django_db

HIGH = {"risk": "high"}


@pytest.fixture
def browser(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def page(browser: Client, approval: Approval | None = None, **query: str) -> str:
    url = approval.get_absolute_url() if approval else reverse("agents:approvals")
    return browser.get(url, query).content.decode()


def send(browser: Client, approval: Approval, verdict: str, **given: Any) -> Any:
    url = reverse("agents:approval-decide", args=[approval.pk])
    seen = {"version": approval.version, "digest": approval.digest, "verdict": verdict}
    return browser.post(url, {**seen, **given}, follow=True)


def test_the_inbox_shows_what_waits_for_whom(browser: Client, alice: User, dora: User) -> None:
    inline, review = make_approval(alice), make_approval(alice, tool=HIGH, loaves=500)
    told = make_approval(alice, tool={"base_score": 90}, loaves=3)

    mine, everything = page(browser), page(browser, view="open")
    by_risk, no_match = page(browser, view="open", risk="high"), page(browser, risk="low")
    ran = page(browser, view="told")
    browser.force_login(dora)
    for_dora = page(browser)

    assert f"approval-{inline.pk}-row" in mine
    assert f"approval-{review.pk}-row" not in mine
    assert f"approval-{review.pk}-row" in everything
    assert "Within the hour" in everything
    assert f"approval-{inline.pk}-row" not in by_risk
    assert "1 match without “low”" in no_match
    assert f"approval-{told.pk}-row" in ran
    assert f"approval-{review.pk}-row" in for_dora
    assert f"approval-{inline.pk}-row" in for_dora


def test_a_card_on_another_page_is_answered_there_and_keeps_what_was_typed(
    browser: Client, alice: User
) -> None:
    approval = make_approval(alice, tool={"confirm_phrase": lambda *_: "rye"})
    url = reverse("agents:approval-decide", args=[approval.pk])
    seen = {"version": approval.version, "digest": approval.digest, "verdict": "approve"}
    seen |= {"next": "/agents/1/", "reason": "Mine <b>"}

    wrong, right = (
        browser.post(url, {**seen, "phrase": phrase}, headers={"HX-Request": "true"})
        for phrase in ("wheat", "rye")
    )

    said, done = wrong.content.decode(), right.content.decode()
    assert (wrong.status_code, right.status_code) == (422, 200)
    # Without a target htmx leaves out the answer that is an error.
    assert wrong.headers["HX-Retarget"] == f"#approval-{approval.pk}"
    for page in (said, done):
        assert page.count(f'id="approval-{approval.pk}"') == 1
        assert "<html" not in page
    assert "Type exactly: rye" in said
    assert 'value="Mine &lt;b&gt;"' in said
    assert 'value="wheat"' in said
    assert 'name="next" value="/agents/1/"' in said
    assert "Approved by alice" in done
    assert 'hx-swap-oob="beforeend"' in done
    assert "Approved." not in browser.get(reverse("agents:approvals")).content.decode()
    away = browser.post(url, {**seen, "next": "https://elsewhere.example/"})
    assert "elsewhere" not in away.content.decode()


def test_the_home_page_begins_with_what_waits(browser: Client, alice: User) -> None:
    first, second = make_approval(alice, loaves=5), make_approval(alice, tool=HIGH)

    home = browser.get(reverse("showcase:home")).content.decode()
    browser.force_login(make_approver("vera", "viewer"))
    for_vera = browser.get(reverse("showcase:home")).content.decode()

    assert f'href="{first.get_absolute_url()}"' in home
    assert f'href="{second.get_absolute_url()}"' not in home
    assert "Waiting for you <small>1</small>" in home
    assert "Bake 5 loaves" not in for_vera


def test_what_nobody_knows_the_end_of_waits_on_the_home_page(browser: Client, alice: User) -> None:
    call = make_approval(alice).invocation
    Invocation.objects.filter(pk=call.pk).update(status="unknown")
    home = reverse("showcase:home")

    for_alice = browser.get(home).content.decode()
    browser.force_login(make_approver("olga", "operator"))
    for_olga = browser.get(home).content.decode()

    assert "What became of" not in for_alice
    assert "Waiting for you <small>1</small>" in for_olga
    assert f'href="{call.session.get_absolute_url()}">What became of bake?' in for_olga


def test_an_empty_inbox_says_so(browser: Client) -> None:
    assert "Nothing waits for you" in page(browser)
    assert "Nothing was decided yet" in page(browser, view="decided")


def test_the_card_says_what_would_happen_and_why_a_person_decides(
    browser: Client, alice: User
) -> None:
    tool = {
        "preview": lambda _context, _bound: [("Loaves", "10 → 12")],
        "exposure": lambda _context, _bound: Exposure(12, "loaves"),
        "sensitive": ("note",),
    }
    approval = make_approval(alice, tool=tool, note="family recipe", api_key="k-451")

    shown = page(browser, approval)

    assert "Bake 12 loaves of rye" in shown
    assert "<s>10</s> <strong>12</strong>" in shown
    assert "Starting score of this action" in shown
    assert "The score is under 85: a person decides." in shown
    assert "Approve 12 loaves" in shown
    assert "Agent “experiment” for alice" in shown
    assert "No answer means no change." in shown
    assert "family recipe" not in shown + json.dumps(approval.invocation.arguments)
    assert "k-451" not in shown


def test_an_answer_on_the_page_is_kept_and_shown(browser: Client, alice: User) -> None:
    approval = make_approval(alice)

    answered = send(browser, approval, "reject", reason="Too many").content.decode()
    again = send(browser, approval, "approve")

    assert "Rejected by alice." in answered
    assert "“Too many”" in answered
    assert again.status_code == 409
    assert "alice has rejected it before you." in again.content.decode()
    assert 'value="approve" class="primary"' not in answered


def test_wrong_words_keep_what_was_typed(browser: Client, alice: User) -> None:
    tool = {"reversible": False, "confirm_phrase": lambda _context, _bound: "rye"}
    approval = make_approval(alice, tool=tool)

    wrong = send(browser, approval, "approve", phrase="rey", reason="Hungry")
    no_answer = send(browser, approval, "perhaps")
    right = send(browser, approval, "approve", phrase="rye", next="/approvals/?view=decided")

    assert (wrong.status_code, no_answer.status_code) == (422, 422)
    assert 'value="rey"' in wrong.content.decode()
    assert 'value="Hungry"' in wrong.content.decode()
    assert right.redirect_chain[0][0] == "/approvals/?view=decided"
    assert Approval.objects.get().status == "approved"


def test_nobody_is_led_away(browser: Client, alice: User) -> None:
    approval = make_approval(alice)

    led = send(browser, approval, "approve", next="https://evil.example/")

    assert led.redirect_chain[0][0] == approval.get_absolute_url()


def test_who_may_not_approve_sees_why(browser: Client, alice: User) -> None:
    approval = make_approval(alice, tool=HIGH)
    vera = make_approver("vera", "viewer")

    for_alice = page(browser, approval)
    refused = send(browser, approval, "approve")
    browser.force_login(vera)
    for_vera = page(browser, approval)
    forbidden = send(browser, approval, "approve")
    browser.force_login(make_user("charlie", role="approver"))
    hidden = browser.get(approval.get_absolute_url())

    assert "This needs one of the roles approver, admin" in for_alice
    assert 'value="approve" class="primary"' not in for_alice + for_vera
    assert (refused.status_code, forbidden.status_code, hidden.status_code) == (403, 403, 404)
    assert Approval.objects.get().is_open


def test_the_card_is_sent_again_only_when_it_has_changed(browser: Client, alice: User) -> None:
    approval = make_approval(alice)
    url = reverse("agents:approval-card", args=[approval.pk])

    same = browser.get(url, {"version": 1}, headers={"HX-Request": "true"})
    send(browser, approval, "approve")
    changed = browser.get(url, {"version": 1}, headers={"HX-Request": "true"})

    assert (same.status_code, changed.status_code) == (204, 200)
    assert "<html" not in changed.content.decode()
    assert "Approved by alice." in changed.content.decode()


def test_that_it_is_due_is_sent_alone_and_what_was_typed_stays(
    browser: Client, alice: User
) -> None:
    approval = make_approval(alice)
    url = reverse("agents:approval-card", args=[approval.pk])
    Approval.objects.update(due_at=timezone.now())
    watching.sweep(timezone.now())

    raised = browser.get(url, {"version": 1}, headers={"HX-Request": "true"})

    assert raised.headers["HX-Reswap"] == "none"
    told = raised.content.decode()
    assert f'id="approval-{approval.pk}-due" hx-swap-oob="true"' in told
    assert "Nobody has answered yet" in told and "<textarea" not in told
    assert "Nobody has answered yet" in page(browser, approval)


def test_a_long_inbox_asks_the_database_no_more_often(
    browser: Client, alice: User, django_assert_max_num_queries: Any
) -> None:
    for loaves in range(12):
        make_approval(alice, loaves=loaves)

    with django_assert_max_num_queries(20):
        page(browser)


# -- programs -------------------------------------------------------------------------------------


def post(client: Client, approval: Approval, **given: Any) -> Any:
    url = reverse("api:approval-decide", args=[approval.pk])
    seen = {"version": approval.version, "digest": approval.digest, "verdict": "approve"}
    return client.post(url, {**seen, **given}, "application/json")


def test_programs_list_read_and_decide(browser: Client, alice: User, dora: User) -> None:
    approval = make_approval(alice)
    other = make_approval(alice, tool=HIGH)

    listed = browser.get(reverse("api:approval-list"), {"lane": "inline"}).json()
    read = browser.get(reverse("api:approval-read", args=[approval.pk])).json()
    stale = post(browser, approval, digest="0" * 64)
    forbidden = post(browser, other)
    done = post(browser, approval)
    browser.force_login(dora)
    second = post(browser, approval, verdict="reject")
    browser.logout()
    nobody = post(browser, approval)

    assert [one["id"] for one in listed["items"]] == [approval.pk]
    assert read["may_approve"] is True
    assert sum(one["points"] for one in read["factors"]) == read["score"]
    assert (stale.status_code, stale.json()["code"]) == (409, "approval_changed")
    assert (forbidden.status_code, nobody.status_code) == (403, 401)
    assert done.json()["decided_by"] == ["alice"]
    assert second.status_code == 409
    assert "alice has approved it before you" in second.json()["detail"]


def told(capsys: pytest.CaptureFixture[str], name: str, *given: str) -> dict[str, Any]:
    """Run a command with --json and return what it prints, with its exit code."""
    try:
        call_command(name, *given, "--json")
        code = 0
    except SystemExit as left:
        code = int(left.code or 0)
    return {**json.loads(capsys.readouterr().out), "exit": code}


def test_commands_list_and_decide(
    capsys: pytest.CaptureFixture[str], alice: User, dora: User
) -> None:
    approval = make_approval(alice)

    call_command("list_approvals", "--as", "dora")
    lines = capsys.readouterr().out
    listed = told(capsys, "list_approvals", "--as", "dora")
    done = told(
        capsys, "decide_approval", str(approval.pk), "reject", "--as", "dora", "--reason", "No"
    )
    second = told(capsys, "decide_approval", str(approval.pk), "approve", "--as", "alice")
    unknown = told(capsys, "decide_approval", "999999", "approve", "--as", "alice")

    assert f"{approval.invocation.session.ref}  {approval.title} (open until 20" in lines
    assert [one["id"] for one in listed["items"]] == [approval.pk]
    assert {"id", "lane", "action", "expires_at"} <= set(listed["items"][0])
    assert (done["status"], done["decided_by"]) == ("rejected", ["dora"])
    assert done["invocation"]["state"] == "rejected"
    assert (second["exit"], second["error"]["code"]) == (1, "decided_already")
    assert (unknown["exit"], unknown["error"]["code"]) == (2, "no_such_approval")
    assert told(capsys, "list_approvals", "--as", "dora")["items"] == []


def test_a_command_returns_when_another_person_is_needed(
    capsys: pytest.CaptureFixture[str], alice: User, dora: User
) -> None:
    approval = make_approval(alice, tool=HIGH, environment="production")

    done = told(capsys, "decide_approval", str(approval.pk), "approve", "--as", "dora")

    assert (done["status"], done["invocation"]["state"]) == ("open", "awaiting")
    assert decisions.find(approval.pk, viewer=alice).version == 2
    assert approval.opened_at <= timezone.now()
