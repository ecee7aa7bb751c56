from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import StrictBool, StrictInt

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib.cursors import Page
from showcase.queries import representations, run_list
from showcase.services import runs

router = Router(tags=["runs"])
FILTERS = ("status", "dataset", "by", "search")


class RunIn(Schema):
    """What a run is asked to do; whatever is left out takes its default."""

    scenario: str | None = None
    dataset: str | None = None
    name: str | None = None
    seed: StrictInt | None = None
    as_of: date | None = None
    simulate: dict[str, Any] | None = None
    models: list[str] | None = None
    horizon: StrictInt | None = None
    folds: StrictInt | None = None
    step: StrictInt | None = None
    gap: StrictInt | None = None
    window: StrictInt | None = None
    metric: str | None = None
    policy: str | None = None
    focus: str | None = None
    table: str | None = None
    keep_going: StrictBool | None = None


class RetryIn(Schema):
    """From which step a run goes on; left out, from where it ended."""

    step: str = ""


class Filters(Page):
    status: str = ""
    dataset: str = ""
    by: str = ""
    search: str = ""


@router.post("/runs", response={201: dict[str, Any]}, url_name="run-start", summary="Start a run")
@requires("run.start")
def run_start(request: HttpRequest, asked: RunIn) -> Status[dict[str, Any]]:
    sent = json.loads(request.body)
    # The schema drops what it does not know; the config refuses it and says what there is.
    unknown = {key: value for key, value in sent.items() if key not in RunIn.model_fields}
    options = {**asked.model_dump(exclude_unset=True), **unknown}
    run = runs.start(options, by=person(request), at=timezone.now())
    return Status(201, representations.whole(run))


@router.get("/runs", response=dict[str, Any], url_name="run-list", summary="Runs, newest first")
@requires("run.view")
def run_listing(request: HttpRequest, asked: Query[Filters]) -> dict[str, Any]:
    filters = {key: getattr(asked, key) for key in FILTERS if getattr(asked, key)}
    found, following = run_list.listed(
        person(request), filters=filters, limit=asked.limit, cursor=asked.cursor
    )
    return {"items": [representations.short(run) for run in found], "next": following}


@router.get(
    "/runs/{run_id}", response=dict[str, Any], url_name="run-read", summary="A run with its steps"
)
@requires("run.view")
def run_read(request: HttpRequest, run_id: int) -> dict[str, Any]:
    return representations.whole(runs.find(run_id, viewer=person(request)))


@router.post(
    "/runs/{run_id}/cancel", response=dict[str, Any], url_name="run-cancel", summary="Stop a run"
)
@requires("run.stop")
def run_cancel(request: HttpRequest, run_id: int) -> dict[str, Any]:
    run = runs.find(run_id, viewer=person(request))
    runs.stop(run, by=person(request), at=timezone.now())
    return {"run": run.pk, "status": run.status}


@router.post(
    "/runs/{run_id}/retry",
    response=dict[str, Any],
    url_name="run-retry",
    summary="Let a run that failed or was stopped go on",
)
@requires("run.start")
def run_retry(request: HttpRequest, run_id: int, asked: RetryIn) -> dict[str, Any]:
    run = runs.find(run_id, viewer=person(request))
    runs.retry(run, step=asked.step, by=person(request), at=timezone.now())
    return representations.whole(run)
