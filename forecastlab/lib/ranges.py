"""Large files to take away, whole or from where a lost connection broke (RFC 9110, 14).

A reader who asks for one range of bytes gets it. Whatever else stands in `Range` is answered with
the whole, as the standard allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from forecastlab.lib import downloads

PIECE = 1 << 18
_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file under its digest, which never changes."""

    digest: str
    size: int
    name: str
    content_type: str

    @property
    def etag(self) -> str:
        return f'"{self.digest}"'


def respond(request: HttpRequest, file: Path, kept: Kept) -> HttpResponseBase:
    """Send the file, or the part that was asked for; it is opened when the first byte is wanted."""
    unchanged = get_conditional_response(request, etag=kept.etag)
    if unchanged is not None and unchanged.status_code != HTTPStatus.OK:
        return unchanged
    asked = _asked(request, kept)
    if asked is not None and not asked:
        refused = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        return HttpResponse(status=refused, headers={"Content-Range": f"bytes */{kept.size}"})
    return _sent(request, file, kept, asked)


def _sent(request: HttpRequest, file: Path, kept: Kept, asked: range | None) -> HttpResponseBase:
    places = range(kept.size) if asked is None else asked
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{kept.name}"',
        "Content-Length": str(len(places)),
        "Content-Type": kept.content_type,
        "ETag": kept.etag,
    }
    status = HTTPStatus.OK
    if asked is not None:
        headers["Content-Range"] = f"bytes {places[0]}-{places[-1]}/{kept.size}"
        status = HTTPStatus.PARTIAL_CONTENT
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers)
    pieces = _pieces(file, places)
    streamed = downloads.in_threads(pieces) if isinstance(request, ASGIRequest) else pieces
    return StreamingHttpResponse(streamed, status=status, headers=headers)


def _asked(request: HttpRequest, kept: Kept) -> range | None:
    """Return the bytes that were asked for: None for the whole, an empty range for none there."""
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    newer = request.headers.get("If-Range", kept.etag) != kept.etag
    if found is None or newer or request.method != "GET" or found[1] == found[2] == "":
        return None
    if not found[1]:
        return range(max(0, kept.size - int(found[2])), kept.size)
    first = int(found[1])
    last = int(found[2] or max(first, kept.size))
    if last < first:
        return None
    return range(first, min(last + 1, kept.size))


def _pieces(file: Path, places: range) -> Iterator[bytes]:
    with file.open("rb") as stream:
        stream.seek(places.start)
        left = len(places)
        while left and (piece := stream.read(min(PIECE, left))):
            left -= len(piece)
            yield piece
