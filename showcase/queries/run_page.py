"""Everything that the page of one run shows, the same for every viewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import takewhile
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.events import queries as events
from forecastlab.forecasting.domain.config import title_of
from forecastlab.jobs.models import JobStep
from forecastlab.jobs.queries import jobs
from forecastlab.lib import figures
from showcase.domain import estimates
from showcase.domain.estimates import Estimate, Past
from showcase.models import Run, StepRun
from showcase.queries import (
    durations,
    facts,
    kpis,
    labels,
    links,
    made,
    narrative,
    pipeline,
    stories,
)
from showcase.queries.kpis import Kpi
from showcase.queries.made import Made


@dataclass(frozen=True, slots=True)
class Card:
    """One step as `components/step.html` draws it."""

    id: str
    number: int
    title: str
    status: str
    detail: str
    took: str
    since: datetime | None = None
    drawing: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    percent: int | None = None
    left: str = ""
    right: str = ""
    url: str = ""
    link: str = ""
    usual: str = ""
    log: str = ""
    log_of: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One phase as the accordion shows it."""

    id: str
    name: str
    title: str
    status: str
    result: str
    count: str
    took: str
    since: datetime | None
    is_open: bool
    cards: Sequence[Card]

    @property
    def steps(self) -> Sequence[Card]:
        """What `components/step_bar.html` asks a phase for."""
        return self.cards


@dataclass(frozen=True, slots=True)
class Progress:
    """The line above the step bar."""

    position: str
    short: str
    percent: int
    elapsed_since: datetime | None
    took: str
    left: str
    say: str
    usual: str


