"""Workers that are killed while the clock starts something, beside two clocks: it starts once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from forecastlab.events.models import Event
from forecastlab.jobs.models import Job, Schedule
from forecastlab.jobs.services import schedules
from forecastlab.jobs.services.schedules import Wanted
from forecastlab.lib import registry
from tests.factories import make_user
from tests.jobs_lab.schedule_kinds import BAKE
from tests.jobs_lab.workers import Lab, kill_family, wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]


def test_it_starts_once_though_its_worker_is_killed_before_the_commit(lab: Lab) -> None:
    with registry.contributing("schedule_kinds", BAKE):
        wanted = Wanted("bread", "bake", "0 0 1 1 *")
        made = schedules.create(wanted, by=make_user(), at=timezone.now())
    Schedule.objects.update(next_at=timezone.now() - timedelta(days=1))
    lab.beat()
    lab.beat()
    lab.arm("schedule-before-commit")
    worker = lab.worker(size=2)

    lab.held_at("schedule-before-commit")
    kill_family(worker)
    wait_for(lambda: not Job.objects.exists(), what="what was begun to be gone")
    assert Schedule.objects.get().last_fired_at is None
    lab.worker("second", size=2)
    wait_for(lambda: Schedule.objects.get().last_fired_at, what="it to be started")
    wait_for(lambda: lab.logs().count(b"sweep_schedules") > 6, what="more sweeps", within=60)

    assert Job.objects.count() == 1
    kinds = Event.objects.filter(stream=made.stream).order_by("seq").values_list("kind", flat=True)
    assert list(kinds) == ["schedule.created", "schedule.fired"]
