from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from django.utils.safestring import mark_safe

from forecastlab.events import queries
from forecastlab.urls import urlpatterns as ours
from tests.browser.live_app.event_streams import panel

PAGE = """{% load django_htmx static %}<!doctype html>
<html lang="en"><head><title>Live</title>
<meta name="htmx-config" content='{"allowEval": false, "includeIndicatorStyles": false}'>
{% htmx_script %}
<script src="{% static 'js/live.js' %}" defer></script></head><body>
{% for key, seq, panel in things %}
  <div data-live-stream="thing.{{ key }}" data-live-seq="{{ seq }}">{{ panel }}
    <p id="thing-{{ key }}-mine" hx-get="/mine/{{ key }}" hx-swap="outerHTML"
       hx-trigger="live:thing.{{ key }} from:body">0 by {{ user.username }}</p>
  </div>
{% endfor %}
<button id="load" hx-get="/more" hx-target="#more">Load</button><div id="more"></div>
</body></html>"""
PART = '<div data-live-stream="thing.{0}" data-live-seq="{1}">{2}</div>'


def page(request: HttpRequest) -> HttpResponse:
    keys = request.GET.get("keys", "1").split(",")
    things = [(key, queries.head(f"thing.{key}"), mark_safe(panel(key))) for key in keys]
    template = engines["django"].from_string(PAGE)
    return HttpResponse(template.render({"things": things}, request))


def mine(request: HttpRequest, key: str) -> HttpResponse:
    head = queries.head(f"thing.{key}")
    return HttpResponse(
        f'<p id="thing-{key}-mine" hx-get="/mine/{key}" hx-swap="outerHTML"'
        f' hx-trigger="live:thing.{key} from:body">{head} by {request.user}</p>'
    )


def more(request: HttpRequest) -> HttpResponse:
    """A part that htmx brings in later, with a stream that the page did not have."""
    return HttpResponse(PART.format("9", queries.head("thing.9"), panel("9")))


urlpatterns = [
    path("page", page),
    path("mine/<str:key>", mine),
    path("more", more),
    *ours,
]
