from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forecastlab.settings")

app = Celery("forecastlab")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Every periodic task, in one place. Each takes an advisory lock, so a doubled beat does no harm.
app.conf.beat_schedule = {
    "sweep-jobs": {"task": "forecastlab.jobs.tasks.sweep_jobs", "schedule": 5.0},
}
