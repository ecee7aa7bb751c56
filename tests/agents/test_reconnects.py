"""A reader whose event stream breaks off goes on where it was: nothing is missed or told twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.db import connection

from agents.models import Session
from forecastlab.accounts.models import User
from forecastlab.asgi import application
from forecastlab.events.models import Event
from tests.agents.door import Door
from tests.agents.factories import start
from tests.factories import make_user, make_version

WRITERS, MESSAGES = 3, 12


def say_often(by: User, session: Session, writer: int) -> None:
    """Tell a session something again and again, as a page of a person does."""
    try:
        door = Door(by)
        for number in range(MESSAGES):
            answer = door.tell("session-say", session.pk, message=f"{writer}: look at {number}")
            assert answer.status_code == 200, answer.content
    finally:
        connection.close()


async def read_some(cookie: bytes, stream: str, last: int) -> list[Mapping[str, Any]]:
    """Follow a stream from `last` until some whole messages have come, then break off."""
    headers = [(b"host", b"localhost"), (b"cookie", cookie)]
    headers += [(b"last-event-id", str(last).encode())] if last else []
    scope = {"type": "http", "method": "GET", "path": f"/live/events/{stream}"}
    reader = ApplicationCommunicator(
        application, {**scope, "query_string": b"", "headers": headers}
    )
    await reader.send_input({"type": "http.request"})
    assert (await reader.receive_output(20))["status"] == HTTPStatus.OK
    told = ""
    while not messages(told):
        told += (await reader.receive_output(20)).get("body", b"").decode()
    await reader.send_input({"type": "http.disconnect"})
    await reader.wait(20)
    return messages(told)


def messages(told: str) -> list[Mapping[str, Any]]:
    """Return the events of which all lines have come, as a browser would."""
    parts = [part.split("\n") for part in told.split("\n\n")[:-1] if part.startswith("id: ")]
    found = [json.loads(lines[1].removeprefix("data: ")) for lines in parts]
    assert [lines[0] for lines in parts] == [f"id: {one['seq']}" for one in found]
    return found


@pytest.mark.django_db(transaction=True)
async def test_whoever_reconnects_gets_every_event_of_a_session_once_while_others_write() -> None:
    alice, session, cookie = await sync_to_async(_asked)()
    seen: list[int] = []
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(say_often, alice, session, number) for number in range(WRITERS)]
        while len(seen) <= WRITERS * MESSAGES:
            news = await read_some(cookie, session.stream, seen[-1] if seen else 0)
            seen += [one["seq"] for one in news]
        await asyncio.to_thread(_done, writers)

    last = await sync_to_async(_written)(session)
    assert seen == list(range(1, last + 1))
    assert last == WRITERS * MESSAGES + 1


def _asked() -> tuple[User, Session, bytes]:
    alice, name = make_user(), settings.SESSION_COOKIE_NAME
    make_version(by=alice)
    cookie = f"{name}={Door(alice).cookies[name].value}"
    return alice, start("Which model is best?", by=alice), cookie.encode()


def _done(writers: list[Future[None]]) -> None:
    for one in writers:
        one.result(20)


def _written(session: Session) -> int:
    """Count the events of a session, and give the connection of this thread back."""
    try:
        return Event.objects.filter(stream=session.stream).count()
    finally:
        connection.close()
