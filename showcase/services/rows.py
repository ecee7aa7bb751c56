"""What the pipeline's first and last row do."""

from __future__ import annotations

from forecastlab.lib.contributions import Done, Skipped, StepContext, StepFailed
from showcase.services import installation


def precheck(context: StepContext) -> Done:
    """Ask every service that the run leans on; raises StepFailed for one it cannot do without."""
    found = installation.findings(at=context.now)
    problems = [one for one in found if one.problem]
    blocking = [one.problem for one in problems if one.blocks]
    if blocking:
        raise StepFailed(" ".join(blocking), hint="Start the run again when this is repaired.")
    figures = ", ".join(f"{one.name.lower()} {one.figure}" for one in found)
    told = " ".join([f"{figures[:1].upper()}{figures[1:]}.", *[one.problem for one in problems]])
    data = {"checks": [{"name": one.name, "figure": one.figure} for one in found]}
    return Done(told, data=data, warn=bool(problems))


def cleanup(context: StepContext) -> Done | Skipped:
    """Take away what the run needed only while it worked. Safe to repeat."""
    return Skipped("Nothing was left to clear up.")
