from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from forecastlab.accounts.models import User
from forecastlab.accounts.services.access import requires
from forecastlab.lib.errors import HouseError
from forecastlab.warehouse import queries
from forecastlab.warehouse.queries import dataset_page, listing
from forecastlab.warehouse.services import imports, uploads
from forecastlab.warehouse.services.imports import Options

router = Router(tags=["datasets"])


class DatasetOut(Schema):
    dataset: str
    version: int
    content_hash: str
    source: str
    rows: int
    series: int
    first: str
    last: str
    frequency: str
    created_at: datetime


class DatasetList(Schema):
    items: list[DatasetOut]
    next: str


class VersionList(Schema):
    items: list[DatasetOut]


class DatasetFilter(Schema):
    search: str = ""
    limit: int = Field(50, ge=1, le=500)
    cursor: str = ""


class ImportIn(Schema):
    name: str
    map: list[str] = []
    signal: list[str] = []
    frequency: str = ""
    returns: str = "keep"
    layout: str = "long"


class ImportStarted(Schema):
    job: int
    dataset: str


@router.get(
    "/datasets", response=DatasetList, url_name="datasets", summary="The datasets you may see"
)
@requires("dataset.view")
def dataset_list(request: HttpRequest, wanted: Query[DatasetFilter]) -> dict[str, Any]:
    found, following = listing.described(request.user, **wanted.dict())
    return {"items": found, "next": following}


@router.post(
    "/datasets",
    response={202: ImportStarted},
    url_name="dataset-import",
    summary="Import a file as the next version of a dataset",
)
@requires("dataset.import")
def dataset_import(
    request: HttpRequest, wanted: Form[ImportIn], file: File[UploadedFile]
) -> Status[dict[str, Any]]:
    by = cast("User", request.user)
    imports.check_name(wanted.name, by=by)
    options = Options(
        placed=wanted.map,
        signals=wanted.signal,
        frequency=wanted.frequency,
        returns=wanted.returns,
        layout=wanted.layout,
    )
    upload = uploads.receive(file.chunks(), file_name=file.name or "upload")
    try:
        job = imports.start(wanted.name, upload, options=options, by=by, at=timezone.now())
    except HouseError:
        upload.place.discard()
        raise
    return Status(202, {"job": job.pk, "dataset": wanted.name})


@router.get(
    "/datasets/{name}", response=DatasetOut, url_name="dataset", summary="NAME or NAME@VERSION"
)
@requires("dataset.view")
def dataset_detail(request: HttpRequest, name: str) -> dict[str, Any]:
    return listing.description(queries.resolve(name, request.user))


@router.get(
    "/datasets/{name}/versions",
    response=VersionList,
    url_name="dataset-versions",
    summary="The versions of a dataset, newest first",
)
@requires("dataset.view")
def dataset_version_list(request: HttpRequest, name: str) -> dict[str, Any]:
    shown = queries.resolve(name, request.user)
    return {"items": [listing.description(one) for one in dataset_page.versions(shown.dataset)]}
