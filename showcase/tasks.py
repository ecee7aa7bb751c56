from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from showcase.services import exporting, retention, verifying


@shared_task
def sweep_bundle_checks() -> None:
    """Read stored bundles again that were not looked at for a day."""
    verifying.sweep(timezone.now())


@shared_task
def sweep_bundles() -> None:
    """Delete bundles that have had their time, and what dead exports left behind."""
    exporting.sweep(timezone.now())


@shared_task
def sweep_runs() -> None:
    """Delete old runs that nobody kept, with what they alone have made."""
    retention.sweep(timezone.now())
