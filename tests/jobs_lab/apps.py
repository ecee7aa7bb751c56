from __future__ import annotations

import os

from django.apps import AppConfig

from agents.domain.skills import SKILLS
from forecastlab.celery import app
from tests.jobs_lab.agent_tools import LAB


class JobsLabConfig(AppConfig):
    name = "tests.jobs_lab"

    def ready(self) -> None:
        """Let the sweeper come as often as the rest of the settings here is impatient."""
        SKILLS[LAB.name] = LAB
        if os.environ.get("LAB_PATIENCE") != "shipped":
            app.conf.beat_schedule["sweep-jobs"]["schedule"] = 1.0
