"""What a run's job does, written into the run's own rows in the same transaction.

The job decides; a Run and its StepRuns are what people read, and outlive the job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forecastlab.forecasting.models import Alias, ModelRun
from forecastlab.jobs.models import Job
from forecastlab.lib.contributions import Gone, JobChange, NewEvent
from forecastlab.warehouse.models import DatasetVersion
from showcase.domain import statuses
from showcase.models import Run, RunObject, StepRun
from showcase.services import reproducing, story

# Keys of a step's data that name something it made: key -> kind of object.
MADE = {
    "version": "dataset_version",
    "backtest": "backtest",
    "model_runs": "model_run",
    "issue": "forecast_issue",
    "batch_id": "batch",
    "plan": "plan",
}


def observe(change: JobChange) -> Sequence[NewEvent]:
    """Follow one change of the job; returns the events of the run's stream."""
    run = Run.objects.select_for_update().filter(pk=change.params["run"]).first()
    if run is None:  # deleted while its job was at work
        return ()
    return _follow_job(run, change) if change.step is None else _follow_step(run, change)


def _follow_job(run: Run, change: JobChange) -> Sequence[NewEvent]:
    kind = "run.stop_asked" if change.is_stop_asked else f"run.{_status_of_run(change)}"
    if not run.is_active and change.status == Run.Status.QUEUED:
        kind = "run.resumed"
        _tell_anew(run)
    run.status = statuses.follow(run.status, _status_of_run(change))
    if change.status == Run.Status.RUNNING and run.started_at is None:
        run.started_at = change.at
    if not run.is_active:
        _finish(run, change)
    run.save()
    if not run.is_active:
        story.settle(run, at=change.at)
        reproducing.settle(run, source=change.params.get("replays"), at=change.at)
    payload: dict[str, Any] = {"name": run.name}
    if change.detail:
        payload["detail"] = change.detail
    if run.seconds is not None:
        payload["seconds"] = round(run.seconds, 3)
    return [NewEvent(run.stream, kind, payload), NewEvent(Run.LIST_STREAM, kind)]


def _status_of_run(change: JobChange) -> str:
    """A job that failed because something is gone for good has interrupted its run."""
    gone = change.status == Run.Status.FAILED and change.code == Gone.code
    return Run.Status.INTERRUPTED if gone else change.status


def _tell_anew(run: Run) -> None:
    """Let a run that goes on say only what the steps that are kept have found."""
    run.started_at = run.finished_at = run.seconds = run.failed_step = None
    run.warnings, run.winner, run.winner_wape, run.result = 0, "", None, {}
    for step in run.steps.in_order().filter(status=StepRun.Status.DONE):
        _note_outcome(run, step)
        _note_winner(run, step.data)


def _finish(run: Run, change: JobChange) -> None:
    """End the run; what it took leaves out how long it waited for people."""
    run.finished_at = change.at
    parked = Job.objects.filter(pk=change.job_id).values_list("parked_seconds", flat=True).first()
    took = (change.at - (run.started_at or change.at)).total_seconds() - (parked or 0.0)
    run.seconds = max(took, 0.0)
    run.result = {**run.result, "seconds": round(run.seconds, 3)}
    if run.status == Run.Status.INTERRUPTED:
        run.result = {**run.result, "gone": change.detail}


def _follow_step(run: Run, change: JobChange) -> Sequence[NewEvent]:
    step = run.steps.filter(name=change.step).first()
    if step is None:
        return ()
    if change.step_status == StepRun.Status.PENDING:
        _reopen(step)
        return []
    is_first = step.started_at is None
    step.status = _status(change)
    step.started_at = step.started_at or change.at
    if step.status == StepRun.Status.DONE:
        _close(run, step, change)
        return [_step_event(run, step, "step.finished")]
    step.save()
    return [_step_event(run, step, "step.started")] if is_first else []


def _status(change: JobChange) -> str:
    """A step that fanned out waits for its shards only: to a reader it runs."""
    if change.step_status == StepRun.Status.DONE:
        return StepRun.Status.DONE
    is_parked = change.status == Run.Status.WAITING
    return StepRun.Status.WAITING if is_parked else StepRun.Status.RUNNING


