from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from forecastlab.accounts.models import User
from forecastlab.accounts.services.access import person, requires
from forecastlab.lib import downloads
from forecastlab.lib.cursors import Page
from forecastlab.lib.errors import HouseError
from forecastlab.warehouse import queries
from forecastlab.warehouse.domain.options import Options
from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.domain.simulator import options
from forecastlab.warehouse.queries import (
    dataset_page,
    differences,
    listing,
    representations,
    series_list,
    series_page,
    tables,
)
from forecastlab.warehouse.services import (
    beside,
    datasets,
    import_profiles,
    imports,
    simulations,
    uploads,
)
from forecastlab.warehouse.services.simulations import Asked

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
    next: str | None


class VersionOut(DatasetOut):
    """`difference` is from `parent`, the number of the version before; empty for a first one."""

    mode: str
    parent: int | None
    difference: dict[str, Any]


class VersionList(Schema):
    items: list[VersionOut]


class DatasetFilter(Page):
    search: str = ""


class ImportIn(Schema):
    name: str
    map: list[str] = []
    signal: list[str] = []
    frequency: str = ""
    layout: str = ""
    mode: str = "replace"
    returns: str = "keep"
    duplicates: str = "reject"
    encoding: str = ""
    decimal: str = ""
    dates: str = ""
    timezone: str = ""
    profile: str = ""

    def options(self, *, by: User) -> Options:
        said = self.dict(exclude={"name", "map", "signal", "profile"}, exclude_unset=True)
        said |= {"placed": self.map, "signals": self.signal}
        return import_profiles.completed(said, self.profile, by=by)


# Held-back values of layout m4, or a table; a schema of files would not be looked into.
Further = File[UploadedFile | None]


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
def dataset_import(  # noqa: PLR0913 - one for each file
    request: HttpRequest,
    wanted: Form[ImportIn],
    file: File[UploadedFile],
    test: Further = None,
    stores: Further = None,
    products: Further = None,
    calendar: Further = None,
) -> Status[dict[str, Any]]:
    by = cast("User", request.user)
    options = wanted.options(by=by)
    imports.check_name(wanted.name, by=by)
    options.check()
    name = file.name or "upload"
    given = {"test": test, "stores": stores, "products": products, "calendar": calendar}
    further = {role: (one.name or role, one.chunks()) for role, one in given.items() if one}
    upload = uploads.receive(file.chunks(), file_name=name, encoding=options.encoding)
    try:
        options = beside.keep(upload, further, options)
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
    return {"items": [listing.of_version(one) for one in dataset_page.versions(shown.dataset)]}


# -- series, and tables to take away -----------------------------------------------------------


class SeriesFilter(Page):
    """Attributes of stores and products are given by name, as in `product.brand=Acme`."""

    search: str = ""
    store: str = ""
    product: str = ""
    trait: list[str] = []
    least: float | None = None
    sort: str = series_list.BEST_SELLING


@router.get(
    "/datasets/{name}/overview",
    response=dict[str, Any],
    url_name="dataset-overview",
    summary="What a version holds, and what that is worth",
)
@requires("dataset.view")
def dataset_overview(request: HttpRequest, name: str) -> dict[str, Any]:
    return representations.overview(queries.resolve(name, request.user))


@router.get(
    "/datasets/{name}/series",
    response=dict[str, Any],
    url_name="dataset-series-list",
    summary="The series of a version with their figures, filtered and sorted",
)
@requires("dataset.view")
def series_listing(request: HttpRequest, name: str, wanted: Query[SeriesFilter]) -> dict[str, Any]:
    version = queries.resolve(name, request.user)
    representations.check(wanted.sort, wanted.trait)
    asked = series_list.wanted(request.GET.dict(), wanted.trait)
    items, following = representations.listed(
        version, asked, limit=wanted.limit, cursor=wanted.cursor
    )
    return {"items": items, "next": following}


@router.get(
    "/datasets/{name}/series/{series_id}",
    response=dict[str, Any],
    url_name="dataset-series",
    summary="One series: its figures, and its rows page by page",
)
@requires("dataset.view")
def series_read(
    request: HttpRequest, name: str, series_id: int, wanted: Query[Page]
) -> dict[str, Any]:
    version = queries.resolve(name, request.user)
    profile = series_page.find(version, series_id)
    return representations.whole(version, profile, limit=wanted.limit, cursor=wanted.cursor)


