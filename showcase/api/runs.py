from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Body, Query, Router, Schema, Status
from pydantic import StrictBool, StrictInt, field_validator

from forecastlab.accounts.services import tokens
from forecastlab.accounts.services.access import person, requires
from forecastlab.lib import texts
from forecastlab.lib.cursors import Page
from showcase.models import RunPreset
from showcase.queries import representations, run_list
from showcase.services import configs, frames, run_presets, runs, streaming

router = Router(tags=["runs"])
EVENT_STREAM: dict[str, Any] = {
    "content_type": "text/event-stream",
    "headers": {"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
}
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
    step_timeout: StrictInt | None = None
    run_timeout: StrictInt | None = None
    reuse: StrictBool | None = None
    approval_patience_s: StrictInt | None = None
    keep: str | StrictBool | None = None
    reset: StrictBool | None = None


class AskedRun(RunIn):
    """`dry_run` tells the plan and starts nothing."""

    dry_run: StrictBool = False


class FrameQuery(Schema):
    dry_run: bool = False


class PresetIn(Schema):
    name: str
    options: RunIn

    @field_validator("options", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """Any value at all would pass for options of which none is given."""
        if not isinstance(value, Mapping):
            raise ValueError(_("Send names and values."))
        return value


class PresetOut(Schema):
    name: str
    options: dict[str, Any]
    created_at: datetime


class PresetList(Schema):
    items: list[PresetOut]


class RetryIn(Schema):
    """From which step a run goes on; left out, from where it ended."""

    step: str = ""


class Filters(Page):
    status: str = ""
    dataset: str = ""
    by: str = ""
    search: str = ""


@router.post(
    "/runs",
    response={200: dict[str, Any], 201: dict[str, Any]},
    url_name="run-start",
    summary="Start a run, or with dry_run tell what it would do",
)
@requires("run.start")
def run_start(request: HttpRequest, asked: AskedRun) -> Status[dict[str, Any]]:
    options = _options(asked, json.loads(request.body))
    by, now = person(request), timezone.now()
    if asked.dry_run:
        return Status(200, configs.prepare(options, by=by, at=now).shown())
    return Status(201, representations.whole(runs.start(options, by=by, at=now)))


def _options(asked: RunIn, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was sent; what the schema does not know is for the config to refuse by name."""
    unknown = {key: one for key, one in sent.items() if key not in type(asked).model_fields}
    return {**asked.model_dump(exclude_unset=True, exclude={"dry_run"}), **unknown}


@router.post(
    "/frames",
    response={200: dict[str, Any], 201: dict[str, Any]},
    url_name="run-frame",
    summary="Start the run that the frame of an older client asks for",
)
@requires("run.start")
def run_frame(
    request: HttpRequest, frame: Body[dict[str, Any]], asked: Query[FrameQuery]
) -> Status[dict[str, Any]]:
    by, now = person(request), timezone.now()
    if asked.dry_run:
        return Status(200, frames.plan(frame, by=by, at=now))
    return Status(201, representations.whole(frames.start(frame, by=by, at=now)))


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


@router.get("/runs/{run_id}/stream", url_name="run-stream", summary="Follow a run as it happens")
@requires("run.view")
def run_stream(
    request: HttpRequest, run_id: int, after: Annotated[int, Query(ge=0)] = 0
) -> HttpResponseBase:
    """Server-Sent Events: a frame for each step begun or ended, and for the end of the run.

    `Last-Event-ID`, or `after`, is the number of the last frame that you have. 204 says that
    there will be no more.
    """
    run = runs.find(run_id, viewer=person(request))
    last = texts.number(request.headers.get("Last-Event-ID", "")) or after
    if not streaming.has_more(run, last):
        return HttpResponse(status=204)
    if not isinstance(request, ASGIRequest):
        # A WSGI worker must not be held by one reader: tell what there is, the reader comes back.
        return HttpResponse(streaming.so_far(run, last), **EVENT_STREAM)
    follower = streaming.follower(
        run,
        last,
        session_key=request.session.session_key,
        secret=tokens.sent_in(request.headers.get("Authorization", "")),
    )
    return StreamingHttpResponse(streaming.messages(run.pk, follower), **EVENT_STREAM)


# -- presets ----------------------------------------------------------------------------------


@router.get(
    "/run-presets",
    response=PresetList,
    url_name="run-preset-list",
    summary="Your run presets, by name",
)
@requires("run.start")
def preset_list(request: HttpRequest) -> dict[str, Any]:
    return {"items": run_presets.listed(person(request))}


@router.get(
    "/run-presets/{name}",
    response=PresetOut,
    url_name="run-preset",
    summary="A run preset of yours; its options start a run as they are",
)
@requires("run.start")
def preset_read(request: HttpRequest, name: str) -> RunPreset:
    return run_presets.named(name, by=person(request))


@router.post(
    "/run-presets",
    response=PresetOut,
    url_name="run-preset-list",
    summary="Save options of a run by name, instead of what was saved by it",
)
@requires("run.start")
def preset_save(request: HttpRequest, asked: PresetIn) -> RunPreset:
    options = _options(asked.options, json.loads(request.body)["options"])
    return run_presets.save(asked.name, options, by=person(request), at=timezone.now())


@router.delete(
    "/run-presets/{name}",
    response={204: None},
    url_name="run-preset",
    summary="Delete a run preset of yours",
)
@requires("run.start")
def preset_delete(request: HttpRequest, name: str) -> Status[None]:
    run_presets.delete(name, by=person(request))
    return Status(204, None)
