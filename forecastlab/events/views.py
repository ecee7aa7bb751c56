"""Streams over plain HTTP, for pages whose socket fails and for programs."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from forecastlab.events import queries
from forecastlab.events.domain.frames import EventData, Frame
from forecastlab.events.services import access, rendering
from forecastlab.events.services.access import by_stream
from forecastlab.events.services.followers import Follower
from forecastlab.lib import texts
from forecastlab.lib.errors import BadInput

RECONNECT_MS = 2000
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@by_stream
async def events(request: HttpRequest, stream: str) -> HttpResponse | StreamingHttpResponse:
    """Server-Sent Events: one message per event, frames of regions and beats by name."""
    if request.method != "GET":
        return HttpResponse(status=405, headers={"Allow": "GET"})
    await sync_to_async(access.check)(await request.auser(), stream)
    after = _number(request.headers.get("Last-Event-ID") or request.GET.get("after", "0"))
    if not isinstance(request, ASGIRequest):
        # A WSGI worker must not be held by one reader: tell what there is, the reader comes back.
        told = await sync_to_async(queries.data_after)(stream, after)
        text = f"retry: {RECONNECT_MS}\n\n" + "".join(map(_event, told))
        return HttpResponse(text, content_type="text/event-stream", headers=HEADERS)
    follower = Follower(
        stream,
        partial(access.session_reading, request.session.session_key, stream),
        after,
        get_language() or settings.LANGUAGE_CODE,
        _shown(request, stream),
    )
    return StreamingHttpResponse(
        _messages(follower), content_type="text/event-stream", headers=HEADERS
    )


@by_stream
@require_GET
def poll(request: HttpRequest) -> HttpResponse:
    """Answer what came after a number, and the regions that the page shows as they are now."""
    stream = request.GET.get("stream", "")
    access.check(request.user, stream)
    found = queries.data_after(stream, _number(request.GET.get("after", "0")))
    language = get_language() or settings.LANGUAGE_CODE
    pushed = rendering.pushed(stream)
    shown = sorted(_shown(request, stream) & set(pushed))
    answer = {
        "stream": stream,
        "head": queries.head(stream),
        "events": found,
        "ids": sorted(pushed),
        "regions": {one: rendering.render(stream, one, language) for one in shown},
    }
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


async def _messages(follower: Follower) -> AsyncGenerator[str, None]:
    yield f"retry: {RECONNECT_MS}\n\n"
    async with aclosing(follower.frames()) as frames:
        async for frame in frames:
            yield _spelled(frame)


def _spelled(frame: Frame) -> str:
    if frame["type"] != "events":
        return f"event: {frame['type']}\ndata: {json.dumps(frame)}\n\n"
    told = map(_event, frame["events"])
    # The events again as one frame would be wasteful: a page only needs to know they are complete.
    rest = {name: value for name, value in frame.items() if name != "events"}
    return "".join(told) + f"event: events\ndata: {json.dumps(rest)}\n\n"


def _event(event: EventData) -> str:
    return f"id: {event['seq']}\ndata: {json.dumps(event)}\n\n"


def _shown(request: HttpRequest, stream: str) -> frozenset[str]:
    """Return the ids that the page shows; `*` stands for all that the stream pushes."""
    shown = request.GET.get("shown", "")
    return frozenset(rendering.pushed(stream) if shown == "*" else filter(None, shown.split(",")))


def _number(text: str) -> int:
    number = texts.number(text)
    if number is None:
        raise BadInput(
            _("'%(text)s' is not the number of an event.") % {"text": text},
            field="after",
            hint=_("Send the number of the last event you have, 0 for none."),
        )
    return number
