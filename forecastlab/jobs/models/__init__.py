from __future__ import annotations

from forecastlab.jobs.models.jobs import (
    Job,
    JobQuerySet,
    JobStep,
    JobStepQuerySet,
    StepLog,
    WorkerHeartbeat,
    WorkerHeartbeatQuerySet,
)
from forecastlab.jobs.models.schedules import Schedule, ScheduleQuerySet

__all__ = [
    "Job",
    "JobQuerySet",
    "JobStep",
    "JobStepQuerySet",
    "Schedule",
    "ScheduleQuerySet",
    "StepLog",
    "WorkerHeartbeat",
    "WorkerHeartbeatQuerySet",
]
