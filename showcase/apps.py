from __future__ import annotations

from django.apps import AppConfig
from django.core import checks

from showcase.queries import link_probes, pipeline, story_slots


class ShowcaseConfig(AppConfig):
    name = "showcase"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        checks.register(pipeline.check)
        checks.register(link_probes.check)
        checks.register(story_slots.check)
