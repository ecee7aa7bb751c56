from __future__ import annotations

from django.apps import AppConfig
from django.core import checks as django_checks

from agents import checks


class AgentsConfig(AppConfig):
    name = "agents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        django_checks.register(checks.check)
