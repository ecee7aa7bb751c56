"""Every app that has a `urls` module is included under its own name space."""

from __future__ import annotations

from importlib.util import find_spec

from django.apps import apps
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from forecastlab import health
from forecastlab.api import api


def _app_urls() -> list[URLResolver]:
    names = [config.name for config in apps.get_app_configs() if config.name != "forecastlab"]
    ours = [name for name in names if name.split(".")[0] in {"forecastlab", "showcase"}]
    return [path("", include(f"{name}.urls")) for name in ours if find_spec(f"{name}.urls")]


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
