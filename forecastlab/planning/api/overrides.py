"""Overrides, freezes and published forecasts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib import texts
from forecastlab.lib.cursors import Page
from forecastlab.planning.domain import overrides as rules
from forecastlab.planning.models import Override
from forecastlab.planning.queries import horizons, override_json, value_added
from forecastlab.planning.queries.publications import PublicationPage
from forecastlab.planning.services import freezes, overrides, publications, withdrawing
from forecastlab.warehouse import queries as warehouse

router = Router(tags=["plans"])


# -- overrides ---------------------------------------------------------------------------------


class Asked(Schema):
    """Refuses what it does not know, and numbers that are written as texts or truth values."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ScopeIn(Asked):
    """Which series: kind series, product, category, store, region or all; and its name."""

    kind: str
    value: str = ""


class OverrideIn(Asked):
    """Override a scope over a span of periods, all of it or nothing.

    `way` is each (units in every period), total (units over the span), percent or model (back to
    it). With `seen` it is refused where somebody has changed the scope since.
    """

    dataset: str
    scope: ScopeIn
    first: str
    last: str
    way: str
    amount: float | None = None
    reason: str
    note: str = Field("", max_length=rules.LONGEST_NOTE)
    seen: int | None = None


class NumberIn(Asked):
    """One number; `units` null goes back to the model, `revision` is the one that was read."""

    series: str
    period: str
    units: float | None
    revision: int | None = None


class NumbersIn(Asked):
    dataset: str
    numbers: list[NumberIn] = Field(min_length=1, max_length=rules.MOST_CELLS)
    reason: str
    note: str = Field("", max_length=rules.LONGEST_NOTE)


class WhyIn(Asked):
    reason: str
    note: str = Field("", max_length=rules.LONGEST_NOTE)


class FreezeIn(Asked):
    dataset: str
    scope: ScopeIn
    first: str
    last: str
    note: str = Field("", max_length=rules.LONGEST_NOTE)


class PublicationIn(Asked):
    dataset: str
    note: str = Field("", max_length=rules.LONGEST_NOTE)


class DatasetPage(Page):
    dataset: str
    search: str = ""


class MaybeDatasetPage(Page):
    dataset: str = ""


@router.get(
    "/overrides",
    response=dict[str, Any],
    url_name="override-list",
    summary="The overrides beside the newest forecast of a dataset",
)
@requires("override.view")
def override_listing(request: HttpRequest, asked: Query[DatasetPage]) -> dict[str, Any]:
    found = horizons.find(person(request), asked.dataset)
    items, following = override_json.cells(
        found, search=asked.search, limit=asked.limit, cursor=asked.cursor
    )
    return {**override_json.horizon(found), "items": items, "next": following}


@router.post(
    "/overrides",
    response={201: dict[str, Any]},
    url_name="override-make",
    summary="Override a series or a group over a span of periods",
)
@requires("override.make")
def override_make(request: HttpRequest, asked: OverrideIn) -> Status[dict[str, Any]]:
    by = person(request)
    way = rules.read_way(asked.way)
    wanted = overrides.Asked(
        rules.read_scope(asked.scope.kind, asked.scope.value),
        asked.first,
        asked.last,
        way,
        overrides.read_amount(way, "" if asked.amount is None else repr(asked.amount)),
        asked.seen,
    )
    words = overrides.Words(asked.reason, asked.note, Override.Via.PROGRAM)
    found = horizons.find(by, asked.dataset)
    made = overrides.make(found, wanted, words, by=by, at=timezone.now())
    return Status(201, override_json.override(made))


@router.post(
    "/overrides/numbers",
    response={201: dict[str, Any]},
    url_name="override-numbers",
    summary="Write single numbers: all of them or none",
)
@requires("override.make")
def override_numbers(request: HttpRequest, asked: NumbersIn) -> Status[dict[str, Any]]:
    """Write what changes something; `override` is null where nothing does."""
    by = person(request)
    found = horizons.find(by, asked.dataset)
    series = override_json.named(found, [one.series for one in asked.numbers])
    numbers = [
        overrides.number(found, series[one.series], one.period, one.units, one.revision)
        for one in asked.numbers
    ]
    words = overrides.Words(asked.reason, asked.note, Override.Via.PROGRAM)
    made = overrides.save(found, numbers, words, by=by, at=timezone.now())
    return Status(201, override_json.override(made) if made else {"override": None})


