"""How long the same steps took before, on the same sales."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from showcase.domain import estimates
from showcase.domain.estimates import Estimate
from showcase.models import Run, StepRun

RUNS_LOOKED_AT = 50


def past(run: Run, names: Sequence[str]) -> Mapping[str, list[float]]:
    """Return the durations of these steps in the newest finished runs over the same sales."""
    same = Run.objects.finished().order_by("-pk").exclude(pk=run.pk)
    same = same.filter(scenario=run.scenario) if run.scenario else same.filter(dataset=run.dataset)
    rows = StepRun.objects.filter(
        run__in=same.values("pk")[:RUNS_LOOKED_AT],
        name__in=names,
        seconds__isnull=False,
        outcome__in=(StepRun.Outcome.PASS, StepRun.Outcome.WARN, StepRun.Outcome.SKIP),
    ).values_list("name", "seconds")
    found: defaultdict[str, list[float]] = defaultdict(list)
    for name, seconds in rows:
        found[name].append(seconds)
    return found


def per_step(run: Run, steps: Sequence[StepRun], *, elapsed: float) -> dict[str, Estimate | None]:
    """Estimate every step that is not done; `elapsed` has passed of the one that runs."""
    open_steps = [step for step in steps if step.status != StepRun.Status.DONE]
    if not open_steps or not run.is_active:
        return {}
    known = past(run, [step.name for step in open_steps])
    return {
        step.name: estimates.of_step(
            known.get(step.name, []), elapsed=elapsed if step.started_at else 0.0
        )
        for step in open_steps
    }