@router.get(
    "/datasets/{name}/{table}.{suffix}",
    response=Any,
    url_name="dataset-table",
    summary="All rows (facts), the list of series, or the overview, as CSV or Parquet",
)
@requires("dataset.view")
def dataset_table(
    request: HttpRequest,
    name: str,
    table: str,
    suffix: str,
) -> HttpResponseBase:
    version = queries.resolve(name, request.user)
    representations.check_table(table, suffix)
    asked = series_list.wanted(request.GET.dict(), request.GET.getlist("trait"))
    frames = tables.named(version, table, asked)
    file_name = f"{version.dataset.name}-{version.number}-{table}"
    return downloads.respond(request, frames, name=file_name, suffix=suffix)


# -- simulations -------------------------------------------------------------------------------


class SimulationIn(Schema):
    """What to simulate; whatever is left out is the preset's own. A key that is not here fails."""

    name: str
    preset: str = configs.DEFAULT_PRESET
    seed: int = configs.DEFAULT_SEED
    as_of: date | None = None
    knobs: dict[str, Any] = {}
    enable: list[str] = []
    dry_run: bool = False


@router.get(
    "/simulations/options",
    response=dict[str, Any],
    url_name="simulation-options",
    summary="The presets with their sizes, the knobs with their ranges, what can be switched on",
)
@requires("dataset.view")
def simulation_options(request: HttpRequest) -> dict[str, Any]:
    return options.shown()


@router.post(
    "/simulations",
    response={200: dict[str, Any], 202: ImportStarted},
    url_name="simulation-start",
    summary="Simulate the next version of a dataset, or say how large it would be",
)
@requires("dataset.import")
def simulation_start(request: HttpRequest, wanted: SimulationIn) -> Status[dict[str, Any]]:
    options.check_keys(json.loads(request.body), SimulationIn.model_fields)
    by, now = person(request), timezone.now()
    config = Asked(
        preset=wanted.preset,
        seed=wanted.seed,
        as_of=wanted.as_of,
        knobs=wanted.knobs,
        enabled=wanted.enable,
    ).config(now)
    if wanted.dry_run:
        size = simulations.preview(wanted.name, config, by=by)
        return Status(200, {"dry_run": True, "dataset": wanted.name, **size.as_json()})
    job = simulations.start(wanted.name, config, by=by, at=now)
    return Status(202, {"job": job.pk, "dataset": wanted.name})


# -- versions, and what the owner changes ------------------------------------------------------


class VersionPair(Schema):
    before: int = Field(ge=1)
    after: int = Field(ge=1)


class DatasetChange(Schema):
    """What is left out stays; an empty list of readers lets all staff read."""

    name: str | None = None
    readers: list[str] | None = None


class Confirmation(Schema):
    confirm: str = ""


@router.get(
    "/datasets/{name}/difference",
    response=dict[str, Any],
    url_name="dataset-difference",
    summary="How two versions of a dataset differ",
)
@requires("dataset.view")
def dataset_difference(
    request: HttpRequest, name: str, wanted: Query[VersionPair]
) -> dict[str, Any]:
    before = queries.resolve(f"{name}@{wanted.before}", request.user)
    after = queries.resolve(f"{name}@{wanted.after}", request.user)
    found = differences.between(before, after)
    return {"before": before.ref, "after": after.ref, "difference": found}


@router.patch(
    "/datasets/{name}",
    response=DatasetOut,
    url_name="dataset",
    summary="Rename a dataset, or say which groups read it",
)
@requires("dataset.edit")
def dataset_change(request: HttpRequest, name: str, wanted: DatasetChange) -> dict[str, Any]:
    dataset = queries.resolve(name, request.user).dataset
    changed = datasets.change(
        dataset, name=wanted.name, readers=wanted.readers, by=person(request), at=timezone.now()
    )
    return listing.description(queries.newest(changed))


@router.delete(
    "/datasets/{name}",
    response={204: None},
    url_name="dataset",
    summary="Delete a dataset; confirm with its name",
)
@requires("dataset.delete")
def dataset_delete(request: HttpRequest, name: str, wanted: Confirmation) -> Status[None]:
    dataset = queries.resolve(name, request.user).dataset
    datasets.delete(dataset, typed=wanted.confirm, by=person(request), at=timezone.now())
    return Status(204, None)


@router.delete(
    "/datasets/{name}/versions/{number}",
    response={204: None},
    url_name="dataset-version",
    summary="Delete a version; confirm with NAME@NUMBER",
)
@requires("dataset.delete")
def version_delete(
    request: HttpRequest, name: str, number: int, wanted: Confirmation
) -> Status[None]:
    version = queries.resolve(f"{name}@{number}", request.user)
    datasets.delete_version(version, typed=wanted.confirm, by=person(request), at=timezone.now())
    return Status(204, None)