@router.post(
    "/overrides/{pk}/withdraw",
    response={201: dict[str, Any]},
    url_name="override-withdraw",
    summary="Take what still stands of an override back to the model",
)
@requires("override.make")
def override_withdraw(request: HttpRequest, pk: int, asked: WhyIn) -> Status[dict[str, Any]]:
    by = person(request)
    act = withdrawing.find(pk, viewer=by)
    words = overrides.Words(asked.reason, asked.note, Override.Via.PROGRAM)
    made = withdrawing.withdraw(act, words, by=by, at=timezone.now())
    return Status(201, override_json.override(made))


@router.get(
    "/freezes",
    response=dict[str, Any],
    url_name="freeze-list",
    summary="What is frozen, and what was, newest first",
)
@requires("override.view")
def freeze_listing(request: HttpRequest, asked: Query[MaybeDatasetPage]) -> dict[str, Any]:
    items, following = override_json.freezes(
        person(request), dataset=asked.dataset, limit=asked.limit, cursor=asked.cursor
    )
    return {"items": items, "next": following}


@router.post(
    "/freezes",
    response={201: dict[str, Any]},
    url_name="freeze-make",
    summary="Freeze a scope over a span of periods",
)
@requires("freeze.make")
def freeze_make(request: HttpRequest, asked: FreezeIn) -> Status[dict[str, Any]]:
    by = person(request)
    scope = rules.read_scope(asked.scope.kind, asked.scope.value)
    what = freezes.Asked(scope, asked.first, asked.last, asked.note)
    found = horizons.find(by, asked.dataset)
    made = freezes.make(found, what, by=by, at=timezone.now())
    return Status(201, override_json.freeze(made))


@router.post(
    "/freezes/{pk}/lift",
    response=dict[str, Any],
    url_name="freeze-lift",
    summary="Lift a freeze",
)
@requires("freeze.make")
def freeze_lift(request: HttpRequest, pk: int) -> dict[str, Any]:
    by = person(request)
    return override_json.freeze(freezes.lift(freezes.find(pk, viewer=by), by=by, at=timezone.now()))


@router.get(
    "/published-forecasts",
    response=dict[str, Any],
    url_name="publication-list",
    summary="Published forecasts, newest first",
)
@requires("override.view")
def publication_listing(request: HttpRequest, asked: Query[MaybeDatasetPage]) -> dict[str, Any]:
    items, following = override_json.publications(
        person(request), dataset=asked.dataset, limit=asked.limit, cursor=asked.cursor
    )
    return {"items": items, "next": following}


@router.post(
    "/published-forecasts",
    response={201: dict[str, Any]},
    url_name="publication-make",
    summary="Publish the newest forecast with its overrides",
)
@requires("override.make")
def publication_make(request: HttpRequest, asked: PublicationIn) -> Status[dict[str, Any]]:
    by = person(request)
    found = horizons.find(by, asked.dataset)
    made = publications.publish(found, note=asked.note, by=by, at=timezone.now())
    return Status(201, override_json.publication(made))


@router.get(
    "/published-forecasts/{pk}",
    response=dict[str, Any],
    url_name="publication-read",
    summary="A published forecast beside the model, or beside another version",
)
@requires("override.view")
def publication_read(request: HttpRequest, pk: int, against: str = "") -> dict[str, Any]:
    found = publications.find(pk, viewer=person(request))
    beside = publications.beside(found, texts.number(against))
    return override_json.compared(PublicationPage(found, beside, "1"))


@router.get(
    "/value-added",
    response=dict[str, Any],
    url_name="value-added",
    summary="What overrides did to the error, by author, reason or series",
)
@requires("override.view")
def value_added_of(request: HttpRequest, dataset: str, by: str = "author") -> dict[str, Any]:
    newest = warehouse.newest(warehouse.resolve(dataset, person(request)).dataset)
    return override_json.value_added(value_added.of(newest), by)
