"""Runs that the clock starts."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.jobs import tasks
from forecastlab.jobs.models import Schedule
from showcase.models import Run
from tests.factories import make_user, make_version

pytestmark = pytest.mark.django_db(transaction=True)

NEW = ("set_schedule", "nightly", "--kind", "showcase_run", "--cron", "0 2 * * *")


@pytest.fixture
def alice() -> User:
    person = make_user()
    make_version(by=person)
    return person


def command(capsys: pytest.CaptureFixture[str], *given: str) -> Any:
    try:
        call_command(*NEW, *given, "--as", "alice", "--json")
    except SystemExit as left:
        assert left.code == 2
    return json.loads(capsys.readouterr().out)


def test_a_run_is_started_and_waits_for_nobody(
    alice: User, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"dataset": "shop", "models": ["naive"], "horizon": 7, "keep": True}
    command(capsys, "--params", json.dumps(asked))
    Schedule.objects.update(next_at=timezone.now() - timedelta(days=2))
    schedule = Schedule.objects.get()

    for _ in range(2):
        tasks.fire_schedule(schedule_id=schedule.pk)

    run, due = Run.objects.get(), schedule.next_at
    assert run.requested_by == alice
    assert run.job.key == f"schedule:{schedule.pk}:{due.isoformat()}"
    assert run.kept_as == f"run-{run.pk}"
    assert "approval_patience_s" not in run.config
    assert Schedule.objects.get().last_result["ref"] == f"run {run.pk}"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"dataset": "shop", "horizon": 0}, "horizon"),
        ({"dataset": "shop", "keep": "spring"}, "keep"),
        ({"dataset": "shop", "colour": "red"}, "colour"),
        ({"dataset": 5}, "dataset"),
    ],
)
def test_options_that_no_run_could_begin_with_are_refused_when_they_are_said(
    alice: User, capsys: pytest.CaptureFixture[str], given: dict[str, Any], field: str
) -> None:
    answer = command(capsys, "--params", json.dumps(given))

    assert answer["error"]["field"] == field
    assert not Schedule.objects.exists()
