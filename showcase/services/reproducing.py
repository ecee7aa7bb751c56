"""Whether a replay came to what its source had come to, found out when it ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from showcase.domain import evidence
from showcase.domain.evidence import Evidence, Row, Step
from showcase.models import Run, Workspace
from showcase.queries import pipeline

TOLD = (Run.Status.SUCCEEDED, Run.Status.FAILED)


def settle(run: Run, *, source: int | None, at: datetime) -> None:
    """Write what came of a replay into its workspace, in the transaction that ends the run.

    `source` is the number of the run that was replayed, which may be gone by now.
    """
    found = Workspace.objects.filter(run=run).exclude(replay_mode="").first()
    if found is None:
        return
    earlier = Run.objects.filter(pk=source).first() if source else None
    result = {**_result(run, earlier, found.replay_mode), "checked_at": at.isoformat()}
    Workspace.objects.filter(pk=found.pk).update(reproduction=result)


def of(run: Run) -> Evidence:
    """Gather what a run came to, as its rows say; nothing that it made needs to be there."""
    steps = [
        Step(name, outcome, data)
        for name, outcome, data in run.steps.in_order().values_list("name", "outcome", "data")
    ]
    rows = {
        row.step.name: Row(row.step.evidence, row.step.repeats) for row in pipeline.contributed()
    }
    return evidence.gathered(
        steps, rows, content_hash=run.content_hash, config_hash=run.config_hash
    )


def _result(run: Run, source: Run | None, mode: str) -> dict[str, Any]:
    if source is None or run.status not in TOLD:
        return {"reproduced": None, "differences": []}
    if mode != Workspace.ReplayMode.EXACT:
        return {"reproduced": None, "differences": evidence.shown(_inputs(source, run))}
    before = of(source)
    found = evidence.differences(before, of(run))
    return {
        "reproduced": evidence.verdict(found, proven=evidence.proves(before)),
        "differences": evidence.shown(found),
    }


def _inputs(source: Run, run: Run) -> list[evidence.Difference]:
    """Return what a replay was asked otherwise, and that its sales are others."""
    found = evidence.of_inputs(source.config, run.config)
    if run.content_hash != source.content_hash:
        other = (source.content_hash or None, run.content_hash or None)
        found.insert(0, evidence.Difference("content_hash", *other))
    return found
