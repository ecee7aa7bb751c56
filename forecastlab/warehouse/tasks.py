from __future__ import annotations

from celery import shared_task

from forecastlab.warehouse.services import uploads


@shared_task
def sweep_uploads() -> None:
    """Delete uploads that no job needs."""
    uploads.sweep()
