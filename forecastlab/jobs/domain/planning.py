"""Which step comes next, and how far a job is: pure arithmetic over its steps."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from forecastlab.jobs.domain.statuses import StepStatus


class Planned(Protocol):
    @property
    def status(self) -> str: ...
    @property
    def position(self) -> int: ...
    @property
    def always(self) -> bool: ...
    @property
    def progress(self) -> int: ...
    @property
    def weight(self) -> float: ...


P = TypeVar("P", bound=Planned)


def next_step(steps: Iterable[P], *, stopping: bool) -> P | None:
    """Return the first step that is undone; of a stopping job, only clean-ups count."""
    left = [one for one in steps if one.status != StepStatus.DONE and (one.always or not stopping)]
    return min(left, key=lambda one: one.position, default=None)


def percent(steps: Sequence[Planned]) -> int:
    """Return the weighted progress of a job, rounded down: 100 only when all of it is done."""
    total = sum(one.weight for one in steps)
    if total <= 0:
        return 0
    return int(sum(one.weight * one.progress for one in steps) / total + 1e-9)


def pause_before(attempt: int, *, longest: float = 60.0) -> float:
    """Return the seconds to wait after failed try number `attempt`: doubling, with jitter.

    Without jitter, all that failed together would come back together.
    """
    whole = min(longest, 2.0 ** max(0, attempt - 1))
    return whole * random.uniform(0.5, 1.0)  # noqa: S311
