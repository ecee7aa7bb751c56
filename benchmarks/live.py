"""Commit to browser: how long an event takes from its commit to the sockets that follow it.

    python -m benchmarks.live [--events 100] [--sockets 1 200]

Starts PostgreSQL, Redis and Daphne of its own. The peer is what the machine can do at best: one
message through the bare channel layer, measured in the same run, in turn with the events.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time

import django

import tests.services  # noqa: F401  starts the services before Django reads where they are

django.setup()

from channels.layers import get_channel_layer  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402
from websockets.asyncio.client import ClientConnection, connect  # noqa: E402

from forecastlab.events.services import log  # noqa: E402
from forecastlab.lib.contributions import NewEvent  # noqa: E402
from tests.browser.server import Daphne  # noqa: E402
from tests.factories import make_user  # noqa: E402

STREAM = "thing.1"
# Wider than the pause that a feed takes after each event, so that none waits for the one before.
INTERVAL = 0.2


def append() -> float:
    """Append one event and return when its commit began."""
    with transaction.atomic():
        log.append([NewEvent(STREAM, "noted")], actor_id=None, at=timezone.now())
        return time.perf_counter()


async def follow(server: Daphne, cookie: str) -> ClientConnection:
    headers = {"Origin": server.url, "Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"}
    socket = await connect(f"{server.url.replace('http', 'ws')}/live/", additional_headers=headers)
    command = {"do": "follow", "stream": STREAM, "after": 0, "shown": ["thing-1-panel"]}
    await socket.send(json.dumps(command))
    await until(socket, "regions")
    return socket


async def until(socket: ClientConnection, kind: str) -> float:
    """Return when the next frame of a kind came."""
    while json.loads(await socket.recv())["type"] != kind:
        pass
    return time.perf_counter()


async def measure(sockets: list[ClientConnection], events: int) -> tuple[list[float], list[float]]:
    """Return the time of the last socket, and of the bare layer, for each event."""
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add("peer", channel)
    ours, bare = [], []
    for _ in range(events):
        await asyncio.sleep(INTERVAL)
        heard = [asyncio.create_task(until(socket, "regions")) for socket in sockets]
        started = await asyncio.to_thread(append)
        ours.append(max(await asyncio.gather(*heard)) - started)
        started = time.perf_counter()
        await layer.group_send("peer", {"type": "stream.rang", "stream": STREAM, "seq": 1})
        await layer.receive(channel)
        bare.append(time.perf_counter() - started)
    return ours, bare


def figures(seconds: list[float]) -> tuple[float, float]:
    ranked = statistics.quantiles(seconds, n=100)
    return ranked[49] * 1000, ranked[94] * 1000


async def run(server: Daphne, cookie: str, *, count: int, events: int) -> None:
    sockets = [await follow(server, cookie) for _ in range(count)]
    ours, bare = await measure(sockets, events)
    (p50, p95), (peer50, peer95) = figures(ours), figures(bare)
    print(
        f"{count:>4} sockets, {events} events, event and region at the last socket:"
        f" p50 {p50:.1f} ms, p95 {p95:.1f} ms; bare layer {peer50:.1f} and {peer95:.1f} ms;"
        f" ratio {p50 / peer50:.1f} and {p95 / peer95:.1f}"
    )
    for socket in sockets:
        await socket.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--sockets", type=int, nargs="+", default=[1, 200])
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(make_user("alice"))
    server = Daphne("tests.browser.live_site").start()
    try:
        for count in options.sockets:
            cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
            asyncio.run(run(server, cookie, count=count, events=options.events))
    finally:
        server.kill()


if __name__ == "__main__":
    main()
