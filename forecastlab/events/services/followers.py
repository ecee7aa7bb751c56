"""One viewer's subscription to one stream, whichever transport carries it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from django.utils import timezone

from forecastlab.events.domain.frames import Frame, jitter
from forecastlab.events.services import feeds, rendering, switchboard
from forecastlab.lib import doorbell

BEAT_PAUSE = 15.0
RECHECK_PAUSE = 60.0

Reading = Callable[[], tuple[int | None, bool]]


@dataclass(eq=False, slots=True)
class Follower:
    """Yields what is new to one viewer, for as long as the viewer may read it.

    `reading` says who that is (None for nobody any more) and whether he may read the stream now.
    `seq` is the last number that the viewer has; `shown` are the regions that the page holds. A
    region is sent when its HTML differs from what this viewer was sent last.
    """

    stream: str
    reading: Reading
    seq: int = 0
    language: str = ""
    shown: frozenset[str] = frozenset()
    _sent: dict[str, str] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _checked: float = float("-inf")
    _user_id: int | None = None

    def show(self, ids: frozenset[str]) -> None:
        self.shown = ids
        self._wake.set()

    async def frames(self) -> AsyncGenerator[Frame, None]:
        """Yield frames until the viewer may not read on; the last one then is `refused`."""
        if not await self._may_read():
            yield self._refusal()
            return
        async with contextlib.AsyncExitStack() as stack:
            heard = switchboard.here().listening(
                doorbell.viewer(self._user_id or 0), self._hear_recheck
            )
            await stack.enter_async_context(heard)
            feed = await stack.enter_async_context(feeds.joined(self.stream, self._wake))
            ids = sorted(rendering.pushed(self.stream))
            yield self._frame({"type": "following", "stream": "", "head": feed.seq, "ids": ids})
            while await self._may_read():
                self._wake.clear()
                async for frame in self._news(feed):
                    yield frame
                if not await self._woken():
                    yield self._frame({"type": "beat", "stream": ""})
        yield self._refusal()

    async def _news(self, feed: feeds.Feed) -> AsyncGenerator[Frame, None]:
        while events := await feed.after(self.seq):
            before, self.seq = self.seq, events[-1]["seq"]
            within = jitter(len(feed.wakes))
            yield self._frame(
                {
                    "type": "events",
                    "stream": "",
                    "after": before,
                    "events": events,
                    "within": within,
                }
            )
        fresh = {one: await feed.region(one, self.language) for one in sorted(self.shown)}
        news = {one: html for one, html in fresh.items() if html and self._sent.get(one) != html}
        self._sent.update(news)
        if news:
            yield self._frame({"type": "regions", "stream": "", "regions": news})

    async def _woken(self) -> bool:
        try:
            await asyncio.wait_for(self._wake.wait(), BEAT_PAUSE)
        except TimeoutError:
            return False
        return True

    async def _may_read(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._checked < RECHECK_PAUSE:
            return True
        self._checked = now
        self._user_id, may = await feeds.in_thread(self.reading)()
        return may

    def _hear_recheck(self, _seq: int) -> None:
        self._checked = float("-inf")
        self._wake.set()

    def _frame(self, frame: Frame) -> Frame:
        frame["stream"] = self.stream
        frame["at"] = timezone.now().isoformat()
        return frame

    def _refusal(self) -> Frame:
        signed_in = self._user_id is not None
        return self._frame({"type": "refused", "stream": "", "signed_in": signed_in})
