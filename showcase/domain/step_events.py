"""The events of a run as programs are told of them: one frame per step begun, ended, and the end.

A frame carries the run and the number of its event, so that a reader can come back for the rest.
Events that are not about a step or the end of the run (queued, asked to stop) have no frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]

OUTCOMES = ("pass", "fail", "skip", "warn")
ENDS = ("run.succeeded", "run.failed", "run.cancelled", "run.interrupted")
STEPS = {"step.started": "step_start", "step.finished": "step_complete"}


def frame(run_id: int, event: Json, data: Json) -> dict[str, Any] | None:
    """Return what is told of one event; None for one that is not told.

    `data` is what the step found, or what came out of the run.
    """
    kind, payload = event["kind"], event["payload"]
    if kind in ENDS:
        return _frame(
            run_id,
            event,
            event_type="pipeline_complete",
            step_name="summary",
            status="pass" if kind == "run.succeeded" else "fail",
            data=data,
        )
    if kind not in STEPS:
        return None
    return _frame(
        run_id,
        event,
        event_type=STEPS[kind],
        step_name=payload["step"],
        step_index=payload["index"],
        total_steps=payload["total"],
        status=payload["status"] if payload["status"] in OUTCOMES else None,
        data=data,
        phase_name=payload["phase"],
        phase_index=payload["phase_index"],
        phase_total=payload["phase_total"],
    )


def refused(run_id: int, *, detail: str, at: str) -> dict[str, Any]:
    """Return the frame that ends a stream which its reader may not read any more."""
    event = {"seq": None, "payload": {"detail": detail}, "at": at}
    return _frame(run_id, event, event_type="error", step_name="pipeline", status="fail")


def _frame(run_id: int, event: Json, **members: Any) -> dict[str, Any]:
    payload = event["payload"]
    usual = {
        "step_index": 0,
        "total_steps": 0,
        "data": {},
        "phase_name": None,
        "phase_index": None,
        "phase_total": None,
    }
    return usual | {
        "run_id": run_id,
        "seq": event["seq"],
        "detail": payload.get("detail", ""),
        "duration_ms": round(1000 * payload.get("seconds", 0.0), 1),
        "timestamp": event["at"],
        **members,
    }
