from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from forecastlab.accounts.services import sweeping


@shared_task
def sweep_accounts() -> None:
    """Forget keys, tries, links and sessions that no longer matter."""
    sweeping.sweep(timezone.now())
