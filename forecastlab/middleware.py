"""What happens around every request: an id, one line in the log, and refusals that say why."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from forecastlab import refusals
from forecastlab.lib import logs, texts
from forecastlab.lib.errors import BadInput, HouseError
from forecastlab.lib.outages import outage

Answer = HttpResponseBase
logger = logs.logger("forecastlab.request")

LONGEST_PARAMETER = 2000
FORM = "application/x-www-form-urlencoded"
QUIET_PATHS = ("/healthz", "/readyz", "/static/")


class RequestLog:
    """Give each request an id, name it in the answer, and log one line when it is done."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer | Awaitable[Answer]:
        if self._is_async:
            return self._later(request)
        started = _begin(request)
        with logs.bound(request_id=request.request_id):  # type: ignore[attr-defined]
            try:
                return _end(request, self.get_response(request), started)
            finally:
                _free_connection()

    async def _later(self, request: HttpRequest) -> Answer:
        started = _begin(request)
        with logs.bound(request_id=request.request_id):  # type: ignore[attr-defined]
            try:
                return _end(request, await self.get_response(request), started)
            finally:
                await sync_to_async(_free_connection)()


def _free_connection() -> None:
    """Give the connection back as soon as the answer is made, on the thread that made it.

    Django does so when the answer has been sent: readers who stay, or are slow, would keep all
    that there are, and one who leaves a page that takes long would keep his for ever, since then
    the server drops the request before its end is told.
    """
    if not connection.in_atomic_block:
        connection.close()


def _begin(request: HttpRequest) -> float:
    request.request_id = secrets.token_hex(8)  # type: ignore[attr-defined]
    return time.perf_counter()


def _end(request: HttpRequest, response: Answer, started: float) -> Answer:
    response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
    if request.path.startswith(QUIET_PATHS):
        return response
    # The route, not the path: a path may carry a secret. The user only if somebody asked for it.
    match = request.resolver_match
    user = getattr(request, "auth", None) or getattr(request, "_cached_user", None)
    logger.info(
        "request",
        method=request.method,
        route=match.route if match else "",
        status=response.status_code,
        ms=round((time.perf_counter() - started) * 1000, 1),
        user_id=getattr(user, "pk", None),
    )
    return response


class Refusals(MiddlewareMixin):
    """Turn anticipated errors and outages into an answer that says what, where and what to do."""

    def process_view(self, request: HttpRequest, *_view: Any) -> Answer | None:
        try:
            _check(request)
        except BadInput as error:
            return refusals.refuse(request, error)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> Answer | None:
        expected = error if isinstance(error, HouseError) else outage(error)
        return None if expected is None else refusals.refuse(request, expected)

    def process_response(self, request: HttpRequest, response: Answer) -> Answer:
        return refusals.explained(request, response)


def _check(request: HttpRequest) -> None:
    """Raise BadInput for an address or a form that no view could use."""
    texts.check(request.path)
    if request.content_type == FORM:
        texts.check(dict(request.POST.lists()))
    for name, values in request.GET.lists():
        texts.check([name, *values], field=name)
        if max(map(len, values), default=0) > LONGEST_PARAMETER:
            detail = _("'%(name)s' is longer than %(most)d characters.")
            raise BadInput(detail % {"name": name[:40], "most": LONGEST_PARAMETER}, field=name[:40])
