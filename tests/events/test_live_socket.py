"""The socket, against the real ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import OperationalError, transaction
from django.test import Client

from forecastlab.asgi import application
from forecastlab.events.services import log
from forecastlab.lib import doorbell
from forecastlab.lib.contributions import NewEvent
from tests.events.conftest import Things
from tests.factories import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("things")]

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PATIENCE = 20


def _cookie(username: str) -> bytes:
    client = Client()
    found = get_user_model().objects.filter(username=username).first()
    client.force_login(found or make_user(username))
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}".encode()


@contextlib.asynccontextmanager
async def socket(
    username: str = "", *, origin: bytes = b"http://localhost"
) -> AsyncIterator[WebsocketCommunicator]:
    headers = [(b"host", b"localhost"), (b"origin", origin)]
    if username:
        headers.append((b"cookie", await sync_to_async(_cookie)(username)))
    opened = WebsocketCommunicator(application, "/live/", headers=headers)
    try:
        yield opened
    finally:
        await opened.disconnect()


def _append(stream: str = "thing.1", count: int = 1) -> None:
    with transaction.atomic():
        news = [NewEvent(stream, "noted", {"n": n}) for n in range(count)]
        log.append(news, actor_id=None, at=NOW)


append = sync_to_async(_append)


async def heard(
    opened: WebsocketCommunicator, kind: str, *, within: float = PATIENCE
) -> dict[str, Any]:
    """Return the next frame of a kind, passing over others."""
    async with asyncio.timeout(within):
        while True:
            frame: dict[str, Any] = await opened.receive_json_from(timeout=within)
            if frame["type"] == kind:
                return frame


async def follow(opened: WebsocketCommunicator, stream: str = "thing.1", **more: Any) -> None:
    assert (await opened.connect(timeout=PATIENCE))[0]
    await opened.send_json_to({"do": "follow", "stream": stream, "after": 0, **more})


async def test_nobody_is_refused() -> None:
    async with socket() as nobody:
        connected, _ = await nobody.connect(timeout=PATIENCE)

    assert not connected


async def test_a_foreign_page_is_refused() -> None:
    async with socket("alice", origin=b"https://elsewhere.example") as foreign:
        connected, _ = await foreign.connect(timeout=PATIENCE)

    assert not connected


async def test_a_stranger_is_refused_the_stream() -> None:
    async with socket("charlie") as charlie:
        await follow(charlie)
        frame = await heard(charlie, "refused")

    assert frame["stream"] == "thing.1"


@pytest.mark.parametrize("stream", ["nothing.1", "thing.", "thing", ""])
async def test_a_stream_that_nobody_declares_is_refused(stream: str) -> None:
    async with socket("alice") as alice:
        await follow(alice, stream)

        assert (await heard(alice, "refused"))["signed_in"]


async def test_a_late_viewer_gets_what_came_before() -> None:
    await append(count=3)

    async with socket("bob") as bob:
        await follow(bob, after=1)
        frame = await heard(bob, "events")

    assert frame["after"] == 1
    assert [event["seq"] for event in frame["events"]] == [2, 3]


async def test_two_viewers_hear_an_event_when_it_commits() -> None:
    async with socket("alice") as alice, socket("bob") as bob:
        for viewer in (alice, bob):
            await follow(viewer)
            await heard(viewer, "following")
        await append()

        for viewer in (alice, bob):
            (event,) = (await heard(viewer, "events"))["events"]
            assert (event["seq"], event["kind"]) == (1, "noted")


async def test_another_stream_stays_silent() -> None:
    async with socket("alice") as alice:
        await follow(alice, "thing.1")
        await heard(alice, "following")
        await append("thing.2")

        assert await alice.receive_nothing(timeout=0.4)


async def test_a_region_is_rendered_once_for_all_viewers(things: Things) -> None:
    shown = {"shown": ["thing-1-name"]}
    async with socket("alice") as alice, socket("bob") as bob:
        first = []
        for viewer in (alice, bob):
            await follow(viewer, **shown)
            first.append((await heard(viewer, "regions"))["regions"])
        count = things.drawn
        await append()

        second = [(await heard(viewer, "regions"))["regions"] for viewer in (alice, bob)]

    assert second[0] == second[1]
    assert things.drawn == count + 1


async def test_only_regions_of_the_page_are_pushed(things: Things) -> None:
    async with socket("alice") as alice:
        await follow(alice, shown=["thing-2-name", "elsewhere"])
        following = await heard(alice, "following")
        await append()
        await heard(alice, "events")

        assert following["ids"] == ["thing-1-name"]
        assert await alice.receive_nothing(timeout=0.3)
        assert things.drawn == 0


async def test_volatile_news_renders_without_an_event() -> None:
    async with socket("alice") as alice:
        await follow(alice, shown=["thing-1-name"])
        before = (await heard(alice, "regions"))["regions"]
        await sync_to_async(doorbell.ring)("thing.1")
        after = (await heard(alice, "regions"))["regions"]

    assert before != after


async def test_many_events_are_told_in_few_frames_without_a_gap() -> None:
    async with socket("alice") as alice:
        await follow(alice)
        await heard(alice, "following")
        for _ in range(30):
            await append()
        seqs: list[int] = []
        frames = 0
        while len(seqs) < 30:
            frame = await heard(alice, "events")
            assert frame["after"] == len(seqs)
            seqs += [event["seq"] for event in frame["events"]]
            frames += 1

    assert seqs == list(range(1, 31))
    assert frames < 30


async def test_a_reader_who_loses_the_stream_is_told_at_once(things: Things) -> None:
    async with socket("bob") as bob:
        await follow(bob)
        await heard(bob, "following")
        things.readers.discard("bob")
        bob_user = await get_user_model().objects.aget(username="bob")
        await sync_to_async(doorbell.recheck)(bob_user.pk)

        assert (await heard(bob, "refused"))["signed_in"]
        await append()
        assert await bob.receive_nothing(timeout=0.3)


async def test_a_socket_closes_after_sign_out() -> None:
    async with socket("alice") as alice:
        await follow(alice)
        await heard(alice, "following")
        user = await get_user_model().objects.aget(username="alice")
        await sync_to_async(user.__class__.objects.filter(pk=user.pk).update)(is_active=False)
        await sync_to_async(doorbell.recheck)(user.pk)

        assert not (await heard(alice, "refused"))["signed_in"]
        assert (await alice.receive_output(PATIENCE))["type"] == "websocket.close"


async def test_access_is_asked_again_without_being_told(
    monkeypatch: pytest.MonkeyPatch, things: Things
) -> None:
    monkeypatch.setattr("forecastlab.events.services.followers.RECHECK_PAUSE", 0.05)
    monkeypatch.setattr("forecastlab.events.services.followers.BEAT_PAUSE", 0.1)
    async with socket("bob") as bob:
        await follow(bob)
        await heard(bob, "following")
        things.readers.discard("bob")

        await heard(bob, "refused")


async def test_a_stream_that_was_left_is_silent() -> None:
    async with socket("alice") as alice:
        await follow(alice)
        await heard(alice, "following")
        await alice.send_json_to({"do": "leave", "stream": "thing.1"})
        await alice.send_json_to({"do": "follow", "stream": "thing.2"})
        await heard(alice, "following")  # commands are obeyed in their order
        await append()

        assert await alice.receive_nothing(timeout=0.3)


@pytest.mark.parametrize(
    "text", ["nonsense", "[]", '{"do": "follow"}', '{"do": "fly", "stream": "thing.1"}']
)
async def test_a_command_that_makes_no_sense_is_answered(text: str) -> None:
    async with socket("alice") as alice:
        assert (await alice.connect(timeout=PATIENCE))[0]
        await alice.send_to(text_data=text)

        assert "Send" in (await heard(alice, "error"))["detail"]


async def test_a_lost_ring_costs_a_moment_not_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecastlab.events.services.feeds.LOOK_PAUSE", 0.2)
    async with socket("alice") as alice:
        await follow(alice)
        await heard(alice, "following")
        monkeypatch.setattr(doorbell, "_put", lambda stream, seq: None)
        await append()

        assert len((await heard(alice, "events"))["events"]) == 1


@pytest.mark.parametrize("viewers", [2, 21])
async def test_many_viewers_spread_what_they_ask_for(viewers: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(socket("alice")) for _ in range(viewers)]
        for one in opened:
            await follow(one)
            await heard(one, "following")
        await append()

        told = {(await heard(one, "events"))["within"] for one in opened}

    assert told == {2.0 if viewers > 20 else 0.0}


async def test_a_socket_at_another_address_is_refused() -> None:
    elsewhere = WebsocketCommunicator(
        application,
        "/elsewhere/",
        headers=[(b"host", b"localhost"), (b"origin", b"http://localhost")],
    )

    assert not (await elsewhere.connect(timeout=PATIENCE))[0]


async def test_a_page_follows_a_limited_number_of_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecastlab.events.consumers.MAX_STREAMS", 1)
    async with socket("alice") as alice:
        await follow(alice, "thing.1")
        await alice.send_json_to({"do": "follow", "stream": "thing.2"})

        assert "at most 1" in (await heard(alice, "error"))["detail"]


async def test_a_socket_closes_to_come_back_when_the_database_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(*_: Any) -> None:
        raise OperationalError("gone")

    async with socket("alice") as alice:
        assert (await alice.connect(timeout=PATIENCE))[0]
        monkeypatch.setattr("forecastlab.events.services.access.session_reading", lost)
        await alice.send_json_to({"do": "follow", "stream": "thing.1"})

        assert (await alice.receive_output(PATIENCE))["code"] == 1013


async def test_json_without_end_is_told_and_the_socket_lives_on() -> None:
    async with socket("alice") as live:
        await live.connect(timeout=PATIENCE)

        await live.send_to("[" * 100_000)
        told = await live.receive_json_from(timeout=PATIENCE)
        await live.send_json_to({"do": "follow", "stream": "thing.1"})
        then = await live.receive_json_from(timeout=PATIENCE)

    assert (told["type"], told["detail"]) == ("error", "Send JSON.")
    assert then["type"] == "following"


@pytest.mark.parametrize("stream", ["thing." + "9" * 5000, "thing.\u0663", "thing.\x00"])
async def test_a_stream_that_cannot_be_is_nobodys(stream: str) -> None:
    async with socket("alice") as live:
        await live.connect(timeout=PATIENCE)

        await live.send_json_to({"do": "follow", "stream": stream})
        told = await live.receive_json_from(timeout=PATIENCE)

    assert (told["type"], told["signed_in"]) == ("refused", True)
