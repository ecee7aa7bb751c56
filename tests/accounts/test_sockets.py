"""What changes about a person reaches the sockets of that person at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from forecastlab.accounts.models import User
from forecastlab.accounts.services import people
from forecastlab.asgi import application
from forecastlab.events.services import switchboard
from tests.access_samples import guarded_run
from tests.factories import make_group, make_user

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 20
SETTLED = 0.5  # more than a socket needs to ask once
AT_ONCE = 8  # below the pause after which a socket asks again by itself


def make_reader() -> tuple[User, Client, str]:
    alice = make_user("alice")
    alice.groups.add(make_group("readers"))
    client = Client()
    client.force_login(alice)
    return alice, client, guarded_run().stream


@contextlib.asynccontextmanager
async def following(client: Client, stream: str) -> AsyncIterator[WebsocketCommunicator]:
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"cookie", cookie)]
    socket = WebsocketCommunicator(application, "/live/", headers=headers)
    assert (await socket.connect(timeout=PATIENCE))[0]
    await socket.send_json_to({"do": "follow", "stream": stream, "after": 0})
    await told(socket, "following")
    await hearing()
    try:
        yield socket
    finally:
        await socket.disconnect()


async def hearing() -> None:
    """Wait until the switchboard hears; when it begins to, every socket asks again by itself."""
    async with asyncio.timeout(PATIENCE):
        while switchboard.here().deaf:
            await asyncio.sleep(0.01)
    await asyncio.sleep(SETTLED)


async def told(socket: WebsocketCommunicator, kind: str, *, within: float = PATIENCE) -> dict:
    while True:
        frame = await socket.receive_json_from(timeout=within)
        if frame["type"] == kind:
            return frame


def leave_the_group(alice: User, client: Client) -> None:
    alice.groups.remove(make_group("readers"))
    people.access_changed(alice)


@pytest.mark.parametrize(
    ("change", "signed_in"),
    [
        (lambda alice, client: client.post("/sign-out/"), False),
        (lambda alice, client: people.close(alice), False),
        (lambda alice, client: people.end_sessions(alice), False),
        (lambda alice, client: people.set_password(alice, "battery staple"), False),
        (lambda alice, client: people.set_roles(alice, []), True),
        (leave_the_group, True),
    ],
    ids=["sign-out", "closed", "elsewhere", "new password", "no role", "no reader"],
)
async def test_a_socket_is_refused_at_once(
    change: Callable[[User, Client], object], signed_in: bool
) -> None:
    alice, client, stream = await sync_to_async(make_reader)()
    async with following(client, stream) as socket:
        await sync_to_async(change)(alice, client)

        refused = await told(socket, "refused", within=AT_ONCE)

    assert refused["stream"] == stream
    assert refused["signed_in"] is signed_in
