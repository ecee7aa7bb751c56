from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from agents.services import run_waits, sweeping, watching


@shared_task
def sweep_sessions() -> None:
    """Call the sessions that something is to be done for and nobody does it."""
    sweeping.sweep(timezone.now())


@shared_task
def sweep_approvals() -> None:
    """Let approvals lapse that nobody answered, and raise those that are due."""
    watching.sweep(timezone.now())


@shared_task
def wake_run(*, job_id: int) -> None:
    """Let the row of a run look whether it still waits for an answer."""
    run_waits.wake(job_id, at=timezone.now())


@shared_task
def sweep_run_waits() -> None:
    """Wake the runs whose rows still wait although nobody told them that they need not."""
    run_waits.sweep(timezone.now())
