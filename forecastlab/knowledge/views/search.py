"""Looking for anything."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from forecastlab.accounts.services.access import person, requires
from forecastlab.knowledge.queries import everything


@requires("search.use")
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    found = everything.search(asked.get("q", ""), person(request), of=asked.get("of", ""))
    return render(request, "knowledge/search.html", {"found": found})
