from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.http import urlencode

from forecastlab.lib import texts
from forecastlab.lib.contributions import SearchHit, SearchSource
from showcase.models import Run, Workspace


def _runs(user: Any, text: str, most: int) -> Sequence[SearchHit]:
    number = texts.number(text)
    told = Q(name__icontains=text) | Q(winner__icontains=text) | Q(dataset__name__icontains=text)
    by_number = Q() if number is None else Q(pk=number)
    found = Run.objects.visible_to(user).filter(told | by_number).for_lists()
    return [
        SearchHit(
            run.name,
            run.get_absolute_url(),
            " · ".join(str(one) for one in (f"#{run.pk}", run.dataset or run.scenario) if one),
        )
        for run in found.order_by("-pk")[:most]
    ]


def _workspaces(user: Any, text: str, most: int) -> Sequence[SearchHit]:
    told = Q(name__icontains=text) | Q(notes__icontains=text) | Q(tags__icontains=text)
    found = Workspace.objects.visible_to(user).filter(told).order_by("archived", "-pk")
    return [
        SearchHit(one.name, one.get_absolute_url(), ", ".join(one.tags)) for one in found[:most]
    ]


def _list(name: str, text: str) -> str:
    return f"{reverse(name)}?{urlencode({'search': text})}"


RUNS = SearchSource("runs", "Runs", "run.view", _runs, lambda text: _list("showcase:runs", text))
WORKSPACES = SearchSource(
    "workspaces",
    "Workspaces",
    "workspace.view",
    _workspaces,
    lambda text: _list("showcase:workspaces", text),
)
