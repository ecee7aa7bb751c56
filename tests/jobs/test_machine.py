"""Whatever workers, people and crashes do in whatever order, some things never happen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from forecastlab.events import queries as events
from forecastlab.jobs.domain.statuses import TERMINAL
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.services import closing, jobs, leases, sweeping
from forecastlab.jobs.services.closing import Ending
from forecastlab.jobs.services.leases import Lease
from forecastlab.jobs.services.reporting import Reporter, TimeLeft
from forecastlab.lib.contributions import FanOut, LeaseLost, StepCancelled
from tests.factories import make_job

ENDINGS = {
    "pass": Ending("pass", "done"),
    "fail": Ending("fail", "no", error={"code": "x", "detail": "no"}),
    "cancelled": closing.CANCELLED,
}
CHOICE = st.integers(min_value=0, max_value=50)


class Jobs(RuleBasedStateMachine):
    """Some jobs, of which two want the same slot, and the leases that were ever handed out."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Job] = []
        self.leases: list[Lease] = []
        self.fences: dict[int, int] = {}
        self.progress: dict[int, int] = {}
        self.done: dict[int, tuple[str, str]] = {}
        self.over: dict[int, str] = {}

    # -- what people do ------------------------------------------------------------------------

    @precondition(lambda self: len(self.jobs) < 3)
    @rule(undone=st.booleans(), slot=st.sampled_from(["", "slot"]), keep=st.booleans())
    def create(self, undone: bool, slot: str, keep: bool) -> None:
        exclusive = f"{slot}-{id(self)}" if slot else ""
        kind = "lab_undo" if undone else "lab"
        steps = ["one", "two", "always-tidy"]
        self.jobs.append(make_job(kind, exclusive=exclusive, steps=steps, keep_going=keep))

    @precondition(lambda self: self.jobs)
    @rule(choice=CHOICE)
    def cancel(self, choice: int) -> None:
        jobs.cancel(self._job(choice), by=None, at=timezone.now())

    @precondition(lambda self: self.jobs)
    @rule(choice=CHOICE)
    def requeue(self, choice: int) -> None:
        job = self._job(choice)
        try:
            jobs.requeue(job, at=timezone.now())
        except jobs.JobNotWaiting:
            assert job.is_terminal

    # -- what workers do -----------------------------------------------------------------------

    @precondition(lambda self: self.jobs)
    @rule(choice=CHOICE)
    def claim(self, choice: int) -> None:
        steps = list(JobStep.objects.filter(job__in=self.jobs).exclude(due_at=None).order_by("pk"))
        if not steps:
            return
        step = steps[choice % len(steps)]
        claimed = leases.claim(step.pk, worker="tests//1", at=timezone.now())
        if claimed is not None:
            assert claimed[0].fence > step.fence
            self.leases.append(claimed[0])

    @precondition(lambda self: self.leases)
    @rule(choice=CHOICE, ending=st.sampled_from(sorted(ENDINGS)))
    def close(self, choice: int, ending: str) -> None:
        lease = self._lease(choice)
        self._as_holder(lease, lambda: closing.close(lease, ENDINGS[ending], at=timezone.now()))

    @precondition(lambda self: self.leases)
    @rule(choice=CHOICE, shards=st.integers(min_value=1, max_value=3))
    def fan_out(self, choice: int, shards: int) -> None:
        lease = self._lease(choice)
        step = JobStep.objects.get(pk=lease.step_id)
        if step.is_shard or step.shards.exists():
            return
        plan = FanOut([{"index": index} for index in range(shards)])
        self._as_holder(lease, lambda: closing.split(lease, plan, at=timezone.now()))

    @precondition(lambda self: self.leases)
    @rule(choice=CHOICE)
    def park(self, choice: int) -> None:
        lease = self._lease(choice)
        if not JobStep.objects.get(pk=lease.step_id).is_shard:
            park = closing.park
            self._as_holder(lease, lambda: park(lease, detail="waits", at=timezone.now()))

    @precondition(lambda self: self.leases)
    @rule(choice=CHOICE)
    def give_back(self, choice: int) -> None:
        lease = self._lease(choice)
        self._as_holder(lease, lambda: closing.retry(lease, detail="busy", delay=60))

    @precondition(lambda self: self.leases)
    @rule(choice=CHOICE, fraction=st.floats(min_value=-1, max_value=2))
    def report(self, choice: int, fraction: float) -> None:
        lease = self._lease(choice)
        step = JobStep.objects.select_related("job").get(pk=lease.step_id)
        report = Reporter(lease, step, TimeLeft(job=60))
        self._as_holder(lease, lambda: report(fraction, "at work"))

    # -- what goes wrong -----------------------------------------------------------------------

    @rule()
    def time_passes(self) -> None:
        mine = JobStep.objects.filter(job__in=self.jobs)
        mine.exclude(lease_until=None).update(lease_until=timezone.now() - timedelta(seconds=1))
        mine.exclude(due_at=None).update(due_at=Now())

    @rule()
    def sweep(self) -> None:
        sweeping.sweep()

    # -- what never happens --------------------------------------------------------------------

    @invariant()
    def fences_only_rise_and_what_is_done_stays(self) -> None:
        for step in JobStep.objects.filter(job__in=self.jobs):
            assert step.fence >= self.fences.get(step.pk, 0)
            self.fences[step.pk] = step.fence
            if step.pk in self.done:
                assert (step.status, step.outcome) == self.done[step.pk]
            elif step.status == "done":
                self.done[step.pk] = (step.status, step.outcome)

    @invariant()
    def progress_never_goes_back_and_no_job_leaves_its_end(self) -> None:
        for job in self._now():
            assert job.progress >= self.progress.get(job.pk, 0)
            self.progress[job.pk] = job.progress
            assert job.status == self.over.get(job.pk, job.status)
            if job.is_terminal:
                self.over[job.pk] = job.status

    @invariant()
    def every_job_that_is_not_over_has_somebody_to_move_it(self) -> None:
        for job in self._now():
            wanting = job.steps.exclude(due_at=None).count()
            waiting = job.steps.main().filter(status="waiting", shards=None).count()
            if job.is_terminal:
                assert wanting == 0
            elif job.status == "waiting":
                assert (wanting, waiting) == (0, 1)
            else:
                assert wanting > 0

    @invariant()
    def a_slot_has_one_holder_and_the_story_ends_once(self) -> None:
        holders = [job.slot for job in self._now() if job.slot]
        assert len(holders) == len(set(holders))
        for job in self._now():
            story = [event.kind for event in events.after(job.stream, 0)]
            ends = [kind for kind in story if kind.removeprefix("job.") in TERMINAL]
            assert ends == ([f"job.{job.status}"] if job.is_terminal else [])

    def _as_holder(self, lease: Lease, act: Callable[[], None]) -> None:
        """Act under a lease; a stale one is refused and changes nothing."""
        before = JobStep.objects.get(pk=lease.step_id)
        holds = before.fence == lease.fence and before.status == "running"
        try:
            act()
        except LeaseLost:
            assert not holds
            after = JobStep.objects.get(pk=lease.step_id)
            assert (after.status, after.fence) == (before.status, before.fence)
            assert (after.progress, after.detail) == (before.progress, before.detail)
        except StepCancelled:
            assert Job.objects.get(pk=before.job_id).cancel_requested
        else:
            assert holds

    def _now(self) -> list[Job]:
        return list(Job.objects.filter(pk__in=[job.pk for job in self.jobs]))

    def _job(self, choice: int) -> Job:
        return Job.objects.get(pk=self.jobs[choice % len(self.jobs)].pk)

    def _lease(self, choice: int) -> Lease:
        """Most often the newest one, sometimes one from long ago."""
        return self.leases[-1 - choice % min(len(self.leases), 4)]


@pytest.mark.slow
@pytest.mark.django_db
def test_no_order_of_happenings_breaks_a_job() -> None:
    _try_orders(10)


@pytest.mark.soak
@pytest.mark.no_cover  # the fewer orders have run the same lines
@pytest.mark.django_db
def test_no_order_of_very_many_breaks_a_job() -> None:
    _try_orders(40)


def _try_orders(count: int) -> None:
    patience = settings(
        max_examples=count,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Jobs, settings=patience)
