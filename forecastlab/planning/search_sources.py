from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from forecastlab.lib.contributions import SearchHit, SearchSource
from forecastlab.planning.models import Plan


def _plans(user: Any, text: str, most: int) -> Sequence[SearchHit]:
    told = Q(name__icontains=text) | Q(tags__icontains=text) | Q(scenario_id=text)
    found = Plan.objects.shown().visible_to(user).filter(told).for_lists().newest()
    return [SearchHit(one.name, one.get_absolute_url(), one.version.ref) for one in found[:most]]


PLANS = SearchSource("plans", "Plans", "plan.view", _plans)
