"""The JSON API: every app that has an `api` module with a `router` is mounted."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from ninja import NinjaAPI

api = NinjaAPI(title="ForecastLab", version="1", urls_namespace="api")

for _config in apps.get_app_configs():
    _ours = _config.name.startswith(("forecastlab.", "showcase"))
    if _ours and find_spec(f"{_config.name}.api"):
        api.add_router("", import_module(f"{_config.name}.api").router)
