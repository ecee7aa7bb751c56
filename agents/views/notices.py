"""What agents told a person."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from agents.queries import people
from forecastlab.accounts.services.access import person, requires


@requires("agent.view")
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """List the notices to whoever looks, newest first."""
    page = people.notices_to(person(request), page=request.GET.get("page", "1"))
    return render(request, "agents/notices.html", {"page": page})
