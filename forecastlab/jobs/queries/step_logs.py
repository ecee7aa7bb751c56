"""What a step of a job said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from forecastlab.jobs.models import StepLog


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    text: str


def of_step(job_id: int, name: str) -> Sequence[Line]:
    """Return the newest lines of a step, oldest first; nothing for one that has said nothing."""
    found = StepLog.objects.filter(step__job=job_id, step__parent=None, step__name=name)
    lines = found.values_list("lines", flat=True).first() or []
    return [_line(one) for one in lines]


def _line(stored: str) -> Line:
    at, _blank, text = stored.partition(" ")
    return Line(datetime.fromisoformat(at), text)
