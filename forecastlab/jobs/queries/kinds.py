"""The kinds of jobs that apps contribute in their `job_kinds.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.core.checks import CheckMessage, Error

from forecastlab.lib import registry
from forecastlab.lib.contributions import Gone, JobKind, JobStepPlan, Json, Limits
from forecastlab.lib.errors import BadInput

_temporary: dict[str, JobKind] = {}


class UnknownKind(BadInput):
    """There is no such kind of job."""

    code = "unknown_job_kind"


@cache
def contributed() -> Mapping[str, JobKind]:
    """Return every contributed kind by its name. Raises RegistryError for a second owner."""
    found: dict[str, JobKind] = {}
    for label, kind in registry.contributed("job_kinds", JobKind):
        if kind.name in found:
            raise registry.RegistryError(
                f"'{label}' contributes the job kind '{kind.name}', which has an owner"
            )
        found[kind.name] = kind
    return found


def get(name: str) -> JobKind | None:
    return _temporary.get(name) or contributed().get(name)


def find(name: str) -> JobKind:
    kind = get(name)
    if kind is None:
        known = ", ".join(sorted({*contributed(), *_temporary})) or "none"
        raise UnknownKind(f"There is no job kind '{name}'.", hint=f"Known kinds: {known}.")
    return kind


def plan_of(kind_name: str, params: Json, step: str) -> JobStepPlan:
    """Return the plan of a stored step. Raises Gone when the code no longer knows it."""
    plan = planned(kind_name, params, step)
    if plan is not None:
        return plan
    raise Gone(
        f"This installation does not know the step '{step}' of '{kind_name}'.",
        hint="It was removed or renamed since the job was created; start a new one.",
    )


def planned(kind_name: str, params: Json, step: str) -> JobStepPlan | None:
    """Return the plan of a stored step; None where its kind did not plan it, or does not now."""
    kind = get(kind_name)
    plans: Sequence[JobStepPlan] = kind.steps(params) if kind else ()
    return next((plan for plan in plans if plan.name == step), None)


def is_isolated(kind_name: str, params: Json, step: str) -> bool:
    """Say whether shards of this step fail alone."""
    plan = planned(kind_name, params, step)
    return plan is not None and plan.isolated


def limits_of(kind: JobKind, params: Json) -> Limits:
    """Return how long a job with these parameters may take, where that was asked for."""
    return kind.limits(params) if kind.limits else Limits()


def check(**_kwargs: Any) -> list[CheckMessage]:
    """Let the start fail when two apps claim one kind."""
    try:
        contributed()
    except registry.RegistryError as error:
        return [Error(str(error), id="jobs.E001")]
    return []


@contextmanager
def registered(*kinds: JobKind) -> Iterator[None]:
    """Add kinds for the length of a test."""
    added = {kind.name: kind for kind in kinds}
    _temporary.update(added)
    try:
        yield
    finally:
        for name in added:
            _temporary.pop(name, None)
