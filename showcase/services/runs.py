"""The life of a run: a frozen config, carried by a job."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from forecastlab.accounts.models import User
from forecastlab.jobs.services import jobs, resuming
from forecastlab.lib import artefacts, texts
from forecastlab.lib.errors import BadInput, Conflict, NotFound
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import versions
from showcase.domain.frames import Wish
from showcase.models import Run, RunObject, StepRun
from showcase.services import configs, interrupting, workspaces
from showcase.services.configs import Prepared
from showcase.services.interrupting import RunInterrupted

KIND = "run"
STOP_PATIENCE, POLL = 15.0, 0.2
# How a step ended that a run can go on from.
BAD = ("", StepRun.Outcome.FAIL)


class NoSuchRun(NotFound):
    """There is no such run."""

    code = "no_such_run"


class RunFinished(Conflict):
    """The run has ended; there is nothing to stop."""

    code = "run_finished"


class NothingToRetry(Conflict):
    """The run has not failed and was not stopped, or cannot go on."""

    code = "nothing_to_retry"


def start(options: Mapping[str, Any], *, by: User, at: datetime, key: str | None = None) -> Run:
    """Freeze the options and start a run, or queue it behind the one active on its dataset.

    With the same `key` again it is the run that there is. Raises BadInput naming the field, or
    NotFound.
    """
    if key and (made := Run.objects.filter(job__key=key).first()):
        return made
    return start_prepared(configs.prepare(options, by=by, at=at), by=by, at=at, key=key)


def start_prepared(
    prepared: Prepared,
    *,
    by: User,
    at: datetime,
    wish: Wish | None = None,
    key: str | None = None,
) -> Run:
    """Start a run from what is prepared, with the frame of an older client where there was one.

    Run, steps, workspace and job commit together.
    """
    with transaction.atomic():
        if prepared.dataset:
            versions.keep(prepared.dataset, prepared.version)
        run = _create(prepared, by=by, at=at, wish=wish)
        if prepared.keep is not None:
            workspaces.keep(run, prepared.keep, by=by, at=at)
        params = {**run.config, **prepared.orders, "run": run.pk}
        run.job = jobs.create(KIND, params=params, by=by, at=at, exclusive=prepared.slot, key=key)
        Run.objects.filter(pk=run.pk).update(job=run.job)
        RunObject.objects.create(run=run, kind="job", ref=str(run.job.pk))
    return run


def _create(prepared: Prepared, *, by: User, at: datetime, wish: Wish | None) -> Run:
    version = prepared.version
    run = Run.objects.create(
        dataset=prepared.dataset,
        version=version,
        scenario=prepared.config["scenario"] or "",
        name=prepared.config["name"],
        config=prepared.config,
        config_hash=prepared.config_hash,
        content_hash=version.content_hash if version else "",
        requested_by=by,
        created_at=at,
        frame=dict(wish.given) if wish else {},
        frame_hash=wish.hash if wish else "",
    )
    StepRun.objects.bulk_create(
        StepRun(
            run=run,
            index=index,
            name=row.step.name,
            phase=row.step.phase,
            title=row.step.title,
            contributed_by=row.contributed_by,
        )
        for index, row in enumerate(prepared.rows, start=1)
    )
    return run


def stop(run: Run, *, by: User, at: datetime) -> Run:
    """Ask a run to stop; it ends as cancelled, with its clean-up done.

    Repeating it changes nothing. Raises RunFinished once the run has ended. The job's rows are
    locked first and the run's last, as everywhere, so nothing is locked here.
    """
    run.refresh_from_db()
    if not run.is_active or run.job is None:
        raise RunFinished(f"Run {run.pk} has ended as {run.status}; there is nothing to stop.")
    jobs.cancel(run.job, by=by, at=at)
    run.refresh_from_db()
    return run


def retry(run: Run, *, step: str = "", by: User | None, at: datetime) -> Run:
    """Let a run that failed or was stopped go on from a step; without one, from where it ended.

    Steps before it are kept. Where working files that they made are gone, it goes on from the
    step that makes them. Raises NothingToRetry, or BadInput for a step that was not reached.
    Where its data or its code is gone, it ends as interrupted instead; raises RunInterrupted then.
    """
    run.refresh_from_db()
    if run.status == Run.Status.INTERRUPTED:
        raise RunInterrupted(run.result.get("gone", ""))
    if run.job is None or not can_retry(run):
        raise NothingToRetry(f"Run {run.pk} is {run.status}: there is nothing to go on with.")
    names = choices(run)
    if step and step not in names:
        raise BadInput(
            f"Run {run.pk} cannot go on from '{step}'.",
            hint=f"It can from: {', '.join(names)}.",
            field="step",
        )
    first = _from(run, step or names[-1])
    if why := interrupting.what_is_gone(run, step=first):
        interrupting.interrupt(run, why, by=by, at=at)
        raise RunInterrupted(why)
    resuming.resume(run.job, step=first, by=by, at=at)
    run.refresh_from_db()
    return run


def can_retry(run: Run) -> bool:
    return run.job_id is not None and run.status in (Run.Status.FAILED, Run.Status.CANCELLED)


def choices(run: Run) -> list[str]:
    """Return the steps from which a run can go on: all up to the first that did not end well."""
    steps = list(run.steps.in_order().values_list("name", "outcome"))
    ended = next((place for place, (_, outcome) in enumerate(steps) if outcome in BAD), len(steps))
    return [name for name, _ in steps[: ended + 1]]


def _from(run: Run, step: str) -> str:
    """Return `step`, or the first step before it of which what it made is not there any more."""
    for name, data in run.steps.in_order().values_list("name", "data"):
        if name == step or not _lasts(data):
            return str(name)
    return step


def _lasts(data: Mapping[str, Any]) -> bool:
    if "version" in data and not DatasetVersion.objects.filter(pk=data["version"]).exists():
        return False
    files = (*data.get("temporary", ()), *data.get("lasting", ()))
    return all(map(artefacts.has, files))


def find(number: str | int, *, viewer: User) -> Run:
    """Return a run that this person may see; raises NoSuchRun."""
    visible = Run.objects.visible_to(viewer).select_related(
        "job", "dataset", "version__dataset", "requested_by", "workspace"
    )
    key = texts.number(str(number))
    run = None if key is None else visible.filter(pk=key).first()
    if run is None:
        raise NoSuchRun(f"There is no run '{number}', or not for you.", field="run")
    return run


def wait_until_stopped(run: Run) -> None:
    """Wait a while for a stopping run to end; without workers it stays as it is."""
    ends = time.monotonic() + STOP_PATIENCE
    while run.is_active and time.monotonic() < ends:
        time.sleep(POLL)
        run.refresh_from_db()
