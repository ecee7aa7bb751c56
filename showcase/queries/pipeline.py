"""The rows that the apps contribute, and whether they fit together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error

from forecastlab.lib import anchors, registry
from forecastlab.lib.contributions import PipelineStep
from showcase.domain import pipeline
from showcase.domain.pipeline import Row

MODULE = "pipeline_steps"
HINT = "Look at the pipeline_steps.py of the app that is named."
CHECKS: Mapping[type[anchors.AnchorError], str] = {
    anchors.UnknownAnchor: "showcase.E001",
    anchors.CyclicAnchors: "showcase.E002",
    anchors.DuplicateName: "showcase.E003",
}


def contributed() -> tuple[Row, ...]:
    """Return every contributed row, in no order."""
    found = registry.contributed(MODULE, PipelineStep)
    return tuple(Row(step, label) for label, step in found)


def planned(config: Mapping[str, Any]) -> list[Row]:
    """Return the rows that a run with this config executes, in order; only `rows`, if it names any.

    Those of a replay are the rows that its source had.
    """
    rows, only = pipeline.plan(contributed(), config=config), config.get("rows")
    return [row for row in rows if row.step.name in only] if only is not None else rows


def shown(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the pipeline as `show_pipeline` prints it."""
    rows = planned(config)
    return {
        "phases": [phase.name for phase in pipeline.phases(rows)],
        "steps": [
            {
                "name": row.step.name,
                "phase": row.step.phase,
                "contributed_by": row.contributed_by,
                "after": list(row.step.after),
                "before": list(row.step.before),
            }
            for row in rows
        ],
    }


def problems(rows: Sequence[Row]) -> list[CheckMessage]:
    """Say what keeps the rows from being put in order."""
    try:
        pipeline.in_order(rows)
    except anchors.AnchorError as error:
        return [Error(f"The pipeline does not fit: {error}.", hint=HINT, id=CHECKS[type(error)])]
    return []


def check(**_kwargs: Any) -> list[CheckMessage]:
    return problems(contributed())