class RunPage:
    """One run and its steps; each part of the page reads what it needs when it is asked for."""

    def __init__(self, run: Run, *, now: datetime) -> None:
        self.run, self.now = run, now
        self.key = str(run.pk)
        self.status, self.word = labels.run_status(run), labels.run_word(run)

    # -- what is read once --------------------------------------------------------------------

    @cached_property
    def steps(self) -> Sequence[StepRun]:
        return list(self.run.steps.in_order())

    @cached_property
    def under_way(self) -> Mapping[str, JobStep]:
        """What is under way, by name: percentages and sentences are the job's."""
        if self.run.job_id is None or not self.run.is_active:
            return {}
        return {step.name: step for step in JobStep.objects.main().filter(job_id=self.run.job_id)}

    @cached_property
    def current(self) -> StepRun | None:
        return next((one for one in self.steps if one.status in ("running", "waiting")), None)

    @cached_property
    def past(self) -> Mapping[str, Past]:
        """What the same steps took in runs of the same size, by name."""
        return durations.past(
            [step.name for step in self.steps],
            scenario=self.run.scenario,
            dataset_id=self.run.dataset_id,
            apart_from=self.run.pk,
            config=self.run.config,
        )

    @cached_property
    def estimates(self) -> Mapping[str, Estimate | None]:
        elapsed = self._seconds_since(self.current.started_at) if self.current else 0.0
        return durations.per_step(self.run, self.steps, self.past, elapsed=elapsed)

    @property
    def requested_by(self) -> str:
        by = self.run.requested_by
        return (by.get_full_name() or by.get_username()) if by else ""

    @property
    def queue_position(self) -> int:
        return jobs.position(self.run.job) if self.run.job else 0

    @property
    def kpis(self) -> Sequence[Kpi]:
        return kpis.of(self.run, self.steps)

    @property
    def facts(self) -> Sequence[Mapping[str, Any]]:
        return facts.of(self.run)

    @property
    def made(self) -> Sequence[Made]:
        return made.of(self.run, self.steps)

    @property
    def story(self) -> Sequence[str]:
        return narrative.of(self.run, self.steps)

    @property
    def timeline(self) -> Sequence[stories.Entry]:
        return stories.newest(self.run.stream)

    @property
    def event_count(self) -> int:
        return events.head(self.run.stream)

    # -- the line above the bar ---------------------------------------------------------------

    @cached_property
    def progress(self) -> Progress:
        percent = self.run.job.progress if self.run.job else 0
        return Progress(
            position=self._position(),
            short=self._short(),
            percent=100 if self.run.status == Run.Status.SUCCEEDED else percent,
            elapsed_since=self.run.started_at if self.run.is_active else None,
            took=self._run_took(),
            left=self._left(),
            say=self._say(),
            usual=self._run_usual(),
        )

    def _run_took(self) -> str:
        if self.run.seconds is not None:
            return figures.duration(self.run.seconds)
        began = self.run.started_at
        return figures.clock(self._seconds_since(began)) if began else ""

    def _run_usual(self) -> str:
        """How a run that computed everything and went well compares with its like."""
        took_over = any(step.same_as_id is not None for step in self.steps)
        if self.run.status != Run.Status.SUCCEEDED or took_over:
            return ""
        past = durations.of_run(self.run)
        return labels.usual_of(estimates.times_usual(self.run.seconds, past), past)

    def _position(self) -> str:
        # Cleaning up is done after a stop as well, and tells nothing of how far the run came.
        done = list(takewhile(lambda step: step.status == StepRun.Status.DONE, self.steps))
        failed = next((step for step in done if step.outcome == StepRun.Outcome.FAIL), None)
        reached = self.current or failed or (done[-1] if done else None)
        if reached is None:
            return labels.steps_count(len(self.steps))
        return _("Step %(n)s of %(total)s") % {"n": reached.index, "total": len(self.steps)}

    def _short(self) -> str:
        done = sum(step.status == StepRun.Status.DONE for step in self.steps)
        at = self.current.index if self.current else done
        return _("%(n)s of %(total)s") % {"n": at, "total": len(self.steps)}

    def _left(self) -> str:
        """What is left; once it is over, what came out of it."""
        if not self.run.is_active:
            return self._result()
        return labels.left(estimates.of_steps(self.estimates.values()))

    def _result(self) -> str:
        if not self.run.winner or self.run.winner_wape is None:
            return ""
        said = {"model": title_of(self.run.winner)}
        said["wape"] = figures.percent(self.run.winner_wape / 100)
        return _("%(model)s leads: WAPE %(wape)s") % said

    def _say(self) -> str:
        """What a reader of the screen hears when it changes."""
        if self.current is None:
            return labels.run_word(self.run)
        return f"{self._position()}: {self.current.title}"

    # -- the accordion ------------------------------------------------------------------------

    @cached_property
    def panels(self) -> Sequence[Panel]:
        names = list(dict.fromkeys(step.phase for step in self.steps))
        return [self._panel(name, [s for s in self.steps if s.phase == name]) for name in names]

    def _panel(self, name: str, steps: Sequence[StepRun]) -> Panel:
        status = self._phase_status(steps)
        return Panel(
            id=f"run-{self.run.pk}-phase-{name}",
            name=name,
            title=labels.phase(name),
            status=status,
            result=self._phase_result(steps),
            count=labels.steps_count(len(steps)),
            took=self._phase_took(steps),
            since=self._phase_since(steps),
            is_open=status in ("running", "waiting", "fail"),
            cards=[self._card(step) for step in steps],
        )

    def _phase_status(self, steps: Sequence[StepRun]) -> str:
        """The status of a phase is that of its step that says most."""
        found = {labels.step_status(one, run_is_active=self.run.is_active) for one in steps}
        for telling in ("waiting", "running", "fail", "cancelled"):
            if telling in found:
                return telling
        if found & {"pending", "unreached"}:
            begun = self.run.is_active and bool(found - {"pending"})
            return "running" if begun else min(found & {"pending", "unreached"})
        return next(one for one in ("warn", "pass", "skip") if one in found)

    def _phase_result(self, steps: Sequence[StepRun]) -> str:
        """One line: what came out, where the phase stands, or what it will do."""
        if self.current in steps and self.current is not None:
            return _("Step %(n)s") % {"n": self.current.index}
        told = [step for step in steps if step.detail and step.outcome in ("fail", "warn", "pass")]
        if told:
            telling = (one for one in told if one.outcome == "fail" or one.data.get("winner"))
            return next(telling, told[-1]).detail
        if all(step.outcome == StepRun.Outcome.SKIP for step in steps):
            return steps[-1].detail
        return labels.what_will_happen([step.title for step in steps])

    def _phase_took(self, steps: Sequence[StepRun]) -> str:
        if since := self._phase_since(steps):
            return figures.duration(self._seconds_since(since))
        known = [step.seconds for step in steps if step.seconds is not None]
        if known:
            return figures.duration(sum(known))
        if not self.run.is_active:
            return ""
        return labels.about(estimates.of_steps(self.estimates.get(step.name) for step in steps))

    def _phase_since(self, steps: Sequence[StepRun]) -> datetime | None:
        """From when the browser counts on, so that the phase took what its steps did."""
        began = self.current.started_at if self.current in steps and self.current else None
        before = sum(one.seconds or 0.0 for one in steps if one != self.current)
        return began - timedelta(seconds=before) if began else None

    def _card(self, step: StepRun) -> Card:
        done = step.status == StepRun.Status.DONE
        job_step = None if done else self.under_way.get(step.name)
        running = job_step is not None and step == self.current
        parked = step.status == StepRun.Status.WAITING
        link = links.of(self.run, step) if done else links.Link()
        return Card(
            id=f"step-{step.name}",
            number=step.index,
            title=step.title,
            status=labels.step_status(step, run_is_active=self.run.is_active),
            detail=self._detail(step, job_step),
            took=self._took(step),
            since=self._since(step),
            drawing=drawing_of(step.name) if (done and step.data) or parked else "",
            data=step.data or {"run": self.run.pk, "step": step.name},
            percent=job_step.progress if running and job_step else None,
            left=f"{job_step.progress}\N{NO-BREAK SPACE}%" if running and job_step else "",
            right=labels.left_from(self.estimates.get(step.name)) if running else "",
            url=link.url,
            link=link.words,
            usual=self._usual(step),
            log=self._log(step),
            log_of=step.started_at.isoformat() if step.started_at else "",
        )

    def _log(self, step: StepRun) -> str:
        """Where the lines of a step are read; nothing before it began, or once its job is gone."""
        if step.started_at is None or self.run.job_id is None:
            return ""
        return reverse("showcase:run-step-log", args=[self.run.pk, step.name])

    def _usual(self, step: StepRun) -> str:
        good = step.outcome in (StepRun.Outcome.PASS, StepRun.Outcome.WARN)
        if not good or step.same_as_id is not None:
            return ""
        return labels.usual(estimates.times_usual(step.seconds, self.past.get(step.name)))

    def _detail(self, step: StepRun, job_step: JobStep | None) -> str:
        if job_step is not None and step == self.current:
            return job_step.detail
        if step.outcome != StepRun.Outcome.FAIL:
            return step.detail
        return f"{step.detail} {self._kept(step)}".strip()

    def _kept(self, failed: StepRun) -> str:
        if failed.index == 1 or failed.index != self.run.failed_step:
            return ""
        if failed.index == 2:
            return _("Step 1 is kept.")
        return _("Steps 1 to %(n)s are kept.") % {"n": failed.index - 1}

    def _took(self, step: StepRun) -> str:
        if step.status == StepRun.Status.DONE:
            return "" if step.seconds is None else figures.duration(step.seconds)
        since = self._since(step)
        return figures.duration(self._seconds_since(since)) if since else ""

    def _since(self, step: StepRun) -> datetime | None:
        """When the step under way began: from there the browser counts on."""
        return step.started_at if step == self.current and self.run.is_active else None

    def _seconds_since(self, moment: datetime | None) -> float:
        return max((self.now - moment).total_seconds(), 0.0) if moment else 0.0


def of(run_id: int, *, now: datetime) -> RunPage:
    """Read a run; raises Run.DoesNotExist."""
    rows = Run.objects.select_related("job", "dataset", "version__dataset", "requested_by")
    return RunPage(rows.get(pk=run_id), now=now)


def titled(run: Run, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the steps of these names with what a reader picks them by."""
    found = run.steps.in_order().filter(name__in=names).values_list("name", "index", "title")
    return [(name, f"{index} · {title}") for name, index, title in found]


def drawing_of(step: str) -> str:
    """Return the template that draws a step's data; none once its app is gone."""
    found = (row.step.drawing for row in pipeline.contributed() if row.step.name == step)
    return next(found, "")
