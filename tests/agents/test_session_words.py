"""What pages say of sessions: whom they wait for, and what happened in them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.models import Approval, BudgetPeriod, Invocation, Pause, Session
from agents.queries.session_page import CallCard
from agents.services import budgets
from agents.services.budgets import Used
from forecastlab.accounts.models import User
from tests.agents.asking import make_approval, make_session
from tests.agents.factories import call, make_context
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


@pytest.fixture
def asked(alice: User) -> Approval:
    """A session that waits for the answer to an approval."""
    found = make_approval(alice)
    call = found.invocation
    Pause.objects.create(
        session=call.session, turn=call.turn, kind="approval", opened_at=call.requested_at
    )
    Session.objects.filter(pk=call.session_id).update(status="waiting")
    return found


def shown(by: User, session: Session) -> tuple[str, str]:
    """Return the row of the list and the line of facts on the page of a session."""
    client = Client()
    client.force_login(by)
    rows = client.get(reverse("agents:sessions")).content.decode()
    page = client.get(reverse("agents:session", args=[session.pk])).content.decode()
    row = rows.split(f'id="session-{session.pk}-row"')[1].split("</tr>")[0]
    return row, page.split(f'id="session-{session.pk}-status"')[1].split("</p>")[0]


def test_all_viewers_read_that_a_session_waits_for_a_person(alice: User, asked: Approval) -> None:
    for part in shown(alice, asked.invocation.session):
        assert ("Waiting for a person" in part, "Held back" in part) == (True, False)


def test_a_session_that_nobody_can_answer_is_held_back(alice: User) -> None:
    held = make_session(alice, status="waiting", status_reason="Held back by an order.")

    for part in shown(alice, held):
        assert ("Held back" in part, "Waiting for" in part) == (True, False)


def card(approval: Approval) -> str:
    """Return the head and the body of a call, as the page of its session draws it."""
    call = Invocation.objects.select_related("approval").get(pk=approval.invocation_id)
    drawn = CallCard(call, call.tool, [], [], call.approval)
    return render_to_string("agents/_session_call.html", {"card": drawn})


def test_a_call_that_was_approved_waits_for_nobody(asked: Approval) -> None:
    Invocation.objects.filter(pk=asked.invocation_id).update(status="awaiting")
    before = card(asked)
    Approval.objects.filter(pk=asked.pk).update(status="approved", closed_at=asked.opened_at)

    after = card(asked)

    assert ("Waiting for you" in before, "Approved" in before) == (True, False)
    assert ("Waiting for you" in after, "Approved" in after) == (False, True)


@pytest.mark.parametrize(("detail", "is_told"), [("No such series.", False), ("", True)])
def test_an_error_without_words_is_told_by_its_code(
    asked: Approval, detail: str, is_told: bool
) -> None:
    Invocation.objects.filter(pk=asked.invocation_id).update(
        status="failed",
        detail=detail,
        error_class="NobodyMeant",
        error_code="nobody_meant",
        finished_at=asked.opened_at,
    )

    assert ("NobodyMeant, nobody_meant" in card(asked)) is is_told


def test_the_timeline_says_who_was_told_and_how_much_of_a_budget_is_used(
    client: Client, alice: User
) -> None:
    session, now = make_session(alice), timezone.now()
    span = {"starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=1)}
    BudgetPeriod.objects.create(scope="lab", most_tokens=100, **span)
    given = {"team": "planning", "subject": "Prices", "text": "Look."}
    client.force_login(alice)

    call("notify_people", make_context(alice, session=session.ref), **given)
    for tokens in (80, 15, 5):
        with transaction.atomic():
            budgets.charge(session, Used(tokens_in=tokens), at=now)
    page = client.get(session.get_absolute_url()).content.decode()

    assert "People were told something" in page
    for said in ("75 % of a budget is used", "90 % of a budget is used", "A budget is used up"):
        assert said in page
