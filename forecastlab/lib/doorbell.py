"""Telling live pages that a stream has news.

The bell carries no facts, only the name of a stream and its last number: whoever hears it reads
the database. So a ring that is lost costs a moment, never an event, and nothing here raises.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from dataclasses import dataclass, field
from functools import partial

from channels.layers import BaseChannelLayer, get_channel_layer
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

VOLATILE_PAUSE = 0.1
SEND_TIMEOUT = 3.0
EXIT_PATIENCE = 1.0


def group(stream: str) -> str:
    """Return the channel group whose members hear `stream`."""
    return f"stream.{stream}"


def ring(stream: str, *, seq: int | None = None) -> None:
    """Let the viewers of `stream` hear `{stream, seq}` once the transaction has committed.

    Without `seq` the news is volatile (a percentage): at most ten such rings a second go out per
    stream, the last one always. Rings that wait are merged, the highest number wins.
    """
    transaction.on_commit(partial(_put, stream, seq or 0), robust=True)


def recheck(user_id: int) -> None:
    """Make the sockets of a user ask again who they are and what they may read, on commit."""
    ring(viewer(user_id))


def viewer(user_id: int) -> str:
    """Return the stream, without events, on which a user's sockets hear of access changes."""
    return f"viewer.{user_id}"


def layer() -> BaseChannelLayer:
    """Return the installation's channel layer."""
    found = get_channel_layer()
    if found is None:
        raise ImproperlyConfigured("CHANNEL_LAYERS has no default")
    return found


def flush(patience: float = EXIT_PATIENCE) -> None:
    """Wait until all that was rung so far is out, or patience ends."""
    if _bell is not None:
        _bell.flush(patience)


# -- the thread that rings ---------------------------------------------------------------------


@dataclass(slots=True)
class _Waiting:
    """What one stream still has to say, and when it may say something volatile again."""

    seq: int = 0
    volatile: bool = False
    sending: bool = False
    quiet_until: float = 0.0
    news: asyncio.Event = field(default_factory=asyncio.Event)


class _Bell:
    """One thread with one event loop, so that a process rings over one Redis connection.

    `async_to_sync` would open a connection for every ring.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._streams: dict[str, _Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._silent = False
        threading.Thread(target=self._loop.run_forever, name="doorbell", daemon=True).start()

    def put(self, stream: str, seq: int) -> None:
        self._loop.call_soon_threadsafe(self._accept, stream, seq)

    def flush(self, patience: float) -> None:
        done = asyncio.run_coroutine_threadsafe(self._drained(), self._loop)
        try:
            done.result(patience)
        except TimeoutError:
            done.cancel()

    def _accept(self, stream: str, seq: int) -> None:
        waiting = self._streams.get(stream)
        if waiting is None:
            waiting = self._streams[stream] = _Waiting()
            task = self._loop.create_task(self._serve(stream, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if seq:
            waiting.seq = max(waiting.seq, seq)
        else:
            waiting.volatile = True
        waiting.news.set()

    async def _serve(self, stream: str, waiting: _Waiting) -> None:
        while True:
            pause = waiting.quiet_until - self._loop.time()
            if waiting.seq or (waiting.volatile and pause <= 0):
                seq, waiting.seq, waiting.volatile = waiting.seq, 0, False
                waiting.quiet_until = self._loop.time() + VOLATILE_PAUSE
                waiting.sending = True
                await self._send(stream, seq)
                waiting.sending = False
            elif pause > 0:
                await self._news_or_pause(waiting, pause)
            else:
                del self._streams[stream]
                return

    @staticmethod
    async def _news_or_pause(waiting: _Waiting, pause: float) -> None:
        waiting.news.clear()
        try:
            await asyncio.wait_for(waiting.news.wait(), pause)
        except TimeoutError:
            return

    async def _send(self, stream: str, seq: int) -> None:
        message = {"type": "stream.rang", "stream": stream, "seq": seq}
        try:
            await asyncio.wait_for(layer().group_send(group(stream), message), SEND_TIMEOUT)
        except (RedisError, OSError) as error:
            if not self._silent:
                logger.warning("The doorbell is silent, pages poll until it is back: %s", error)
            self._silent = True
        else:
            if self._silent:
                logger.warning("The doorbell rings again")
            self._silent = False

    async def _drained(self) -> None:
        while any(one.seq or one.volatile or one.sending for one in self._streams.values()):
            await asyncio.sleep(0.01)


_bell: _Bell | None = None
_making = threading.Lock()


def _put(stream: str, seq: int) -> None:
    global _bell
    with _making:
        if _bell is None:
            _bell = _Bell()
    _bell.put(stream, seq)


def _forget() -> None:
    """Start anew in a forked child: the parent's thread does not exist there."""
    global _bell, _making
    _bell, _making = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
atexit.register(flush)
