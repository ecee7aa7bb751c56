"""What becomes known of a run after the row that it belongs to is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from forecastlab.events.services import log
from forecastlab.lib.contributions import NewEvent
from showcase.models import Run, StepRun, Workspace


def note(
    row: StepRun,
    data: Mapping[str, Any],
    story: Mapping[str, Any],
    events: Sequence[NewEvent],
    *,
    at: datetime,
) -> None:
    """Add to what a row tells and to the story of its run, which is locked; safe to repeat.

    Events are told with what is new: nothing is where the row tells all of it already.
    The story of a run that still works is told when that ends.
    """
    with transaction.atomic():
        run = Run.objects.select_for_update(of=("self",)).get(pk=row.run_id)
        step = StepRun.objects.select_for_update(of=("self",)).get(pk=row.pk)
        if step.data == {**step.data, **data}:
            return
        step.data = {**step.data, **data}
        step.save(update_fields=["data"])
        if not run.is_active:
            Workspace.objects.filter(run=run).update(**story)
        log.append(events, actor_id=None, at=at)
