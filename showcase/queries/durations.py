"""How long the same steps took before, on the same sales."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from showcase.domain import estimates
from showcase.domain.estimates import Estimate
from showcase.models import Run, StepRun

RUNS_LOOKED_AT = 50


def past(
    names: Sequence[str], *, scenario: str, dataset_id: int | None, apart_from: int | None = None
) -> Mapping[str, list[float]]:
    """Return the durations of these steps in the newest finished runs over the same sales."""
    same = Run.objects.finished().order_by("-pk").exclude(pk=apart_from or 0)
    same = same.filter(scenario=scenario) if scenario else same.filter(dataset=dataset_id)
    rows = StepRun.objects.filter(
        run__in=same.values("pk")[:RUNS_LOOKED_AT],
        name__in=names,
        seconds__isnull=False,
        outcome__in=(StepRun.Outcome.PASS, StepRun.Outcome.WARN, StepRun.Outcome.SKIP),
    ).values_list("name", "seconds")
    found: defaultdict[str, list[float]] = defaultdict(list)
    for name, seconds in rows:
        found[name].append(float(seconds or 0.0))
    return found


def per_step(run: Run, steps: Sequence[StepRun], *, elapsed: float) -> dict[str, Estimate | None]:
    """Estimate every step that is not done; `elapsed` has passed of the one that runs."""
    open_steps = [step for step in steps if step.status != StepRun.Status.DONE]
    if not open_steps or not run.is_active:
        return {}
    known = past(
        [step.name for step in open_steps],
        scenario=run.scenario,
        dataset_id=run.dataset_id,
        apart_from=run.pk,
    )
    return {
        step.name: estimates.of_step(
            known.get(step.name, []), elapsed=elapsed if step.started_at else 0.0
        )
        for step in open_steps
    }


def whole(names: Sequence[str], *, scenario: str, dataset_id: int | None) -> Estimate | None:
    """Estimate a run that has not been asked for yet."""
    known = past(names, scenario=scenario, dataset_id=dataset_id)
    return estimates.of_steps(estimates.of_step(known.get(name, [])) for name in names)
