"""A session that nobody is asked about says what holds it back: an order, a budget, or both."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.models import BudgetPeriod, Session
from agents.services import orders, run_waits
from agents.services.controls import Scope
from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from showcase.models import Run
from tests.agents.factories import advance, start
from tests.agents.fake_chat import FakeChat
from tests.factories import make_run, make_user, make_version, work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def oskar(db: None) -> User:
    return make_user("oskar", role="operator")


def hold(by: User) -> None:
    now = timezone.now()
    orders.give("hold", Scope("lab"), reason="Stocktaking", by=by, at=now)


def use_up(by: User, **limits: int) -> None:
    """Let nothing be left of what agents may use today."""
    span = {"starts_at": timezone.now(), "ends_at": timezone.now() + timedelta(days=1)}
    BudgetPeriod.objects.create(scope="lab", **span, **{"most_tokens": 0, **limits})


@pytest.mark.parametrize(
    ("acts", "said"),
    [
        ((hold,), "Held back by an order of people (hold)."),
        ((use_up,), "Held back by a budget that is used up."),
        (
            (hold, use_up),
            "Held back by an order of people (hold) and by a budget that is used up.",
        ),
    ],
    ids=["order", "budget", "both"],
)
def test_what_holds_a_session_back_is_said(
    chat: FakeChat, alice: User, oskar: User, client: Client, acts: tuple[object, ...], said: str
) -> None:
    for act in acts:
        act(oskar)  # type: ignore[operator]

    session = advance(start("lab_look a; -", by=alice, dataset="", skill="lab"))

    client.force_login(alice)
    page = client.get(session.get_absolute_url()).content.decode()
    status = page.partition(f'id="session-{session.pk}-status"')[2].partition("</div>")[0]
    assert (session.status, session.status_reason) == (Session.Status.WAITING, said)
    assert said in status
    assert f'href="{reverse("agents:controls")}"' in status


@pytest.mark.slow
def test_a_run_waits_for_a_session_that_is_held_back_no_longer_than_it_is_patient(
    alice: User, oskar: User, client: Client
) -> None:
    make_version(by=alice)
    hold(oskar)
    asked = {"dataset": "shop", "models": ["naive"], "horizon": 7, "folds": 2}
    run = work_off(make_run(**asked, approval_patience_s=600))
    session = advance(Session.objects.get(run=run))
    client.force_login(alice)

    work_off(run)
    said = f"{session.ref} waits: Held back by an order of people (hold)."
    page = client.get(run.get_absolute_url()).content.decode()
    assert f"{said} The run waits 600 s for that." in page

    run_waits.sweep(timezone.now() + timedelta(seconds=500))
    assert work_off(run).status == Run.Status.WAITING
    Run.objects.filter(pk=run.pk).update(config=run.config | {"approval_patience_s": 0})
    Job.objects.filter(pk=run.job_id).update(params=run.job.params | {"approval_patience_s": 0})
    run_waits.sweep(timezone.now())
    work_off(run)

    assert (run.status, run.steps.get(name="agent").outcome) == (Run.Status.SUCCEEDED, "skip")
    assert f"Left open: {said}" in run.steps.get(name="cleanup").detail
    session.refresh_from_db()
    assert session.status == Session.Status.WAITING
