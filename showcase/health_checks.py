"""What `doctor` asks about the pipeline."""

from __future__ import annotations

from django.db import DatabaseError

from forecastlab.lib.contributions import HealthCheck
from showcase.queries import pipeline
from showcase.services import verifying


def _pipeline() -> str:
    found = pipeline.problems(pipeline.contributed())
    return " ".join(f"{one.msg} {one.hint}" for one in found)


def _bundles() -> str:
    try:
        return " ".join(verifying.damaged())
    except DatabaseError:
        return ""  # the check of readiness says so


CHECKS = (HealthCheck("pipeline", _pipeline), HealthCheck("bundles", _bundles))
