"""Which steps of a run take over what an earlier run found, and which are done all the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from forecastlab.lib.contributions import PipelineStep
from showcase.domain import pipeline
from showcase.domain.pipeline import Row


def taken(
    rows: Sequence[Row], *, found: Collection[str], without_files: Collection[str]
) -> set[str]:
    """Return the names of the steps that are taken over, of those `found` in an earlier run.

    What needs a step that was not found is done, as it names what that one makes. Working files go
    when a run has ended well, so a step `without_files` is taken over only where nobody will read
    them: neither a step that is done and needs it, nor one that follows it by name and is done
    each time.
    """
    steps = {row.step.name: row.step for row in rows}
    keyed = {name for name, step in steps.items() if step.content_key is not None}
    lost = keyed - set(found)
    left = {name for name in keyed - lost if not pipeline.needs(name, rows) & lost}
    while True:
        done = [step for name, step in steps.items() if name not in left]
        wanted = {name for step in done for name in _read_by(step, rows)}
        spared = left - (wanted & set(without_files))
        if spared == left:
            return left
        left = spared


def _read_by(step: PipelineStep, rows: Sequence[Row]) -> set[str]:
    """Return the names of the rows whose files a step may read."""
    if step.content_key is not None:
        return pipeline.needs(step.name, rows)
    return {anchor.rstrip("?") for anchor in step.after}
