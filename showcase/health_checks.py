"""What `doctor` asks about the pipeline."""

from __future__ import annotations

from forecastlab.lib.contributions import HealthCheck
from showcase.queries import pipeline


def _pipeline() -> str:
    found = pipeline.problems(pipeline.contributed())
    return " ".join(f"{one.msg} {one.hint}" for one in found)


CHECKS = (HealthCheck("pipeline", _pipeline),)
