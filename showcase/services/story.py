"""The slots of a kept run's story: what was asked, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from forecastlab.lib.contributions import Told
from showcase.models import Run, StepRun, Workspace
from showcase.queries import new_run, story_slots

# The outcome of a phase is the one of its steps that says most.
TELLING = (StepRun.Outcome.FAIL, StepRun.Outcome.WARN, StepRun.Outcome.PASS)
NOT_REACHED = "cancelled"


def asked(run: Run) -> dict[str, Any]:
    """Return the slots that say what somebody wanted otherwise; None where nobody did."""
    store, _colon, product = str(run.config.get("focus") or "").partition(":")
    return {
        "seed_overrides": new_run.options_of(run).get("simulate") or None,
        "user_scope": {"store": store, "product": product} if product else None,
    }


def told(run: Run, *, at: datetime) -> dict[str, Any]:
    """Return the slots that say what a run came to, those of other apps too; none while it works.

    What an app has nothing to say to is left out.
    """
    if run.is_active:
        return {}
    steps = list(run.steps.in_order())
    context = Told(
        run_id=run.pk,
        job_ids=_jobs(run),
        steps={one.name: one.data for one in steps},
        at=at,
    )
    others = {slot.name: slot.tell(context) for slot in story_slots.contributed()}
    return {
        **{name: said for name, said in others.items() if said is not None},
        "job_ids": [str(pk) for pk in context.job_ids],
        "phase_summaries": list(_phases(steps)),
    }


def settle(run: Run, *, at: datetime) -> None:
    """Fill the slots of a run that ended, if it is kept; the caller holds the lock of its row."""
    kept = Workspace.objects.filter(run=run)
    if kept.exists():
        kept.update(**told(run, at=at))


def _jobs(run: Run) -> Sequence[int]:
    made = run.made.filter(kind="job").order_by("pk").values_list("ref", flat=True)
    numbers = [*([run.job_id] if run.job_id else []), *(int(one) for one in made)]
    return list(dict.fromkeys(numbers))


def _phases(steps: Sequence[StepRun]) -> Iterable[Mapping[str, Any]]:
    for phase in dict.fromkeys(one.phase for one in steps):
        mine = [one for one in steps if one.phase == phase]
        yield {
            "phase_name": phase,
            "status": _status(mine),
            "steps": len(mine),
            "duration_ms": _took(mine),
        }


def _status(steps: Sequence[StepRun]) -> str:
    found = {one.outcome for one in steps}
    telling = next((one.value for one in TELLING if one in found), "")
    if telling != StepRun.Outcome.FAIL and "" in found:
        return NOT_REACHED
    return telling or StepRun.Outcome.SKIP.value


def _took(steps: Sequence[StepRun]) -> int | None:
    """Return milliseconds from the first step's start to the last one's end."""
    begun = [one.started_at for one in steps if one.started_at]
    ended = [one.finished_at for one in steps if one.finished_at]
    if not begun or not ended:
        return None
    return max(round((max(ended) - min(begun)).total_seconds() * 1000), 0)
