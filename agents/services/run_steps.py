"""The rows of a run that let an agent work over its sales, and wait a while for people.

A row starts one session, and parks until that has ended or lapses: no worker is held. A session
whose approval nobody answered in time, or that people hold back for longer, stays open; a later
answer is told on the run by `run_waits`.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from agents.models import Session
from agents.queries import run_sessions
from agents.services import sessions
from forecastlab.accounts.services.access import may
from forecastlab.lib import dispatch
from forecastlab.lib.contributions import Done, Skipped, StepContext, StepResult, Waiting
from forecastlab.warehouse.services import versions
from showcase.models import Run, Workspace

SKILL, TRIGGER, VERB = "experiment", "run", "agent.start"
PLAN, LOOK = "agent_hitl_flow", "agent"
PLANNED = "scenario_simulate_and_save"
# A moment after the patience is over, so that the clock of the worker agrees.
LATER = 0.2


def look(context: StepContext) -> StepResult:
    """Let an agent say which model serves best; it changes nothing."""
    return _advance(context, _("Run %s: which model serves best?"))


def plan(context: StepContext) -> StepResult:
    """Let an agent ask for a plan, which a person approves on the run's page or does not."""
    if _tells_of_prices(context):
        return _advance(
            context, _("Run %s: save a plan with a 10%% price cut for the weakest series")
        )
    return _advance(context, _("Run %s: which series are forecast worst, and why?"))


def _tells_of_prices(context: StepContext) -> bool:
    """Say whether sales tell what prices do: the row that plans has found out, where there is one.

    Without that there is no plan to ask for.
    """
    planned = context.results.get(PLANNED)
    if planned is not None:
        return "plan" in planned
    return "price" in versions.version_of(context).profile.get("columns", [])


def _advance(context: StepContext, wish: str) -> StepResult:
    run = Run.objects.select_related("requested_by", "version__dataset").get(
        pk=context.params["run"]
    )
    session = run_sessions.of_step(run, context.step)
    if session is None:
        reason = _reason_to_skip(run)
        if reason:
            return Skipped(reason)
        session = _start(context, run, wish)
    return _stands(context, run, session)


def _reason_to_skip(run: Run) -> str:
    if settings.FORECASTLAB_LLM == "none":
        return _("No agent works here: FORECASTLAB_LLM is none.")
    by = run.requested_by
    if by is None or not may(by, VERB):
        return _("Who started the run may not start agents.")
    exact = Workspace.objects.filter(run=run, replay_mode=Workspace.ReplayMode.EXACT)
    if exact.exists():
        return _("A replay shows what was; its agents ask for nothing again.")
    return ""


def _start(context: StepContext, run: Run, wish: str) -> Session:
    version = versions.version_of(context)
    with context.fenced():
        return sessions.start(
            SKILL,
            wish % run.pk,
            by=run.requested_by,  # type: ignore[arg-type]
            dataset=version.ref,
            trigger=TRIGGER,
            at=context.now,
            run=run,
            key=run_sessions.key_of(run, context.step),
        )


def _stands(context: StepContext, run: Run, session: Session) -> StepResult:
    """Return how far the session is, as the row tells it."""
    told = run_sessions.told(session)
    if session.is_ended:
        return _ended(session, told)
    wait = run_sessions.wait(session)
    if wait is None:
        return Waiting(_("%s is at work") % session.ref)
    left = wait.left(context.params, context.now)
    if left <= 0:
        return Skipped(wait.words, {**told, "left_open": [wait.words]})
    dispatch.enqueue("agents.tasks.wake_run", job_id=context.job_id, countdown=left + LATER)
    patience = context.params.get(run_sessions.PATIENCE, 0)
    return Waiting(_patient(wait) % {"ref": session.ref, "words": wait.words, "n": patience})


def _patient(wait: run_sessions.Wait) -> str:
    if wait.is_decision:
        return _(
            "%(ref)s waits for a decision; the run waits %(n)s s for it, a later one counts too"
        )
    return _("%(words)s The run waits %(n)s s for that.")


def _ended(session: Session, told: dict[str, Any]) -> Done | Skipped:
    words = told["answers"]
    said = run_sessions.outcome(session).rstrip(".")
    detail = " ".join([f"{session.ref}: {said}.", *words])
    return Done(detail, told, warn=session.status != Session.Status.SUCCEEDED)
