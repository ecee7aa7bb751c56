from __future__ import annotations

import os
import signal
from typing import Any

from celery import Celery
from celery.signals import task_prerun, worker_process_init
from django.db import connection

from forecastlab.lib.embedded.children import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forecastlab.settings")

app = Celery("forecastlab", task_cls="forecastlab.lib.dispatch:BoundTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Every periodic task, in one place. Each takes an advisory lock, so a doubled beat does no harm.
app.conf.beat_schedule = {
    "sweep-accounts": {
        "task": "forecastlab.accounts.tasks.sweep_accounts",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "sweep-approvals": {
        "task": "agents.tasks.sweep_approvals",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "sweep-artefacts": {
        "task": "forecastlab.jobs.tasks.sweep_artefacts",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "sweep-bundle-checks": {
        "task": "showcase.tasks.sweep_bundle_checks",
        "schedule": 3600.0,
        "options": {"expires": 3600.0, "queue": "heavy"},
    },
    "sweep-bundles": {
        "task": "showcase.tasks.sweep_bundles",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "sweep-jobs": {
        "task": "forecastlab.jobs.tasks.sweep_jobs",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "sweep-runs": {
        "task": "showcase.tasks.sweep_runs",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "sweep-schedules": {
        "task": "forecastlab.jobs.tasks.sweep_schedules",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    "sweep-sessions": {
        "task": "agents.tasks.sweep_sessions",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    "sweep-run-waits": {
        "task": "agents.tasks.sweep_run_waits",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    "sweep-documents": {
        "task": "forecastlab.knowledge.tasks.sweep_documents",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "sweep-uploads": {
        "task": "forecastlab.warehouse.tasks.sweep_uploads",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
}


@worker_process_init.connect
def _end_with_the_worker(**_: Any) -> None:
    """Let no process of the pool outlive a worker that was killed, nor finish its task."""
    die_with_parent(signal.SIGKILL)


@task_prerun.connect
def _leave_broken_connections(**_: Any) -> None:
    """Connections outlive tasks (CELERY_DB_REUSE_MAX), but not a restart of the database."""
    if connection.errors_occurred and not connection.in_atomic_block:
        connection.close()
