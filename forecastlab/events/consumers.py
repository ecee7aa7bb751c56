"""The socket of live pages."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import aclosing
from functools import partial
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError

from forecastlab.events.services import access, feeds
from forecastlab.events.services.access import by_stream
from forecastlab.events.services.followers import Follower

MAX_STREAMS = 50
SIGNED_OUT = 4401
TRY_AGAIN = 1013

logger = logging.getLogger(__name__)


class ClientError(Exception):
    """What the client sent makes no sense; it is told so."""


@by_stream
class LiveConsumer(AsyncWebsocketConsumer):
    """One socket per page; the page names the streams that it follows.

    {"do": "follow", "stream": "run.12", "after": 57, "language": "en", "shown": ["run-12-steps"]}
    {"do": "show", "stream": "run.12", "shown": ["run-12-steps"]}
    {"do": "leave", "stream": "run.12"}
    """

    # The switchboard hears for the whole process, so a socket needs no channel of its own.
    channel_layer_alias = "none"

    # -- socket events ---------------------------------------------------------------------

    async def connect(self) -> None:
        self.followers: dict[str, tuple[Follower, asyncio.Task[None]]] = {}
        self.session_key = self.scope["session"].session_key
        try:
            user = await feeds.in_thread(access.session_user)(self.session_key)
        except DatabaseError as error:
            logger.warning("Cannot open a socket now: %s", error)
            user = None
        if user is None:
            await self.close()
        else:
            await self.accept()

    async def disconnect(self, code: int) -> None:
        for stream in list(self.followers):
            await self._leave(stream)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            command = _command(text_data)
            await self._obey(command)
        except ClientError as error:
            await self.send(json.dumps({"type": "error", "detail": str(error)}))

    # -- client commands -------------------------------------------------------------------

    async def _obey(self, command: dict[str, Any]) -> None:
        stream = command["stream"]
        match command["do"]:
            case "follow":
                await self._follow(stream, command)
            case "show" if stream in self.followers:
                self.followers[stream][0].show(_shown(command))
            case "leave":
                await self._leave(stream)
            case _:
                raise ClientError("Send 'do': follow, show or leave, and a followed 'stream'.")

    async def _follow(self, stream: str, command: dict[str, Any]) -> None:
        if len(self.followers) >= MAX_STREAMS and stream not in self.followers:
            raise ClientError(f"One page follows at most {MAX_STREAMS} streams.")
        await self._leave(stream)
        after = command.get("after", 0)
        if type(after) is not int or after < 0:
            raise ClientError("'after' is the number of the last event you have, 0 for none.")
        reading = partial(access.session_reading, self.session_key, stream)
        follower = Follower(
            stream, reading, after, _language(command.get("language")), _shown(command)
        )
        task = asyncio.create_task(self._carry(follower))
        task.add_done_callback(self._carried)
        self.followers[stream] = (follower, task)

    async def _leave(self, stream: str) -> None:
        _, task = self.followers.pop(stream, (None, None))
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    # -- what the followers yield ----------------------------------------------------------

    async def _carry(self, follower: Follower) -> None:
        async with aclosing(follower.frames()) as frames:
            async for frame in frames:
                await self.send(json.dumps(frame))
                if frame["type"] == "refused" and not frame["signed_in"]:
                    await self.close(SIGNED_OUT)

    def _carried(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        # The page comes back by itself; what went wrong must not pass in silence.
        if isinstance(error, DatabaseError):
            logger.warning("Closing a socket that cannot be served now: %s", error)
        else:
            logger.error("A subscription broke", exc_info=error)
        self.closing = asyncio.create_task(self.close(TRY_AGAIN))


class NoConsumer(AsyncWebsocketConsumer):
    """Refuse a socket at any other address, instead of failing in the router."""

    channel_layer_alias = "none"

    async def connect(self) -> None:
        await self.close()


def _command(text: str | None) -> dict[str, Any]:
    try:
        command = json.loads(text or "")
    except (ValueError, RecursionError) as error:
        raise ClientError("Send JSON.") from error
    if not isinstance(command, dict) or not isinstance(command.get("stream"), str):
        raise ClientError("Send an object with 'do' and 'stream'.")
    return command


def _shown(command: dict[str, Any]) -> frozenset[str]:
    shown = command.get("shown", [])
    if not isinstance(shown, list) or not all(isinstance(one, str) for one in shown):
        raise ClientError("'shown' is a list of element ids.")
    return frozenset(shown)


def _language(wanted: object) -> str:
    known = dict(settings.LANGUAGES)
    return wanted if isinstance(wanted, str) and wanted in known else settings.LANGUAGE_CODE
