"""Refusals and failures as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, JsonResponse

from forecastlab.lib.errors import HouseError

CONTENT_TYPE = "application/problem+json"
JSON_PATHS = ("/api/", "/live/")


def wants_json(request: HttpRequest) -> bool:
    """Say whether a program, not a page, reads the answer."""
    if request.path.startswith(JSON_PATHS):
        return True
    preferred = request.get_preferred_type(["text/html", "application/json", CONTENT_TYPE])
    return preferred in {"application/json", CONTENT_TYPE}


def from_error(request: HttpRequest, error: HouseError) -> JsonResponse:
    return answer(request, error.status, **error.as_json())


def answer(request: HttpRequest, status: int, title: str, **members: Any) -> JsonResponse:
    """Return a problem; members without a value are left out."""
    problem: Mapping[str, Any] = {
        "type": "about:blank",
        "title": str(title),
        "status": status,
        **{name: value for name, value in members.items() if value},
        "request_id": getattr(request, "request_id", ""),
    }
    return JsonResponse(problem, status=status, content_type=CONTENT_TYPE)
