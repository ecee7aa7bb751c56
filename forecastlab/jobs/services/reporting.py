"""What a running step is given to say how far it is, and to hear that it must stop.

What is said is stored at most ten times a second, the last of it always: where a step says nothing
more, a timer stores what it said last.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from forecastlab.jobs.domain.statuses import StepStatus
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.queries import kinds
from forecastlab.jobs.services import leases, progress, ringing, telling
from forecastlab.jobs.services.leases import Lease
from forecastlab.jobs.services.transcripts import Transcript
from forecastlab.lib.contributions import (
    JobKind,
    LeaseLost,
    Limits,
    StepCancelled,
    StepFailed,
)

PAUSE = 0.1  # at most ten writes a second and step
PARENT_PAUSE = 0.5  # shards share two rows
SILENCE = 0.2  # after which what was said last is stored without waiting for more


class TookTooLong(StepFailed):
    """The step took longer than it may."""

    code = "took_too_long"

    @classmethod
    def of(cls, step: JobStep, limits: Limits) -> TookTooLong:
        return cls(f"The step took longer than {step.timeout_seconds} s.", hint=limits.hint)

    @classmethod
    def of_job(cls, limits: Limits) -> TookTooLong:
        if limits.job is None:
            return cls("The job took longer than its kind allows.")
        return cls(f"The job took longer than the {limits.job} s it was given.", hint=limits.hint)


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """Seconds that are left to a step and to its job, and what was asked for.

    No time counts in which they waited for somebody.
    """

    job: float
    step: float | None = None
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def of(cls, step: JobStep, kind: JobKind, *, now: datetime) -> TimeLeft:
        job = step.job
        limits = kinds.limits_of(kind, job.params)
        allowed = kind.timeout.total_seconds() if limits.job is None else limits.job
        spent = (now - (job.started_at or now)).total_seconds() - job.parked_seconds
        return cls(allowed - spent, _left_of(step, limits, now=now), limits)


def _left_of(step: JobStep, limits: Limits, *, now: datetime) -> float | None:
    """Return what is left of the step's time where it counts from its first start."""
    if limits.step is None or step.always:
        return None
    whole = step.parent or step
    spent = (now - (whole.started_at or now)).total_seconds() - whole.parked_seconds
    return limits.step - spent


@dataclass(frozen=True, slots=True)
class Said:
    """How far a step said it is, and in which words; None and "" where it said nothing."""

    fraction: float | None = None
    text: str = ""

    def then(self, fraction: float | None, text: str) -> Said:
        """Return what holds once more was said."""
        return Said(self.fraction if fraction is None else fraction, text or self.text)


class Reporter:
    """Stores progress and renews the lease; raises when work must stop.

    Inside `fenced` nothing is stored, because nobody could see it before the commit; there it
    only looks whether the job was cancelled, and what was said is stored afterwards.
    """

    def __init__(
        self, lease: Lease, step: JobStep, left: TimeLeft, transcript: Transcript | None = None
    ) -> None:
        self._lease = lease
        self._step = step
        self._limits = left.limits
        now = time.monotonic()
        self._step_ends = now + (step.timeout_seconds if left.step is None else left.step)
        self._job_ends = now + left.job
        self._renewed = now
        self._said = self._told_parent = 0.0
        self._in_fence = False
        self._transcript = transcript or Transcript(lease, step, clock=timezone.now)
        self._unstored: Said | None = None
        self._one_at_a_time = threading.Lock()  # this thread, and the timer's
        self._timer: threading.Timer | None = None

    def __call__(self, fraction: float | None = None, text: str = "") -> None:
        now = time.monotonic()
        self._transcript.say(text)
        with self._one_at_a_time:
            self._unstored = (self._unstored or Said()).then(fraction, text)
            if now - self._said < PAUSE:
                self._store_later(SILENCE)
                return
            self._said = now
        self.stop_if_late()
        self._store_last()
        if not self._step.always:
            self._stop_if_cancelled()

    @contextmanager
    def fenced(self) -> Iterator[None]:
        # What the timer would store waits for our lock of the row, and we for the timer.
        with self._one_at_a_time:
            self._in_fence = True
        try:
            with leases.fenced(self._lease):
                yield
        finally:
            self._in_fence = False
        self._store_last()

    def end(self) -> None:
        """Store nothing any more: how the step ended says more than what it said last."""
        with self._one_at_a_time:
            self._unstored = None
            if self._timer is not None:
                self._timer.cancel()

    def stop_if_late(self) -> None:
        now = time.monotonic()
        if now > self._step_ends:
            raise TookTooLong.of(self._step, self._limits)
        if now > self._job_ends and not self._step.always:
            raise TookTooLong.of_job(self._limits)

    def _store_later(self, pause: float) -> None:
        if self._timer is None:
            self._timer = threading.Timer(pause, self._store_in_time)
            self._timer.daemon = True
            self._timer.start()

    def _store_in_time(self) -> None:
        """Store what was said last, on a connection of the timer's own, unless more was said."""
        self._timer = None
        now = time.monotonic()
        if now - self._said < PAUSE:
            self._store_later(SILENCE)
            return
        self._said = now
        try:
            with suppress(LeaseLost, OperationalError, InterfaceError):
                self._store_last()
                self._transcript.store()
        finally:
            connection.close()

    def _store_last(self) -> None:
        with self._one_at_a_time:
            said = self._unstored
            if said is not None and not self._in_fence:
                self._unstored = None
                self._store(time.monotonic(), said)

    def _store(self, now: float, said: Said) -> None:
        values: dict[str, object] = {}
        if said.fraction is not None:
            # 100 belongs to the close.
            whole = max(0, min(99, int(said.fraction * 100)))
            values["progress"] = Greatest(F("progress"), Value(whole))
        if said.text:
            values["detail"] = said.text[:2000]
        if now - self._renewed >= settings.LEASE_RENEW_SECONDS:
            values["lease_until"] = ringing.clock(self._lease.seconds)
            self._renewed = now
        self._write(values)
        self._transcript.store_now_and_then()
        self._tell_above(now, said.text)

    def _write(self, values: dict[str, object]) -> None:
        held = JobStep.objects.filter(
            pk=self._lease.step_id, fence=self._lease.fence, status=StepStatus.RUNNING
        )
        if not (held.update(**values) if values else held.exists()):
            raise LeaseLost

    def _tell_above(self, now: float, text: str) -> None:
        if self._step.parent_id is not None:
            left = self._told_parent + PARENT_PAUSE - now
            if left > 0:
                self._unstored = Said(text=text)
                self._store_later(left)
                return
            self._told_parent = now
            progress.of_parent(self._step.parent_id)
        progress.of_job(self._step.job_id, note=text or None)
        telling.ring(self._step.job)

    def _stop_if_cancelled(self) -> None:
        if Job.objects.filter(pk=self._step.job_id, cancel_requested=True).exists():
            raise StepCancelled
