from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import celeryd_init, worker_ready, worker_shutdown
from django.utils import timezone

from forecastlab.jobs.services import firing, heartbeats, jobs, storeroom, sweeping, workers


@shared_task
def advance_job(*, job_id: int) -> None:
    """Run the step of a job that is due."""
    jobs.advance(job_id)


@shared_task
def advance_shard(*, step_id: int) -> None:
    """Run one shard of a step that fanned out."""
    jobs.advance_step(step_id)


@shared_task
def sweep_jobs() -> None:
    """Free the leases of dead workers and repeat messages that were lost."""
    sweeping.sweep()


@shared_task
def sweep_artefacts() -> None:
    """Delete artefacts that no row refers to."""
    storeroom.sweep(timezone.now())


@shared_task
def sweep_schedules() -> None:
    """Call workers for the schedules that are due."""
    firing.sweep(timezone.now())


@shared_task
def fire_schedule(*, schedule_id: int) -> None:
    """Start what a schedule is due to start."""
    firing.fire(schedule_id, at=timezone.now())


# -- the life of a worker process --------------------------------------------------------------


@celeryd_init.connect
def name_worker(sender: str, **_: Any) -> None:
    """Before the pool is forked, so that its processes know whose they are."""
    workers.boot(sender)


@worker_ready.connect
def start_beating(sender: Any, **_: Any) -> None:
    heartbeats.start(sorted(sender.app.amqp.queues.consume_from))


@worker_shutdown.connect
def stop_beating(**_: Any) -> None:
    heartbeats.stop()
