"""The lives of a job and of a step, as tables; docs/reference/states.md is made from them."""

from __future__ import annotations

from enum import StrEnum

from forecastlab.lib.moves import Table


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105
    WARN = "warn"
    SKIP = "skip"
    FAIL = "fail"


JOB: Table[JobStatus] = {
    JobStatus.QUEUED: {
        "start": JobStatus.RUNNING,
        "cancel": JobStatus.CANCELLED,
    },
    JobStatus.RUNNING: {
        "park": JobStatus.WAITING,
        "succeed": JobStatus.SUCCEEDED,
        "fail": JobStatus.FAILED,
        "cancel": JobStatus.CANCELLED,
    },
    JobStatus.WAITING: {
        "requeue": JobStatus.QUEUED,
    },
    JobStatus.SUCCEEDED: {},
    JobStatus.FAILED: {
        "resume": JobStatus.QUEUED,
    },
    JobStatus.CANCELLED: {
        "resume": JobStatus.QUEUED,
    },
}

STEP: Table[StepStatus] = {
    StepStatus.PENDING: {
        "claim": StepStatus.RUNNING,
        "drop": StepStatus.DONE,
    },
    StepStatus.RUNNING: {
        "claim": StepStatus.RUNNING,
        "free": StepStatus.PENDING,
        "retry": StepStatus.PENDING,
        "split": StepStatus.WAITING,
        "park": StepStatus.WAITING,
        "close": StepStatus.DONE,
    },
    StepStatus.WAITING: {
        "gather": StepStatus.PENDING,
        "requeue": StepStatus.PENDING,
    },
    StepStatus.DONE: {
        "redo": StepStatus.PENDING,
    },
}

TABLES = {"Job": JOB, "Step of a job": STEP}
# Over, until somebody lets it go on; a worker moves nothing here.
TERMINAL = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED})
OPEN_STEP = frozenset(STEP) - {StepStatus.DONE}


def verdict(*, cancel_requested: bool, failed: bool) -> str:
    """Return the move that ends a job whose last step is over."""
    if cancel_requested:
        return "cancel"
    return "fail" if failed else "succeed"
