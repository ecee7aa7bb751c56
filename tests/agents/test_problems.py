"""Whatever goes wrong at an address of agents is told to programs in one shape."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.urls import reverse

from agents.api import approvals, sessions
from forecastlab.access_table import Address
from tests.access_samples import Sample
from tests.agents.door import Door
from tests.architecture.test_urls import (
    REQUESTS,
    WITH_PARAMETERS,
    Asking,
    ask_anywhere,
    make_sample,
    signed_in,
)
from tests.factories import make_group, make_user

pytestmark = pytest.mark.django_db

OURS = {
    f"api:{operation.url_name}"
    for router in (approvals.router, sessions.router)
    for view in router.path_operations.values()
    for operation in view.operations
}
API = [one for one in REQUESTS if one.name in OURS]
WITHOUT_BODY = {"api:session-retry", "api:session-retract"}
STREAM = [one for one in REQUESTS if one.by_stream and one.kind == "page"]


def each(addresses: list[Address]) -> Any:
    return pytest.mark.parametrize("address", addresses, ids=lambda one: one.name)


def check(answer: HttpResponse, status: HTTPStatus) -> None:
    """It is a problem with all of its members, and says nothing of the inside."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert {"type", "title", "status", "code", "request_id"} <= told.keys()
    assert told["status"] == status
    assert told["request_id"] == answer.headers["X-Request-ID"]
    assert "Traceback" not in str(told)


def send(door: Door, address: Address, sample: Sample, method: str = "", body: Any = None) -> Any:
    url = reverse(address.name, kwargs=dict(sample.kwargs), query=dict(sample.query))
    given = dict(sample.body) if body is None else body
    return door.generic(method or address.method, url, json.dumps(given), "application/json")


def test_every_address_of_the_api_is_looked_at() -> None:
    assert len(API) == len(OURS) >= 13


@each(API)
def test_nobody_and_whoever_may_not_are_told_so(address: Address) -> None:
    nobody = ask_anywhere(Asking(), address)
    stranger = ask_anywhere(signed_in(make_user("charlie", role="")), address)

    check(nobody, HTTPStatus.UNAUTHORIZED)
    check(stranger, HTTPStatus.FORBIDDEN)


@each([one for one in API if one in WITH_PARAMETERS])
def test_what_is_not_there_or_not_for_you_is_not_found(address: Address) -> None:
    alice = make_user(role="admin")
    sample = make_sample(address, alice)

    check(send(Door(make_user("charlie", role="admin")), address, sample), HTTPStatus.NOT_FOUND)


@each(API)
def test_a_wrong_method_is_told(address: Address) -> None:
    alice = make_user(role="admin")

    answer = send(Door(alice), address, make_sample(address, alice), method="DELETE")

    check(answer, HTTPStatus.METHOD_NOT_ALLOWED)
    assert answer.headers["Allow"]


@each([one for one in API if one.method == "POST" and one.name not in WITHOUT_BODY])
@pytest.mark.parametrize("body", [[], {"verdict": [], "message": {}, "order": 1, "reason": {}}])
def test_what_cannot_be_used_is_told(address: Address, body: Any) -> None:
    alice = make_user(role="admin")
    alice.groups.add(make_group("readers"))

    answer = send(Door(alice), address, make_sample(address, alice), body=body)

    check(answer, HTTPStatus.UNPROCESSABLE_ENTITY)


@contextmanager
def broken() -> Iterator[None]:
    """Let everything that asks for rows of agents crash."""

    def crash(execute: Any, sql: str, *given: Any) -> Any:
        if '"agents_' in sql:
            raise ZeroDivisionError("the inside")
        return execute(sql, *given)

    with connection.execute_wrapper(crash):
        yield


@each(API)
def test_what_nobody_foresaw_shows_nothing_of_the_inside(address: Address) -> None:
    alice = make_user(role="admin")
    alice.groups.add(make_group("readers"))
    sample = make_sample(address, alice)
    body = sample.body or {"message": "Which model is best?", "order": "hold"}

    with broken():
        answer = send(Door(alice), address, sample, body=dict(body))

    if address.name == "api:session-start":
        assert answer.status_code >= HTTPStatus.UNPROCESSABLE_ENTITY
        return
    check(answer, HTTPStatus.INTERNAL_SERVER_ERROR)
    assert "inside" not in answer.content.decode()


@each(STREAM)
@pytest.mark.parametrize("stream", ["session.1", "session.x", "approvals.1", "nothing.1"])
def test_streams_that_are_not_there_are_told_alike(address: Address, stream: str) -> None:
    where = "kwargs" if "<" in address.route else "query"
    inner: dict[str, Any] = {where: {"stream": stream}}

    answer = Door(make_user()).get(reverse(address.name, **inner))

    check(answer, HTTPStatus.NOT_FOUND)