def _reopen(step: StepRun) -> None:
    """The step is to be done anew."""
    step.status, step.outcome, step.detail, step.data = StepRun.Status.PENDING, "", "", {}
    step.content_key, step.same_as = "", None
    step.started_at = step.finished_at = step.seconds = None
    step.save()


def _close(run: Run, step: StepRun, change: JobChange) -> None:
    step.outcome = change.outcome
    step.detail = change.detail
    step.data = dict(change.data)
    step.content_key, step.same_as_id = change.data.get("content_key", ""), _earlier_run(change)
    step.seconds = change.seconds
    step.finished_at = change.at
    step.save()
    _note_outcome(run, step)
    _note_version(run, step.data)
    _note_winner(run, step.data)
    run.save()
    found = [*made(step.data), *_judged_by(step.data), *_pointed(run, step.data)]
    RunObject.objects.bulk_create(
        [RunObject(run=run, kind=kind, ref=ref) for kind, ref in found], ignore_conflicts=True
    )


def _earlier_run(change: JobChange) -> int | None:
    """Return the run whose result the step took over, if it is still there.

    It is held, so that nobody deletes it before this is written.
    """
    held = Run.objects.select_for_update(no_key=True).filter(pk=change.data.get("same_as") or 0)
    return held.values_list("pk", flat=True).first()


def _note_outcome(run: Run, step: StepRun) -> None:
    if step.outcome == StepRun.Outcome.WARN:
        run.warnings += 1
    if step.outcome == StepRun.Outcome.FAIL and run.failed_step is None:
        run.failed_step = step.index


def _note_version(run: Run, data: Mapping[str, Any]) -> None:
    """Bind a scenario's run to what it simulated."""
    if run.version_id is not None or "version" not in data:
        return
    version = DatasetVersion.objects.select_related("dataset").get(pk=data["version"])
    run.version, run.dataset, run.content_hash = version, version.dataset, version.content_hash


def _note_winner(run: Run, data: Mapping[str, Any]) -> None:
    """Take the winner from the step that names one, with the metric that chose it."""
    if not data.get("winner") or "metric" not in data:
        return
    run.winner, run.winner_wape = data["winner"], data.get("winner_wape")
    scores = data.get("per_model", {}).get(run.winner, {})
    run.result = {
        **run.result,
        "winner": {
            "model": run.winner,
            "metric": data["metric"],
            "value": scores.get(data["metric"]),
        },
    }


def made(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return kind and reference of everything that a step says it made."""
    found: list[tuple[str, str]] = []
    for key, kind in MADE.items():
        value = data.get(key)
        refs = value if isinstance(value, list) else [value]
        found += [(kind, str(ref)) for ref in refs if isinstance(ref, int | str) and ref != ""]
    return list(dict.fromkeys(found))


def _judged_by(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the backtests of the model runs that a step made: some have one of their own."""
    if not data.get("model_runs"):
        return []
    found = ModelRun.objects.filter(pk__in=data["model_runs"]).order_by("backtest")
    return [("backtest", str(pk)) for pk in found.values_list("backtest", flat=True).distinct()]


def _pointed(run: Run, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the alias that a step pointed: steps tell its name, which its dataset makes one."""
    if not data.get("alias"):
        return []
    found = Alias.objects.filter(dataset=run.dataset_id, name=data["alias"])
    return [("alias", str(pk)) for pk in found.values_list("pk", flat=True)]


def _step_event(run: Run, step: StepRun, kind: str) -> NewEvent:
    phases = list(dict.fromkeys(run.steps.order_by("index").values_list("phase", flat=True)))
    payload: dict[str, Any] = {
        "step": step.name,
        "title": step.title,
        "index": step.index,
        "total": run.steps.count(),
        "phase": step.phase,
        "phase_index": phases.index(step.phase) + 1,
        "phase_total": len(phases),
        "status": step.outcome or step.status,
        "detail": step.detail,
    }
    if step.seconds is not None:
        payload["seconds"] = round(step.seconds, 3)
    return NewEvent(run.stream, kind, payload)
