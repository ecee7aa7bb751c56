"""Why the model run behind an alias is not to be relied on any more: one rule, first match wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from forecastlab.forecasting.domain.frames import FRAME_VERSION


class Reason(StrEnum):
    NOT_SUCCESS = "run_not_success"
    OTHER_FRAME = "feature_frame_version_mismatch"
    NEWER = "newer_success_run"
    NOT_VERIFIED = "artefact_not_verified"


@dataclass(frozen=True, slots=True)
class Trained:
    """A model run as the rule sees it.

    `until` is the end of what it learnt from, on one scale for all that are compared: seconds, or
    a number of periods. `verified` says whether its artefact holds what was stored.
    """

    name: int
    frame_version: int | None
    trained_at: datetime
    until: float
    succeeded: bool = True
    verified: bool = True

    @property
    def frame(self) -> int:
        """Return its frame; what learns from none is like every model of the usual one."""
        return FRAME_VERSION if self.frame_version is None else self.frame_version

    def is_newer_than(self, other: Trained) -> bool:
        """Say whether it was trained later, and not on an earlier end of the history."""
        return self.trained_at > other.trained_at and self.until >= other.until


@dataclass(frozen=True, slots=True)
class Stale:
    """Why; with the newest comparable run and both frame versions where they decided."""

    reason: Reason
    frame: int
    newer: int | None = None
    newer_frame: int | None = None


def judged(run: Trained, comparable: Sequence[Trained]) -> Stale | None:
    """Say why an alias that points at `run` is stale, or None.

    `comparable` are runs over the same dataset, in any order; `run` may be among them. First
    match wins: the run did not succeed; the newest run that did and is newer has another frame
    version; there is a newer one; the artefact is not what was stored.
    """
    if not run.succeeded:
        return Stale(Reason.NOT_SUCCESS, run.frame)
    newer = [one for one in comparable if one.succeeded and one.is_newer_than(run)]
    if newer:
        newest = max(newer, key=lambda one: (one.trained_at, one.name))
        reason = Reason.NEWER if newest.frame == run.frame else Reason.OTHER_FRAME
        return Stale(reason, run.frame, newest.name, newest.frame)
    return None if run.verified else Stale(Reason.NOT_VERIFIED, run.frame)
