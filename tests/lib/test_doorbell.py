from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from channels.layers import get_channel_layer
from django.conf import settings as django_settings
from django.db import connection, transaction

from forecastlab.lib import doorbell
from forecastlab.lib.embedded import servers

pytestmark = pytest.mark.django_db(transaction=True)


class Ear:
    """Hears what the group of one stream is sent."""

    def __init__(self, stream: str) -> None:
        self._client = redis.Redis.from_url(django_settings.REDIS_URL)
        self._pubsub = self._client.pubsub(ignore_subscribe_messages=True)
        self._pubsub.subscribe(f"asgi__group__{doorbell.group(stream)}")
        self._pubsub.get_message(timeout=2)

    def heard(self, *, within: float = 0.3) -> list[int]:
        """Return the numbers heard until it has been still for `within` seconds."""
        numbers = []
        while message := self._pubsub.get_message(timeout=within):
            numbers.append(get_channel_layer().deserialize(message["data"])["seq"])
        return numbers

    def close(self) -> None:
        self._pubsub.close()
        self._client.close()


@pytest.fixture
def ear() -> Iterator[Ear]:
    listening = Ear("run.1")
    yield listening
    listening.close()


def test_a_ring_is_heard_after_the_commit(ear: Ear) -> None:
    with transaction.atomic():
        doorbell.ring("run.1", seq=4)
        before = ear.heard(within=0.1)

    assert (before, ear.heard()) == ([], [4])


def test_a_rolled_back_transaction_rings_nobody(ear: Ear) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        doorbell.ring("run.1", seq=4)
        raise ZeroDivisionError

    assert ear.heard() == []


def test_other_streams_are_silent(ear: Ear) -> None:
    doorbell.ring("run.11", seq=4)

    assert ear.heard() == []


def test_the_last_number_is_always_heard(ear: Ear) -> None:
    for seq in range(1, 101):
        doorbell.ring("run.1", seq=seq)

    assert ear.heard()[-1] == 100


def test_volatile_rings_are_throttled_and_the_last_one_is_sent(ear: Ear) -> None:
    started = time.monotonic()
    while time.monotonic() - started < 0.45:
        doorbell.ring("run.1")
        time.sleep(0.002)

    heard = ear.heard()

    assert 4 <= len(heard) <= 6
    assert set(heard) == {0}


def test_an_event_does_not_wait_for_a_volatile_pause(ear: Ear) -> None:
    doorbell.ring("run.1")
    doorbell.flush()
    ear.heard(within=0.02)

    started = time.monotonic()
    doorbell.ring("run.1", seq=9)
    doorbell.flush()

    assert time.monotonic() - started < 0.08
    assert ear.heard() == [9]


def test_one_connection_serves_many_rings(ear: Ear) -> None:
    doorbell.ring("run.1", seq=1)
    doorbell.flush()
    with redis.Redis.from_url(django_settings.REDIS_URL) as client:
        before = client.info("stats")["total_connections_received"]
        for seq in range(2, 100):
            doorbell.ring("run.1", seq=seq)
        doorbell.flush()
        after = client.info("stats")["total_connections_received"]

    assert after == before


def test_a_forked_child_rings_too(ear: Ear) -> None:
    doorbell.ring("run.1", seq=1)
    doorbell.flush()
    child = os.fork()
    if child == 0:
        connection.connection = None  # the parent's; the child opens its own
        doorbell.ring("run.1", seq=2)
        doorbell.flush()
        os._exit(0)
    os.waitpid(child, 0)

    assert ear.heard() == [1, 2]


def test_without_redis_the_transaction_commits_and_the_log_says_so(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = f"redis://127.0.0.1:{servers.free_port()}/0"
    layer = settings.CHANNEL_LAYERS["default"] | {"CONFIG": {"hosts": [nowhere]}}
    settings.CHANNEL_LAYERS = {"default": layer}

    with caplog.at_level(logging.WARNING), transaction.atomic():
        doorbell.ring("run.1", seq=1)
    doorbell.flush(5)

    assert "doorbell is silent" in caplog.text
