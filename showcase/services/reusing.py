"""Results of earlier runs, taken over where nothing that they follow from has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from forecastlab.lib import artefacts
from forecastlab.lib.contributions import (
    Done,
    Json,
    PipelineStep,
    StepContext,
    StepFailed,
    StepResult,
)
from showcase.domain import reuse
from showcase.domain.pipeline import Row
from showcase.models import Run, StepRun

Runner = Callable[[StepContext], StepResult]
GOOD = (StepRun.Outcome.PASS, StepRun.Outcome.WARN)


def sparing(row: Row, rows: Sequence[Row]) -> Runner:
    """Let a step be done only where no earlier run has its result."""
    step, key_of = row.step, row.step.content_key
    if key_of is None:
        return step.run

    def run(context: StepContext) -> StepResult:
        if context.shard is not None:
            return step.run(context)
        if context.shards:  # it has begun
            return _marked(step.run(context), {"content_key": key_of(context)})
        found = _taken(context, rows)
        marks = {"takes": sorted(found)} if found else {}
        if step.name in found:
            return _marked(_again(context, step, found[step.name]), marks)
        _check_files(context)
        return _marked(step.run(context), {**marks, "content_key": key_of(context)})

    return run


def _taken(context: StepContext, rows: Sequence[Row]) -> Mapping[str, StepRun]:
    """Return the earlier steps that this run takes over from here on, by name."""
    if not context.params.get("reuse", True):
        return {}
    left = [row for row in rows if row.step.name not in context.results]
    keyed = [row.step for row in left if row.step.content_key is not None]
    found = {step.name: one for step in keyed if (one := _earlier(context, step)) is not None}
    without = {name for name, one in found.items() if not _has_files(one)}
    names = reuse.taken(left, found=set(found) & _agreed(context, left), without_files=without)
    return {name: one for name, one in found.items() if name in names}


def _agreed(context: StepContext, left: Sequence[Row]) -> set[str]:
    """Return what the steps before have left to be taken over: results of one run belong together.

    A step that was done anew names what it spares the others; one that says nothing spares none.
    """
    names = {row.step.name for row in left}
    for one in context.results.values():
        if "content_key" in one:
            names &= set(one.get("takes", ()))
    return names


def _earlier(context: StepContext, step: PipelineStep) -> StepRun | None:
    """Return the newest step of a run that succeeded with the same key, if what it made lasts."""
    key = step.content_key(context) if step.content_key else ""
    same = StepRun.objects.filter(name=step.name, content_key=key, outcome__in=GOOD, same_as=None)
    same = same.filter(run__status=Run.Status.SUCCEEDED).exclude(run=context.params["run"])
    found = same.order_by("-run").first()
    if found is None or (step.lasts is not None and not step.lasts(found.data)):
        return None
    return found


def _has_files(step: StepRun) -> bool:
    files = (*step.data.get("temporary", ()), *step.data.get("lasting", ()))
    return all(map(artefacts.has, files))


def _again(context: StepContext, step: PipelineStep, found: StepRun) -> Done:
    kept = dict(found.data) if _has_files(found) else _without_files(found.data)
    kept.pop("takes", None)
    told = Done(found.detail, kept, warn=found.outcome == StepRun.Outcome.WARN)
    if step.again is not None:
        told = step.again(context, kept)
    detail = _("Same as run %(n)s: %(detail)s") % {"n": found.run_id, "detail": told.detail}
    data = {**told.data, "content_key": found.content_key, "same_as": found.run_id}
    return replace(told, detail=detail, data=data)


def _without_files(data: Json) -> dict[str, object]:
    return {name: value for name, value in data.items() if name != "temporary"} | {"bare": True}


def _check_files(context: StepContext) -> None:
    """Refuse to work on files of an earlier run that were gone when its result was taken over."""
    others = [one["same_as"] for one in context.results.values() if "bare" in one]
    if others:
        raise StepFailed(
            _("What run %(n)s made is not there any more.") % {"n": others[0]},
            hint=_("Go on from the first step that says so: it is done anew."),
        )


def _marked(result: StepResult, marks: Json) -> StepResult:
    if not isinstance(result, Done):
        return result
    return replace(result, data={**result.data, **marks})
