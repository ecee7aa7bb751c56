from __future__ import annotations

from forecastlab.planning.models.overrides import (
    Freeze,
    Override,
    OverrideCell,
    Publication,
    PublishedOverride,
    PublishedSeries,
)
from forecastlab.planning.models.plans import Plan

__all__ = [
    "Freeze",
    "Override",
    "OverrideCell",
    "Plan",
    "Publication",
    "PublishedOverride",
    "PublishedSeries",
]
