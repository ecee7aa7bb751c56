"""The stream of a plan, and the part of its page that follows it."""

from __future__ import annotations

from typing import Any

from forecastlab.accounts.services.access import may
from forecastlab.lib import texts
from forecastlab.lib.contributions import EventStream, LiveRegion
from forecastlab.planning.models import Plan


def can_read(user: Any, key: str) -> bool:
    number = texts.number(key)
    if number is None or not may(user, "plan.view"):
        return False
    return bool(Plan.objects.visible_to(user).filter(pk=number).exists())


def _outcome_id(key: str) -> str:
    return f"plan-{key}-outcome"


PLANS = EventStream(
    prefix="plan",
    can_read=can_read,
    regions=(LiveRegion("outcome", "fetch", _outcome_id),),
)
