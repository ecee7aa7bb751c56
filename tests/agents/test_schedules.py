"""Sessions that the clock starts: whose they are, what they say of themselves, what stops them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from agents.models import Session
from forecastlab.accounts.models import User
from forecastlab.accounts.services import people
from forecastlab.events.models import Event
from forecastlab.jobs import tasks
from forecastlab.jobs.models import Schedule
from tests.agents.factories import advance
from tests.factories import make_group, make_user, make_version

pytestmark = pytest.mark.django_db(transaction=True)

ASKED = ("--set", "dataset=shop", "--set", "message=How many series are there?")
NEW = ("set_schedule", "morning", "--kind", "agent_session", "--cron", "30 6 * * *", *ASKED)


@pytest.fixture
def alice() -> User:
    """Who may see the sales of the shop that are bob's, as others may not."""
    person = make_user()
    group = make_group("readers")
    person.groups.add(group)
    make_version(by=make_user("bob")).dataset.readers.add(group)
    return person


def command(capsys: pytest.CaptureFixture[str], *given: str, by: str = "alice") -> Any:
    try:
        call_command(*given, "--as", by, "--json")
    except SystemExit as left:
        assert left.code == 2
    return json.loads(capsys.readouterr().out)


def fire() -> Schedule:
    """Let the due time have come a moment ago, and do what a worker is asked to do."""
    Schedule.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    tasks.fire_schedule(schedule_id=Schedule.objects.get().pk)
    return Schedule.objects.get()


def test_a_session_is_started_for_its_owner_and_says_by_which_schedule(
    alice: User, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    command(capsys, *NEW)

    schedule = fire()
    session = advance(Session.objects.get())
    client.force_login(alice)
    page = client.get(session.get_absolute_url()).content.decode()
    read = client.get(f"/api/v1/sessions/{session.ref}").json()
    listed = command(capsys, "list_schedules")["items"][0]

    assert (session.trigger, session.requested_by, session.schedule) == (
        "schedule",
        alice,
        schedule,
    )
    assert session.start_key == f"schedule:{schedule.pk}:{schedule.last_due_at.isoformat()}"
    assert session.status in {"succeeded", "failed"}
    assert "morning" in page
    assert (read["trigger"], read["schedule"]) == ("schedule", schedule.pk)
    assert listed["last_result"]["ref"] == session.ref
    assert listed["last_error"] == ""


def test_while_an_earlier_one_is_open_the_next_is_its_duplicate(
    alice: User, capsys: pytest.CaptureFixture[str]
) -> None:
    command(capsys, *NEW)

    fire()
    schedule = fire()

    first, second = Session.objects.order_by("pk")
    assert (first.status, second.duplicate_of) == ("queued", first)
    assert schedule.last_result["detail"] == f"A duplicate: {first.ref} is not over."


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (("--set", "skill=dance"), "skill"),
        (("--set", "message="), "message"),
        (("--set", "dataset="), "dataset"),
        (("--set", "workspace=nowhere"), "workspace"),
        (("--set", "trigger=page"), "trigger"),
        (("--params", '{"message": 5, "dataset": "shop"}'), "message"),
    ],
)
def test_what_no_session_could_begin_with_is_refused_when_it_is_said(
    alice: User, capsys: pytest.CaptureFixture[str], given: tuple[str, ...], field: str
) -> None:
    base = NEW if given[0] == "--set" else NEW[:6]

    answer = command(capsys, *base, *given)

    assert answer["error"]["field"] == field
    assert not Schedule.objects.exists()


def test_a_stranger_cannot_schedule_what_he_cannot_see(
    alice: User, capsys: pytest.CaptureFixture[str]
) -> None:
    make_user("charlie")

    answer = command(capsys, *NEW, by="charlie")

    assert answer["error"]["title"] == "Not found"


def test_an_owner_who_cannot_see_the_sales_any_more_starts_nothing(
    alice: User, capsys: pytest.CaptureFixture[str]
) -> None:
    command(capsys, *NEW)
    alice.groups.remove(make_group("readers"))

    schedule = fire()

    assert "shop" in schedule.last_error
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("loss", "why"),
    [
        (people.close, "The account of alice is closed."),
        (lambda person: people.set_roles(person, []), "alice may not do this any more."),
    ],
)
def test_an_owner_who_may_start_no_agent_any_more_starts_none(
    alice: User, capsys: pytest.CaptureFixture[str], loss: Any, why: str
) -> None:
    command(capsys, *NEW)
    loss(alice)

    schedule = fire()

    assert schedule.last_error.startswith(why)
    assert Event.objects.filter(stream=schedule.stream).latest("seq").kind == "schedule.refused"
    assert not Session.objects.exists()


def test_without_a_model_it_says_so_and_the_next_time_tries_again(
    alice: User, capsys: pytest.CaptureFixture[str], settings: Any
) -> None:
    command(capsys, *NEW)
    settings.FORECASTLAB_LLM = "none"
    assert "FORECASTLAB_LLM is none" in fire().last_error

    settings.FORECASTLAB_LLM = "planner"
    schedule = fire()

    assert schedule.last_error == ""
    assert Session.objects.get().schedule == schedule
