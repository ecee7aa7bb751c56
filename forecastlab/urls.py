"""Every app that has a `urls` module is included under its own name space."""

from __future__ import annotations

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from forecastlab import health
from forecastlab.api import api


def _app_urls() -> list[URLResolver]:
    found = [f"{name}.urls" for name in settings.OUR_APPS if find_spec(f"{name}.urls")]
    return [path("", include(module)) for module in found]


handler400 = "forecastlab.refusals.bad_request"
handler403 = "forecastlab.refusals.forbidden"
handler404 = "forecastlab.refusals.not_found"
handler500 = "forecastlab.refusals.server_error"

urlpatterns: list[URLResolver | URLPattern] = [
    *health.urlpatterns,
    *_app_urls(),
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
]
