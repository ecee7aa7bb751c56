"""The streams of runs and of workspaces, and the parts of pages that follow them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from forecastlab.accounts.services.access import may
from forecastlab.lib import texts
from forecastlab.lib.contributions import EventStream, LiveRegion
from showcase.models import Run, Workspace
from showcase.queries import pipeline, run_list, run_page

PARTS = ("status", "progress", "kpis", "facts", "made", "story", "timeline", "card")


def can_read(user: Any, key: str) -> bool:
    number = texts.number(key)
    if number is None or not may(user, "run.view"):
        return False
    return Run.objects.visible_to(user).filter(pk=number).exists()


def _part(name: str) -> LiveRegion:
    def render(key: str) -> str:
        page = _page(key)
        return page and render_to_string(f"showcase/_run_{name}.html", {"page": page})

    return LiveRegion(name, "push", _id_of(name), render)


def _row(key: str) -> str:
    runs = Run.objects.filter(pk=int(key)).select_related("version__dataset")
    rows = run_list.rows_of(runs)
    return render_to_string("showcase/_run_row.html", {"row": rows[0]}) if rows else ""


def _phase(name: str) -> LiveRegion:
    def render(key: str) -> str:
        page = _page(key)
        panels = [panel for panel in page.panels if panel.name == name] if page else []
        return "".join(
            render_to_string("showcase/_run_phase.html", {"panel": panel}) for panel in panels
        )

    return LiveRegion(f"phase-{name}", "push", _id_of(f"phase-{name}"), render)


def _page(key: str) -> Any:
    try:
        return run_page.of(int(key), now=timezone.now())
    except Run.DoesNotExist:
        return ""


def _id_of(name: str) -> Callable[[str], str]:
    return lambda key: f"run-{key}-{name}"


def can_list(user: Any, key: str) -> bool:
    return key == Run.LIST_STREAM.partition(".")[2] and may(user, "run.view")


def can_read_workspace(user: Any, key: str) -> bool:
    number = texts.number(key)
    if number is None or not may(user, "workspace.view"):
        return False
    return Workspace.objects.visible_to(user).filter(pk=number).exists()


WORKSPACES = EventStream(prefix="workspace", can_read=can_read_workspace)
# Its events carry nothing: what a viewer may see of the news is asked for with his own rights.
LIST = EventStream(prefix="runs", can_read=can_list)
RUNS = EventStream(
    prefix="run",
    can_read=can_read,
    regions=(
        *(_part(name) for name in PARTS),
        *(_phase(name) for name in sorted({row.step.phase for row in pipeline.contributed()})),
        LiveRegion("row", "push", _id_of("row"), _row),
        LiveRegion("actions", "fetch", _id_of("actions")),
    ),
)
