"""What an alias is asked before it is pointed at another model run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from forecastlab.forecasting.domain.frames import FRAME_VERSION

# Two judgements are alike when all of these are: the same points, forecast from the same origins.
LIKE_FOR_LIKE = ("frequency", "horizon", "folds", "step", "gap", "metric", "until")


class Name(StrEnum):
    VERIFIED = "artefact_verified"
    WORSE = "worse_metric"
    FRAME = "version_mismatch"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A judged model: over which version, by which config, how well, from which frame."""

    version: int
    config: Mapping[str, Any]
    metrics: Mapping[str, Any]
    frame_version: int | None

    @property
    def metric(self) -> str:
        return str(self.config["metric"])

    @property
    def error(self) -> float | None:
        """Its error by its own metric: by its size, as bias has a sign. None is undefined."""
        value = self.metrics.get(self.metric)
        return None if value is None else abs(value)

    @property
    def frame(self) -> int:
        """Return its frame; what learns from none is like every model of the usual one."""
        return FRAME_VERSION if self.frame_version is None else self.frame_version


@dataclass(frozen=True, slots=True)
class Gate:
    """One question. Where it does not hold, `why` says which case it is.

    A gate with `final` cannot be passed by acknowledging it.
    """

    name: Name
    holds: bool
    why: str = ""
    final: bool = False


def alike(one: Candidate, other: Candidate) -> bool:
    """Say whether the errors of both were measured on the same folds, so that they compare."""
    same = all(one.config.get(name) == other.config.get(name) for name in LIKE_FOR_LIKE)
    return same and one.version == other.version


def asked(before: Candidate, after: Candidate, *, whole: bool) -> list[Gate]:
    """Ask every gate; `whole` says whether the artefact of `after` holds what was stored."""
    same_frame = before.frame == after.frame
    return [
        Gate(Name.VERIFIED, whole, "" if whole else "damaged", final=True),
        _worse(before, after),
        Gate(Name.FRAME, same_frame, "" if same_frame else "other_frame"),
    ]


def _worse(before: Candidate, after: Candidate) -> Gate:
    if not alike(before, after):
        return Gate(Name.WORSE, holds=False, why="other_folds")
    if before.error is None or after.error is None:
        return Gate(Name.WORSE, holds=False, why="unknown")
    is_worse = after.error > before.error
    return Gate(Name.WORSE, holds=not is_worse, why="worse" if is_worse else "")
