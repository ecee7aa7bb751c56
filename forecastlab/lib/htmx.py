"""Small decisions about requests that htmx makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails


def wants_fragment(request: HttpRequest) -> bool:
    """Say whether htmx will swap the answer into a page that stands.

    A boosted link and a restored history entry replace the whole page.
    """
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    if htmx is None or not htmx:
        return False
    return not (htmx.boosted or htmx.history_restore_request)


def render_region(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    region: str,
    status: int = 200,
) -> HttpResponse:
    """Render the partial `region` of a page for htmx, the page for everybody else."""
    name = f"{template}#{region}" if wants_fragment(request) else template
    response = render(request, name, dict(context), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
