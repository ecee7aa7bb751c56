"""Streams without a socket: Server-Sent Events, polling, the API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.db import transaction
from django.test import AsyncClient, Client

from forecastlab.asgi import application
from forecastlab.events.services import log
from forecastlab.lib import doorbell
from forecastlab.lib.contributions import NewEvent
from tests.events.conftest import Things
from tests.factories import make_user

pytestmark = pytest.mark.usefixtures("things")

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
POLL = "/live/poll"
EVENTS = "/live/events/thing.1"
API = "/api/v1/streams/thing.1/events"


def append(count: int = 1) -> None:
    with transaction.atomic():
        news = [NewEvent("thing.1", "noted", {"n": n}) for n in range(count)]
        log.append(news, actor_id=None, at=NOW)


def signed_in(username: str) -> Client:
    client = Client()
    client.force_login(make_user(username))
    return client


# -- polling -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_poll_answers_what_came_after_and_the_regions_that_are_shown() -> None:
    append(3)

    answer = signed_in("alice").get(
        POLL, {"stream": "thing.1", "after": 1, "shown": "thing-1-name,elsewhere"}
    )

    told = answer.json()
    assert [event["seq"] for event in told["events"]] == [2, 3]
    assert (told["head"], told["ids"]) == (3, ["thing-1-name"])
    assert told["regions"] == {"thing-1-name": '<p id="thing-1-name">1</p>'}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
@pytest.mark.parametrize("url", [f"{POLL}?stream=thing.1", EVENTS, API])
def test_nobody_is_told_to_sign_in(url: str) -> None:
    answer = Client().get(url)

    assert answer.status_code == 401
    assert answer.json()["code"] == "sign_in_needed"


@pytest.mark.django_db
@pytest.mark.parametrize("url", [f"{POLL}?stream=thing.1", EVENTS, API, f"{POLL}?stream=none.1"])
def test_a_stranger_finds_no_stream(url: str) -> None:
    assert signed_in("charlie").get(url).status_code == 404


@pytest.mark.django_db
def test_a_number_that_is_none_is_named() -> None:
    answer = signed_in("alice").get(POLL, {"stream": "thing.1", "after": "-1"})

    assert answer.status_code == 422
    assert answer.json()["field"] == "after"
    assert "'-1' is not the number of an event" in answer.json()["detail"]


# -- the API -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_api_pages_through_a_stream() -> None:
    append(5)

    answer = signed_in("alice").get(API, {"after": 2, "limit": 2}).json()

    assert (answer["stream"], answer["head"]) == ("thing.1", 5)
    assert [(event["seq"], event["kind"]) for event in answer["events"]] == [
        (3, "noted"),
        (4, "noted"),
    ]


@pytest.mark.django_db
def test_the_api_names_the_parameter_that_is_wrong() -> None:
    answer = signed_in("alice").get(API, {"after": "x"})

    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["errors"][0]["where"] == "query"
    assert problem["field"] == "after"


# -- Server-Sent Events ------------------------------------------------------------------------


async def opened(username: str, **headers: str) -> AsyncIterator[str]:
    client = AsyncClient()
    await sync_to_async(lambda: client.force_login(make_user(username)))()
    answer = await client.get(f"{EVENTS}?shown=*", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/event-stream"
    return (chunk.decode() async for chunk in answer.streaming_content)


async def until(chunks: AsyncIterator[str], text: str) -> str:
    """Read on until `text` has come; return everything that was read."""
    read = ""
    async with asyncio.timeout(20):
        while text not in read:
            read += await anext(chunks)
    return read


def messages(text: str) -> list[dict[str, Any]]:
    parts = [part.split("\n") for part in text.split("\n\n") if part.startswith("id: ")]
    return [json.loads(lines[1].removeprefix("data: ")) for lines in parts]


@pytest.mark.django_db(transaction=True)
async def test_events_stream_from_the_last_one_that_the_client_had() -> None:
    await sync_to_async(append)(3)

    chunks = await opened("alice", **{"Last-Event-ID": "1"})
    first = await until(chunks, "event: events")
    await sync_to_async(append)()
    then = await until(chunks, "event: events")
    await chunks.aclose()

    assert [event["seq"] for event in messages(first)] == [2, 3]
    assert [event["seq"] for event in messages(then)] == [4]
    assert "\nid: 4" in f"\n{then}"


@pytest.mark.django_db(transaction=True)
async def test_an_event_stream_ends_when_its_reader_may_not_read_on(
    monkeypatch: pytest.MonkeyPatch, things: Things
) -> None:
    monkeypatch.setattr("forecastlab.events.services.followers.RECHECK_PAUSE", 0.05)
    monkeypatch.setattr("forecastlab.events.services.followers.BEAT_PAUSE", 0.1)
    chunks = await opened("bob")
    await until(chunks, "event: following")
    things.readers.discard("bob")

    read = await until(chunks, "event: refused")

    assert '"signed_in": true' in read
    with pytest.raises(StopAsyncIteration):
        await anext(chunks)


@pytest.mark.django_db(transaction=True)
async def test_an_event_stream_works_without_redis(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = settings.CHANNEL_LAYERS["default"] | {"CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]}}
    settings.CHANNEL_LAYERS = {"default": layer}
    monkeypatch.setattr("forecastlab.events.services.feeds.DEAF_LOOK_PAUSE", 0.1)
    chunks = await opened("alice")
    await until(chunks, "event: following")

    await sync_to_async(append)()

    assert [event["seq"] for event in messages(await until(chunks, "event: events"))] == [1]
    await chunks.aclose()


@pytest.mark.django_db
def test_a_wsgi_worker_tells_what_there_is_and_is_free_again() -> None:
    append(3)

    answer = signed_in("alice").get(EVENTS, {"after": 1})

    assert [event["seq"] for event in messages(answer.text)] == [2, 3]
    assert not answer.streaming


@pytest.mark.django_db(transaction=True)
async def test_nothing_listens_for_a_reader_who_has_gone() -> None:
    client = await sync_to_async(signed_in)("alice")
    name = settings.SESSION_COOKIE_NAME
    cookie = f"{name}={client.cookies[name].value}".encode()
    scope = {"type": "http", "method": "GET", "path": EVENTS, "query_string": b""}
    gone = ApplicationCommunicator(
        application, scope | {"headers": [(b"host", b"localhost"), (b"cookie", cookie)]}
    )
    await gone.send_input({"type": "http.request"})
    while b"following" not in (await gone.receive_output(20)).get("body", b""):
        pass
    while listeners() != 1:
        await asyncio.sleep(0.01)

    await gone.send_input({"type": "http.disconnect"})

    async with asyncio.timeout(20):
        await gone.wait(20)
        while listeners():
            await asyncio.sleep(0.01)


def listeners() -> int:
    """Return how many processes listen to the doorbell of the stream."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        ((_, count),) = client.pubsub_numsub(f"asgi__group__{doorbell.group('thing.1')}")
    return int(count)
