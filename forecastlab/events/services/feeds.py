"""One feed per stream and process, shared by its viewers here.

A ring makes the feed read the news once and wake its followers; each region is rendered once
per language however many follow. A follower takes what lies after its own last number, so a slow
one skips states, never events.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections

from forecastlab.events import queries
from forecastlab.events.domain.frames import EventData
from forecastlab.events.services import rendering, switchboard
from forecastlab.events.services.switchboard import VOLATILE

T = TypeVar("T")
logger = logging.getLogger(__name__)

# Events paint at once, at most ten times a second; percentages twice.
EVENT_PAUSE = 0.1
VOLATILE_PAUSE = 0.5
# A ring may be lost with Redis, so a feed looks by itself now and then.
LOOK_PAUSE = 3.0
DEAF_LOOK_PAUSE = 1.0
KEPT = 500

_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="live")


def in_thread(function: Callable[..., T]) -> Callable[..., Coroutine[Any, Any, T]]:
    """Run a function that reads the database on one of a few threads."""

    def run(*args: Any) -> T:
        close_old_connections()
        try:
            return function(*args)
        finally:
            close_old_connections()

    return sync_to_async(run, thread_sensitive=False, executor=_threads)


@dataclass(eq=False, slots=True)
class Feed:
    """What this process knows of one stream while somebody here follows it."""

    stream: str
    seq: int = 0
    tick: int = 0
    wakes: list[asyncio.Event] = field(default_factory=list)
    _recent: deque[EventData] = field(default_factory=lambda: deque(maxlen=KEPT))
    _rung: asyncio.Event = field(default_factory=asyncio.Event)
    _heard_seq: int = 0
    _heard_tick: int = 0
    _renders: dict[tuple[str, str], tuple[int, int, asyncio.Task[str]]] = field(
        default_factory=dict
    )

    def hear(self, seq: int) -> None:
        if seq > 0:
            self._heard_seq = max(self._heard_seq, seq)
        elif seq == VOLATILE:
            self._heard_tick += 1
        self._rung.set()

    async def run(self) -> None:
        """Read and wake followers after each ring, and now and then without one."""
        volatile_from = 0.0
        clock = asyncio.get_running_loop().time
        while True:
            await self._ring_or_pause()
            if self._heard_seq <= self.seq and clock() < volatile_from:
                await asyncio.sleep(EVENT_PAUSE)
                self._rung.set()
                continue
            try:
                await self._take_news()
            except DatabaseError as error:
                logger.warning("Cannot read %s, trying again: %s", self.stream, error)
                await asyncio.sleep(DEAF_LOOK_PAUSE)
            volatile_from = clock() + VOLATILE_PAUSE
            await asyncio.sleep(EVENT_PAUSE)

    async def _ring_or_pause(self) -> None:
        deaf = switchboard.here().deaf
        try:
            await asyncio.wait_for(self._rung.wait(), DEAF_LOOK_PAUSE if deaf else LOOK_PAUSE)
        except TimeoutError:
            self._heard_tick += deaf
        self._rung.clear()

    async def _take_news(self) -> None:
        tick = self._heard_tick
        news = await in_thread(queries.data_after)(self.stream, self.seq)
        if not news and tick == self.tick:
            return
        self._recent.extend(news)
        self.seq = news[-1]["seq"] if news else self.seq
        self.tick = tick
        if len(news) == queries.PAGE:
            self._rung.set()
        for wake in self.wakes:
            wake.set()

    async def after(self, seq: int) -> list[EventData]:
        """Return the events that follow `seq`, from memory when it reaches back far enough."""
        if seq >= self.seq:
            return []
        if self._recent and self._recent[0]["seq"] <= seq + 1:
            return [event for event in self._recent if event["seq"] > seq]
        return await in_thread(queries.data_after)(self.stream, seq)

    async def region(self, element_id: str, language: str) -> str:
        """Return the region's HTML; who asks at the same state gets the same rendering."""
        place = (element_id, language)
        seq, tick, task = self._renders.get(place, (-1, -1, None))
        if task is None or (seq, tick) != (self.seq, self.tick):
            rendered = in_thread(rendering.render)(self.stream, element_id, language)
            task = asyncio.create_task(rendered)
            self._renders[place] = (self.seq, self.tick, task)
        # Shielded: one follower that leaves must not take the rendering from the others.
        return await asyncio.shield(task)


_feeds: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, tuple[Feed, asyncio.Task[None]]]]
_feeds = WeakKeyDictionary()


@contextlib.asynccontextmanager
async def joined(stream: str, wake: asyncio.Event) -> AsyncIterator[Feed]:
    """Follow a stream: `wake` is set whenever its feed has something new."""
    here = _feeds.setdefault(asyncio.get_running_loop(), {})
    head = 0 if stream in here else await in_thread(queries.head)(stream)
    if stream not in here:
        started = Feed(stream, seq=head)
        here[stream] = (started, asyncio.create_task(started.run()))
    feed, task = here[stream]
    feed.wakes.append(wake)
    try:
        async with switchboard.here().listening(stream, feed.hear):
            yield feed
    finally:
        feed.wakes.remove(wake)
        if not feed.wakes:
            del here[stream]
            task.cancel()
