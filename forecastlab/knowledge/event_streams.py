"""The stream of a document: added, indexed, changed, deleted."""

from __future__ import annotations

from typing import Any

from forecastlab.accounts.services.access import may
from forecastlab.knowledge.models import Document
from forecastlab.lib import texts
from forecastlab.lib.contributions import EventStream, LiveRegion


def can_read(user: Any, key: str) -> bool:
    number = texts.number(key)
    if number is None or not may(user, "knowledge.read"):
        return False
    return Document.objects.visible_to(user).filter(pk=number).exists()


def _text_id(key: str) -> str:
    return f"document-{key}"


DOCUMENTS = EventStream(
    prefix="document",
    can_read=can_read,
    regions=(LiveRegion("text", "fetch", _text_id),),
)
