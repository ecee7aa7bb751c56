"""How long the same steps took before: on the same sales, with the same models and folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Aggregate, Count, FloatField

from showcase.domain import estimates
from showcase.domain.estimates import Estimate, Past
from showcase.models import Run, RunQuerySet, StepRun

RUNS_LOOKED_AT = 50
WORKED = (StepRun.Outcome.PASS, StepRun.Outcome.WARN, StepRun.Outcome.SKIP)
# What makes a run larger or smaller on the same sales.
SIZE = ("models", "folds", "table")
SIMULATED_SIZE = ("stores", "products", "window_days")


class Quartiles(Aggregate):
    """The 25th, 50th and 75th percentile: the database counts, so that no row is loaded."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = ArrayField(FloatField())


def past(
    names: Sequence[str],
    *,
    scenario: str,
    dataset_id: int | None,
    apart_from: int | None = None,
    config: Mapping[str, Any] | None = None,
) -> Mapping[str, Past]:
    """Return what these steps took in the newest finished runs over the same sales.

    With a config, only runs of its size count.
    """
    runs = _same(scenario, dataset_id, apart_from, config).values("pk")[:RUNS_LOOKED_AT]
    steps = StepRun.objects.filter(
        run__in=runs, name__in=names, seconds__isnull=False, outcome__in=WORKED, same_as=None
    )
    told = steps.order_by().values("name").annotate(n=Count("pk"), taken=Quartiles("seconds"))
    return {one["name"]: Past(one["n"], *one["taken"]) for one in told}


def of_run(run: Run) -> Past | None:
    """Return what whole runs of this size took that went well and computed everything."""
    runs = _same(run.scenario, run.dataset_id, run.pk, run.config)
    return of_whole(runs)


def of_whole(runs: RunQuerySet) -> Past | None:
    """Return what the newest of these runs took that went well and computed everything."""
    eased = StepRun.objects.exclude(same_as=None).values("run")
    whole_ones = _here(runs).filter(status=Run.Status.SUCCEEDED).exclude(pk__in=eased)
    newest = whole_ones.order_by("-pk").values("pk")[:RUNS_LOOKED_AT]
    told = Run.objects.filter(pk__in=newest).aggregate(n=Count("pk"), taken=Quartiles("seconds"))
    return Past(told["n"], *told["taken"]) if told["taken"] else None


def _here(runs: RunQuerySet) -> RunQuerySet:
    """Leave out what was imported: how long it took elsewhere says nothing of here."""
    return runs.filter(workspace__origin__isnull=True)


def _same(
    scenario: str, dataset_id: int | None, apart_from: int | None, config: Mapping[str, Any] | None
) -> RunQuerySet:
    same = _here(Run.objects.finished()).order_by("-pk").exclude(pk=apart_from or 0)
    same = same.filter(scenario=scenario) if scenario else same.filter(dataset=dataset_id)
    if config is None:
        return same
    size = {f"config__{key}": config[key] for key in SIZE}
    drawn = config.get("simulate") or {}
    size |= {f"config__simulate__{key}": drawn[key] for key in SIMULATED_SIZE if key in drawn}
    return same.filter(**size)


def per_step(
    run: Run, steps: Sequence[StepRun], known: Mapping[str, Past], *, elapsed: float
) -> dict[str, Estimate | None]:
    """Estimate every step that is not done; `elapsed` has passed of the one that runs."""
    if not run.is_active:
        return {}
    return {
        step.name: estimates.of_step(
            known.get(step.name), elapsed=elapsed if step.started_at else 0.0
        )
        for step in steps
        if step.status != StepRun.Status.DONE
    }
