"""The words that a reader sees for phases, spans of time and steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from forecastlab.lib import figures
from forecastlab.lib.statuses import look_of
from showcase.domain import estimates
from showcase.domain.estimates import Estimate, Past
from showcase.models import Run, StepRun

PHASES: Mapping[str, str | Promise] = {
    "data": gettext_lazy("Data"),
    "modeling": gettext_lazy("Modelling"),
    "decision": gettext_lazy("Decision"),
    "portfolio": gettext_lazy("Portfolio"),
    "planning": gettext_lazy("Planning"),
    "knowledge": gettext_lazy("Knowledge"),
    "verify": gettext_lazy("Verify"),
    "agents": gettext_lazy("Agents"),
    "ops": gettext_lazy("Ops"),
    "cleanup": gettext_lazy("Clean-up"),
}

# Between these many times the median a duration is as usual.
NEAR = (0.8, 1.25)


def phase(name: str) -> str:
    return str(PHASES.get(name, name.replace("_", " ").capitalize()))


def run_status(run: Run) -> str:
    """The word by which icon and colour of a run are found: warnings are part of it."""
    is_warned = run.status == Run.Status.SUCCEEDED and run.warnings
    return "warned" if is_warned else run.status


def run_word(run: Run) -> str:
    """What a reader sees beside the icon."""
    if run.status == Run.Status.SUCCEEDED and run.warnings:
        words = ngettext("Done, with 1 warning", "Done, with %(n)s warnings", run.warnings)
        return words % {"n": run.warnings}
    if run.status == Run.Status.FAILED and run.failed_step:
        return _("Failed at step %(n)s") % {"n": run.failed_step}
    return str(look_of(run.status).word)


def statuses() -> list[tuple[str, str]]:
    """Every status that a run can have, and its word."""
    return [(one, str(look_of(one).word)) for one in Run.Status.values]


def step_status(step: StepRun, *, run_is_active: bool) -> str:
    if step.status == StepRun.Status.DONE:
        return step.outcome or "cancelled"
    if run_is_active:
        return step.status
    return "cancelled" if step.started_at else "unreached"


def steps_count(count: int) -> str:
    return ngettext("%(n)s step", "%(n)s steps", count) % {"n": count}


def what_will_happen(titles: Sequence[str]) -> str:
    """Probe, index, retrieve."""
    first, *rest = titles
    return ", ".join([first, *(title[:1].lower() + title[1:] for title in rest)])


def left(estimate: Estimate | None) -> str:
    """15-20 s left."""
    if estimate is None:
        return _("no estimate yet")
    return _("%(range)s left") % {"range": span(estimate)}


def left_from(estimate: Estimate | None) -> str:
    """12-15 s left, from 24 past runs."""
    if estimate is None:
        return _("no estimate yet")
    return _("%(left)s, from %(n)s past runs") % {"left": left(estimate), "n": estimate.samples}


def about(estimate: Estimate | None) -> str:
    """How long something that has not begun will take: "about 5 s", "under 1 s", or nothing."""
    if estimate is None:
        return ""
    if estimate.high < 1:
        return _("under 1 s")
    return _("about %(span)s") % {"span": figures.duration(float(round(estimate.high)))}


def usual(times: float | None) -> str:
    """1.4 × the usual; nothing where it took about as long as always, or nobody can say."""
    if times is None or NEAR[0] < times < NEAR[1]:
        return ""
    return _("%(n)s × the usual") % {"n": figures.number(times, 1)}


def usual_of(times: float | None, past: Past | None) -> str:
    """1.4 × the usual 42.1 s of 12 past runs."""
    if times is None or past is None:
        return ""
    said = {"n": figures.number(times, 1), "runs": past.samples}
    said["median"] = figures.duration(past.median)
    return _("%(n)s × the usual %(median)s of %(runs)s past runs") % said


def span(estimate: Estimate) -> str:
    low, high, unit = estimates.bounds(estimate)
    return f"{high} {unit}" if low >= high else f"{low}–{high} {unit}"
