"""Documents: the list, one of them at its lines, and its original."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename
from django.views.decorators.http import require_GET

from forecastlab.accounts.services.access import person, requires
from forecastlab.events import queries as events
from forecastlab.knowledge.domain import chunks
from forecastlab.knowledge.models import Document
from forecastlab.knowledge.queries import listing, reading, representations
from forecastlab.knowledge.services import documents as services
from forecastlab.lib import artefacts
from forecastlab.lib.htmx import render_region


def document_or_404(request: HttpRequest, key: str) -> Document:
    try:
        return representations.find(key, person(request))
    except representations.NoSuchDocument as error:
        raise Http404(error.message) from error


@requires("knowledge.read")
@require_GET
def documents(request: HttpRequest) -> HttpResponse:
    found = listing.of(listing.wanted(request.GET.dict()), viewer=person(request))
    return render_region(request, "knowledge/documents.html", {"list": found}, region="table")


@requires("knowledge.read")
@require_GET
def document(request: HttpRequest, key: str) -> HttpResponse:
    shown = document_or_404(request, key)
    seq = events.head(shown.stream)
    shown.refresh_from_db()
    wanted = reading.wanted(request.GET.dict())
    now = reading.standing(shown, wanted)
    if (now.first, now.last) != (wanted.first, wanted.last):
        return redirect(shown.get_absolute_url() + chunks.anchor(now.first, now.last))
    context = {
        "page": reading.of(shown, now),
        "may_change": services.may_change(shown, person(request)),
        "seq": seq,
    }
    return render_region(request, "knowledge/document.html", context, region="text")


@requires("knowledge.read")
@require_GET
def original(request: HttpRequest, key: str) -> HttpResponse:
    """Send the bytes as they came, to be saved: no browser opens them as a page of ours."""
    shown = document_or_404(request, key)
    content = artefacts.path(shown.content_sha256).read_bytes()
    name = get_valid_filename(shown.path.rsplit("/", 1)[-1])
    disposition = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    headers = {"Content-Disposition": disposition}
    return HttpResponse(content, content_type="application/octet-stream", headers=headers)
