"""One ear per process: it hears the doorbell for every stream that somebody here follows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from weakref import WeakKeyDictionary

from redis.exceptions import RedisError

from forecastlab.lib import doorbell

logger = logging.getLogger(__name__)

DEAF_PAUSE = 1.0

# What is heard besides the number of an event: a percentage moved; or look for yourself.
VOLATILE = 0
LOOK = -1

Hear = Callable[[int], None]


class Switchboard:
    """Calls back those who listen to a stream, over one subscription to the channel layer.

    Without Redis it is deaf, says so, and tries again every second.
    """

    def __init__(self) -> None:
        self.deaf = True
        self._listeners: dict[str, list[Hear]] = {}
        self._channel = ""
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def listening(self, stream: str, hear: Hear) -> AsyncIterator[None]:
        """Call `hear` with the number of each ring of `stream`, VOLATILE or LOOK."""
        first = stream not in self._listeners
        self._listeners.setdefault(stream, []).append(hear)
        if self._task is None:
            self._task = asyncio.create_task(self._listen())
        elif first:
            await self._join(stream)
        try:
            yield
        finally:
            await self._leave(stream, hear)

    async def _leave(self, stream: str, hear: Hear) -> None:
        self._listeners[stream].remove(hear)
        if self._listeners[stream]:
            return
        del self._listeners[stream]
        if not self._listeners:
            await self._hang_up()
        elif self._channel:
            with contextlib.suppress(RedisError, OSError):
                await doorbell.layer().group_discard(doorbell.group(stream), self._channel)

    async def _hang_up(self) -> None:
        task, self._task = self._task, None
        self._channel, self.deaf = "", True
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _listen(self) -> None:
        layer = doorbell.layer()
        missed = LOOK
        while True:
            try:
                self._channel = await layer.new_channel()
                for stream in list(self._listeners):
                    await layer.group_add(doorbell.group(stream), self._channel)
                self.deaf = False
                for stream in list(self._listeners):  # what was rung before we could hear it
                    self._dispatch({"stream": stream, "seq": missed})
                while True:
                    self._dispatch(await layer.receive(self._channel))
            except (RedisError, OSError) as error:
                logger.warning("Cannot hear the doorbell, live pages read every second: %s", error)
                self._channel, self.deaf, missed = "", True, VOLATILE
                await asyncio.sleep(DEAF_PAUSE)

    async def _join(self, stream: str) -> None:
        if not self._channel:
            return  # the listening task joins every stream once it can
        try:
            await doorbell.layer().group_add(doorbell.group(stream), self._channel)
        except (RedisError, OSError):
            await self._hang_up()
            self._task = asyncio.create_task(self._listen())

    def _dispatch(self, message: dict[str, object]) -> None:
        seq = message["seq"]
        for hear in list(self._listeners.get(str(message["stream"]), ())):
            hear(seq if isinstance(seq, int) else VOLATILE)


_boards: WeakKeyDictionary[asyncio.AbstractEventLoop, Switchboard] = WeakKeyDictionary()


def here() -> Switchboard:
    """Return the switchboard of the running event loop."""
    return _boards.setdefault(asyncio.get_running_loop(), Switchboard())
