"""What one step of a run said while it worked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from forecastlab.jobs.queries import step_logs
from forecastlab.jobs.queries.step_logs import Line
from forecastlab.lib.errors import NotFound
from showcase.models import Run, StepRun


@dataclass(frozen=True, slots=True)
class StepSaid:
    run: Run
    step: StepRun
    lines: Sequence[Line]

    @property
    def of(self) -> str:
        """Which try of the step it is about: another one is read anew."""
        return self.step.started_at.isoformat() if self.step.started_at else ""

    @property
    def is_growing(self) -> bool:
        return self.run.is_active and self.step.status == StepRun.Status.RUNNING


def of(run: Run, name: str) -> StepSaid:
    """Read the lines of the step `name`; raises NotFound for a step that the run has not."""
    step = run.steps.filter(name=name).first()
    if step is None:
        said = {"run": run.pk, "step": name}
        raise NotFound(_("Run %(run)s has no step '%(step)s'.") % said)
    lines = step_logs.of_step(run.job_id, name) if run.job_id else ()
    return StepSaid(run, step, lines)
