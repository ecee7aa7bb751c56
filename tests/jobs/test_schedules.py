"""What the clock starts: set by command and in the admin, fired once for each due time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.accounts.services import people
from forecastlab.celery import app
from forecastlab.events.models import Event
from forecastlab.events.services import access as streams
from forecastlab.jobs import health_checks, tasks
from forecastlab.jobs.models import Job, Schedule
from forecastlab.jobs.queries import schedule_kinds as kinds
from forecastlab.jobs.services import firing, schedules
from forecastlab.jobs.services.schedules import Wanted
from forecastlab.lib import registry
from tests.factories import make_user
from tests.jobs.concurrency import overlapping
from tests.jobs_lab.schedule_kinds import BAKE

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _offered() -> Iterator[None]:
    with registry.contributing("schedule_kinds", BAKE):
        yield


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def ada() -> User:
    return make_user("ada", role="admin")


def make_schedule(by: User, name: str = "bread", *, late: timedelta | None = HOUR, **told: Any):
    """Make a schedule that comes every hour, and whose time came `late` ago."""
    wanted = Wanted(name, **{"kind": "bake", "cron": "0 * * * *", **told})
    schedule = schedules.create(wanted, by=by, at=timezone.now())
    if late is not None:
        Schedule.objects.filter(pk=schedule.pk).update(next_at=timezone.now() - late)
    schedule.refresh_from_db()
    return schedule


def beat(calls: list[dict[str, int]]) -> None:
    """Do what beat asks for, and then what the messages ask for that this sends."""
    begun = len(calls)
    tasks.sweep_schedules()
    for message in calls[begun:]:
        tasks.fire_schedule(**message)


def told(schedule: Schedule) -> list[str]:
    """What happened to it, in the words of its events."""
    found = Event.objects.filter(stream=schedule.stream).order_by("seq")
    return [kind.partition(".")[2] for kind in found.values_list("kind", flat=True)]


# -- firing ---------------------------------------------------------------------------------------


def test_what_is_due_is_started_once_and_comes_again(
    alice: User, calls: list[dict[str, int]]
) -> None:
    schedule = make_schedule(alice)
    due = schedule.next_at

    beat(calls)
    beat(calls)

    schedule.refresh_from_db()
    job = Job.objects.get()
    assert job.requested_by == alice
    assert schedule.last_due_at == due
    assert schedule.last_result["ref"] == f"job {job.pk}"
    assert schedule.next_at > timezone.now()
    assert told(schedule) == ["created", "fired"]
    assert Event.objects.get(kind="schedule.fired").actor.username == "clock"


def test_beat_asks_for_it() -> None:
    asked = app.conf.beat_schedule["sweep-schedules"]

    assert asked["task"] == tasks.sweep_schedules.name
    assert asked["schedule"] < 60


def test_of_two_sweeps_at_once_one_starts_it(alice: User) -> None:
    schedule = make_schedule(alice)
    now = timezone.now()

    first, second = overlapping(
        lambda: firing.fire(schedule.pk, at=now), lambda: firing.fire(schedule.pk, at=now)
    )

    assert (first, second) == (True, False)
    assert Job.objects.count() == 1
    assert told(schedule) == ["created", "fired"]


def test_a_worker_that_dies_in_the_middle_leaves_it_due(alice: User) -> None:
    schedule = make_schedule(alice)

    class Killed(BaseException):
        pass

    with pytest.raises(Killed), transaction.atomic():
        firing.fire(schedule.pk, at=timezone.now())
        raise Killed

    assert not Job.objects.exists()
    assert firing.fire(schedule.pk, at=timezone.now())
    assert Job.objects.count() == 1


def test_times_that_nobody_was_there_for_are_one(alice: User, calls: list[dict[str, int]]) -> None:
    schedule = make_schedule(alice, late=timedelta(days=3))

    beat(calls)
    beat(calls)

    schedule.refresh_from_db()
    assert Job.objects.count() == 1
    assert timezone.now() < schedule.next_at <= timezone.now() + HOUR


def test_the_next_time_is_on_the_clock_of_the_zone(alice: User) -> None:
    """One day after the other at half past six in Berlin, across the end of summer time."""
    schedule = make_schedule(alice, cron="30 6 * * *", time_zone="Europe/Berlin", late=None)
    due = datetime(2026, 10, 24, 4, 30, tzinfo=UTC)
    Schedule.objects.update(next_at=due)

    fired = []
    for moment in (due, due + timedelta(hours=25)):
        assert firing.fire(schedule.pk, at=moment)
        fired.append(Schedule.objects.get().next_at)

    assert fired == [
        datetime(2026, 10, 25, 5, 30, tzinfo=UTC),
        datetime(2026, 10, 26, 5, 30, tzinfo=UTC),
    ]


def test_what_is_refused_is_told_and_the_others_are_started(
    alice: User, calls: list[dict[str, int]]
) -> None:
    cold = make_schedule(alice, "cold", late=2 * HOUR, params={"oven": "cold"})
    make_schedule(alice, "warm")

    beat(calls)

    cold.refresh_from_db()
    assert Job.objects.count() == 1
    assert cold.last_error == "The oven is cold."
    assert cold.is_enabled
    assert cold.next_at > timezone.now()
    assert told(cold) == ["created", "refused"]

    Schedule.objects.filter(pk=cold.pk).update(params={}, next_at=timezone.now() - HOUR)
    beat(calls)

    cold.refresh_from_db()
    assert cold.last_error == ""
    assert told(cold) == ["created", "refused", "fired"]


def test_one_that_breaks_stays_due_and_holds_up_no_other(
    alice: User, calls: list[dict[str, int]]
) -> None:
    broken = make_schedule(alice, "broken", late=2 * HOUR, params={"oven": "broken"})
    make_schedule(alice, "warm")

    tasks.sweep_schedules()
    assert calls[0]["schedule_id"] == broken.pk
    with pytest.raises(ZeroDivisionError):
        tasks.fire_schedule(**calls[0])
    tasks.fire_schedule(**calls[1])

    assert Job.objects.count() == 1
    assert "is due: broken." in health_checks._schedules()


def test_while_no_worker_can_be_called_it_stays_due(alice: User) -> None:
    schedule = make_schedule(alice, params={"oven": "unreachable"})

    tasks.fire_schedule(schedule_id=schedule.pk)

    assert Schedule.objects.get().next_at == schedule.next_at
    assert told(schedule) == ["created"]
    assert not Job.objects.exists()


def test_an_owner_who_lost_the_right_starts_nothing(
    alice: User, calls: list[dict[str, int]]
) -> None:
    schedule = make_schedule(alice)

    people.set_roles(alice, [])
    beat(calls)

    schedule.refresh_from_db()
    assert not Job.objects.exists()
    assert schedule.last_error.startswith("alice may not do this any more. This needs one of")
    assert told(schedule) == ["created", "refused"]


def test_an_owner_whose_account_is_closed_starts_nothing(
    alice: User, calls: list[dict[str, int]]
) -> None:
    schedule = make_schedule(alice)

    people.close(alice)
    beat(calls)

    schedule.refresh_from_db()
    assert not Job.objects.exists()
    assert schedule.last_error == "The account of alice is closed."


def test_a_kind_or_a_clock_that_is_gone_is_told(alice: User, calls: list[dict[str, int]]) -> None:
    gone, lost = make_schedule(alice, "gone"), make_schedule(alice, "lost")
    Schedule.objects.filter(pk=gone.pk).update(kind="grind")
    Schedule.objects.filter(pk=lost.pk).update(time_zone="Mars/Olympus")

    beat(calls)

    gone.refresh_from_db()
    lost.refresh_from_db()
    assert gone.last_error.startswith("Nothing of the kind 'grind' can be scheduled.")
    assert (lost.is_enabled, lost.next_at) == (False, None)
    assert "no time zone 'Mars/Olympus'" in lost.last_error
    assert not Job.objects.exists()


def test_what_was_changed_since_it_was_read_is_not_started(alice: User) -> None:
    schedule = make_schedule(alice)
    wanted = Wanted("bread", "bake", "0 6 * * *", params={"oven": "cold"})

    _changed, fired = overlapping(
        lambda: schedules.change(schedule, wanted, by=alice, at=timezone.now()),
        lambda: firing.fire(schedule.pk, at=timezone.now()),
    )

    assert fired is False
    assert told(schedule) == ["created", "changed"]


# -- saying what and when: the command ------------------------------------------------------------


def command(capsys: pytest.CaptureFixture[str], *given: str, by: str = "alice") -> Any:
    """What a command answers, with its exit code where that is not 0."""
    code = 0
    try:
        call_command(*given, "--as", by, "--json")
    except SystemExit as left:
        code = int(left.code or 0)
    answer = json.loads(capsys.readouterr().out)
    return {**answer, "exit": code} if code else answer


NEW = ("set_schedule", "bread", "--kind", "bake", "--cron", "30 6 * * mon")


def test_the_command_makes_changes_and_switches(
    alice: User, capsys: pytest.CaptureFixture[str]
) -> None:
    made = command(capsys, *NEW, "--set", "oven=hot", "--time-zone", "Europe/Berlin")
    again = command(capsys, *NEW, "--set", "oven=hot", "--time-zone", "Europe/Berlin")
    off = command(capsys, "set_schedule", "bread", "--disable")
    on = command(capsys, "set_schedule", "bread", "--enable", "--set", "oven=", "--set", "n=2")
    listed = command(capsys, "list_schedules")

    assert (made["owner"], made["enabled"], made["params"]) == ("alice", True, {"oven": "hot"})
    assert len(made["upcoming"]) == 3
    assert again["version"] == made["version"] == 1
    assert (off["enabled"], off["next_at"], off["upcoming"]) == (False, None, [])
    assert (on["enabled"], on["params"], on["cron"]) == (True, {"n": "2"}, "30 6 * * mon")
    assert [one["name"] for one in listed["items"]] == ["bread"]
    assert told(Schedule.objects.get()) == ["created", "disabled", "changed"]


def test_a_dry_run_only_tells(alice: User, capsys: pytest.CaptureFixture[str]) -> None:
    answer = command(capsys, *NEW, "--dry-run")

    assert answer["dry_run"]
    assert len(answer["upcoming"]) == 3
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (("--cron", "60 * * * *"), "cron"),
        (("--time-zone", "Mars"), "time_zone"),
        (("--kind", "grind"), "kind"),
        (("--set", "dough=stone"), "dough"),
        (("--set", "dough"), "set"),
        (("--params", "[1]"), "params"),
        (("--params", "{"), "params"),
    ],
)
def test_the_command_says_what_cannot_be(
    alice: User, capsys: pytest.CaptureFixture[str], given: tuple[str, str], field: str
) -> None:
    answer = command(capsys, *NEW, *given)

    assert answer["exit"] == 2
    assert answer["error"]["field"] == field
    assert not Schedule.objects.exists()


def test_what_is_not_there_is_not_switched(alice: User, capsys: pytest.CaptureFixture[str]) -> None:
    answer = command(capsys, "set_schedule", "brezel", "--disable")

    assert answer["error"]["code"] == "no_such_schedule"
    assert answer["exit"] == 2


def test_others_neither_see_nor_change_it(
    alice: User, ada: User, capsys: pytest.CaptureFixture[str]
) -> None:
    make_user("bob")
    make_user("vera", role="viewer")
    schedule = make_schedule(alice)

    assert command(capsys, "list_schedules", by="bob")["items"] == []
    assert command(capsys, *NEW, by="bob")["error"]["code"] == "schedule_name_taken"
    off = command(capsys, "set_schedule", "bread", "--disable", by="bob")
    assert off["error"]["code"] == "no_such_schedule"
    assert command(capsys, *NEW, by="vera")["error"]["code"] == "not_allowed"
    assert len(command(capsys, "list_schedules", by="ada")["items"]) == 1
    readers = [one for one in User.objects.people() if streams.can_read(one, schedule.stream)]
    assert sorted(one.username for one in readers) == ["ada", "alice"]


def test_whoever_says_what_is_started_answers_for_it(
    alice: User, ada: User, capsys: pytest.CaptureFixture[str]
) -> None:
    make_schedule(alice)

    off = command(capsys, "set_schedule", "bread", "--disable", by="ada")
    on = command(capsys, "set_schedule", "bread", "--enable", by="ada")

    assert (off["owner"], on["owner"]) == ("alice", "ada")
    assert Event.objects.get(kind="schedule.changed").payload["was"] == "alice"


def test_two_that_are_made_at_once_under_one_name(alice: User) -> None:
    wanted = Wanted("bread", "bake", "0 * * * *")

    def make() -> str:
        try:
            return schedules.create(wanted, by=alice, at=timezone.now()).name
        except schedules.ScheduleNameTaken as error:
            return error.code

    assert overlapping(make, make) == ("bread", "schedule_name_taken")


# -- saying what and when: the admin --------------------------------------------------------------

ADD = reverse("admin:jobs_schedule_add")
FORM = {
    "name": "bread",
    "kind": "bake",
    "params": "{}",
    "cron": "30 6 * * mon",
    "time_zone": "Europe/Berlin",
    "is_enabled": "on",
}


def test_the_admin_makes_edits_switches_off_and_tells(
    client: Client, ada: User, calls: list[dict[str, int]]
) -> None:
    client.force_login(ada)
    assert client.post(ADD, FORM).status_code == 302
    schedule = Schedule.objects.get()
    address = reverse("admin:jobs_schedule_change", args=[schedule.pk])

    shown = client.get(address).content.decode()
    edited = client.post(address, {**FORM, "cron": "0 7 * * *", "version": 1})
    late = client.post(address, {**FORM, "cron": "0 8 * * *", "version": 1}).content.decode()
    Schedule.objects.update(next_at=timezone.now() - HOUR)
    beat(calls)
    chosen = {"action": "switch_off", "_selected_action": [schedule.pk]}
    listed = client.post(reverse("admin:jobs_schedule_changelist"), chosen, follow=True)
    history = client.get(reverse("admin:jobs_schedule_history", args=[schedule.pk]))

    assert "30 6 * * mon" in shown
    assert edited.status_code == 302
    assert "Somebody has changed the schedule meanwhile." in late
    schedule.refresh_from_db()
    assert (schedule.owner, schedule.cron, schedule.is_enabled) == (ada, "0 7 * * *", False)
    assert f"job {Job.objects.get().pk}</a> Fresh." in listed.content.decode()
    page = history.content.decode()
    for words in (
        "Made.",
        "Set: cron 0 7 * * *.",
        f"Started job {Job.objects.get().pk}",
        "Switched off.",
    ):
        assert words in page
    assert "clock" in page


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cron": "0 6 * *"}, "does not have five fields"),
        ({"params": '{"dough": "stone"}'}, "Nobody bakes stone."),
        ({"params": "[1]"}, "not one JSON object"),
        ({"time_zone": "Mars"}, "Select a valid choice"),
    ],
)
def test_the_admin_says_beside_the_field_what_cannot_be(
    client: Client, ada: User, given: dict[str, str], words: str
) -> None:
    client.force_login(ada)

    page = client.post(ADD, {**FORM, **given})

    assert page.status_code == 200
    assert words in page.content.decode()
    assert not Schedule.objects.exists()


def test_what_cannot_be_started_any_more_is_still_switched_off(client: Client, ada: User) -> None:
    client.force_login(ada)
    schedule = make_schedule(ada, time_zone="Europe/Berlin", cron=FORM["cron"])
    Schedule.objects.update(params={"dough": "stone"})
    off = {key: value for key, value in FORM.items() if key != "is_enabled"}

    client.post(
        reverse("admin:jobs_schedule_change", args=[schedule.pk]),
        {**off, "params": '{"dough": "stone"}', "version": 1},
    )

    assert not Schedule.objects.get().is_enabled


def test_kinds_that_do_not_fit_together_stop_the_start() -> None:
    with registry.contributing("schedule_kinds", BAKE):
        assert [one.id for one in kinds.check()] == ["jobs.E002"]
    assert kinds.check() == []
