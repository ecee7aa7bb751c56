"""Percentages: current values of rows, never events, never going back."""

from __future__ import annotations

from django.db.models import Avg, F, FloatField, Sum, Value
from django.db.models.expressions import Combinable, OuterRef, Subquery
from django.db.models.functions import Cast, Coalesce, Floor, Greatest, NullIf

from forecastlab.jobs.models import Job, JobStep

# What is left of a step that fans out when its last shard is done: the gathering.
SHARDS_SHARE = 95


def of_parent(step_id: int) -> None:
    """Derive a fanned-out step's progress from its shards."""
    shards = JobStep.objects.filter(parent=step_id).order_by().values("parent")
    mean = Subquery(shards.annotate(mean=Avg("progress") * SHARDS_SHARE / 100).values("mean"))
    known = Coalesce(mean, Value(0.0), output_field=FloatField())
    JobStep.objects.filter(pk=step_id).update(progress=Greatest(F("progress"), Floor(known)))


def of_job(job_id: int, *, note: str | None = None) -> None:
    """Derive a job's progress from its steps, weighted; a note is the sentence shown beside it."""
    steps = JobStep.objects.main().filter(job=OuterRef("pk")).order_by().values("job")
    done = Sum(F("weight") * F("progress")) / NullIf(Sum("weight"), Value(0.0))
    share = Subquery(steps.annotate(share=done).values("share"))
    known = Coalesce(share, Value(0.0), output_field=FloatField())
    # An average of floats may lie a hair under the whole number that it is.
    percent = Floor(Cast(known, FloatField()) + 1e-9)
    values: dict[str, Combinable] = {"progress": Greatest(F("progress"), percent)}
    if note is not None:
        values["note"] = Value(note[:500])
    Job.objects.filter(pk=job_id).update(**values)
