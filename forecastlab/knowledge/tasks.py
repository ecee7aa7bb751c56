from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from forecastlab.knowledge.services import corpus


@shared_task
def sweep_documents() -> None:
    """Index what has changed of the documents that come with the program."""
    corpus.sync_own(by=None, at=timezone.now())
