"""The frames of a run: its events with what its steps found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from forecastlab.events import queries as events
from forecastlab.events.domain.frames import EventData
from showcase.domain import step_events
from showcase.models import Run, StepRun

RUN_CONFIG = ("train_model_types", "backtest")
JUDGED = ("horizon", "folds", "step", "gap", "window", "metric")


def after(run: Run, seq: int) -> list[dict[str, Any]]:
    """Return all frames that follow event number `seq`."""
    found: list[dict[str, Any]] = []
    while told := events.data_after(run.stream, seq):
        found += frames(run.pk, told)
        seq = told[-1]["seq"]
    return found


def frames(run_id: int, told: Iterable[EventData]) -> list[dict[str, Any]]:
    """Return the frames of some events of a run; raises Run.DoesNotExist."""
    run = Run.objects.select_related("workspace").get(pk=run_id)
    steps = {step.name: step for step in run.steps.all()}
    made = (step_events.frame(run_id, dict(one), _data(run, steps, one)) for one in told)
    return [one for one in made if one is not None]


def _data(run: Run, steps: Mapping[str, StepRun], event: EventData) -> Mapping[str, Any]:
    if event["kind"] in step_events.ENDS:
        return _summary(run, steps, event)
    step = steps.get(event["payload"].get("step", ""))
    # A step that was done anew has forgotten what it found before.
    is_latest = step is not None and step.finished_at == datetime.fromisoformat(event["at"])
    return step.data if step and is_latest else {}


def _summary(run: Run, steps: Mapping[str, StepRun], event: EventData) -> dict[str, Any]:
    registered = _found(steps, "register")
    workspace = getattr(run, "workspace", None)
    return {
        "winner_model_type": run.winner or None,
        "winner_wape": run.winner_wape,
        "winning_run_id": registered.get("run_id"),
        "alias": registered.get("alias"),
        "wall_clock_s": event["payload"].get("seconds"),
        "v2_run_id": _found(steps, "v2_train").get("v2_run_id"),
        "workspace_id": workspace.pk if workspace else None,
        "run_config": _run_config(run),
    }


def _found(steps: Mapping[str, StepRun], name: str) -> Mapping[str, Any]:
    return steps[name].data if name in steps else {}


def _run_config(run: Run) -> Mapping[str, Any] | None:
    """Return what an older client asked for, None for nothing; else the frozen config."""
    if run.frame:
        return {key: run.frame[key] for key in RUN_CONFIG if run.frame.get(key)} or None
    judged = {key: run.config[key] for key in JUDGED if key in run.config}
    return {"train_model_types": run.config["models"], "backtest": judged}
