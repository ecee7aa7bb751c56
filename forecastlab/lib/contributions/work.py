"""Work in steps: what a step gets and gives, kinds of jobs, rows of the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from forecastlab.lib.errors import HouseError

Json = Mapping[str, Any]


# -- what a step gets and gives ---------------------------------------------------------------


class Report(Protocol):
    def __call__(self, fraction: float | None = None, text: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class ShardResult:
    """How one shard of a fan-out ended."""

    index: int
    shard: Json
    status: str
    data: Json
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StepContext:
    """All that a step may know. Times are UTC.

    `report` stores progress (0 to 1 of this step) and a sentence, renews the lease, and raises
    `StepCancelled` or `LeaseLost` when work must stop: call it at least every few seconds.
    `fenced` opens the transaction in which a step writes; it raises `LeaseLost` for a zombie, so
    whatever is written outside it is written without protection. `fence` counts the workers that
    have had the step in hand, this one included.
    """

    job_id: int
    step: str
    params: Json
    now: datetime
    actor_id: int | None
    report: Report
    fenced: Callable[[], AbstractContextManager[None]]
    results: Mapping[str, Json] = field(default_factory=dict)
    shard: Json | None = None
    shards: Sequence[ShardResult] = ()
    fence: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """The step is complete; with `warn`, something in it deserves a look."""

    detail: str
    data: Json = field(default_factory=dict)
    warn: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """The step had nothing to do; `detail` says why."""

    detail: str
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FanOut:
    """Run the same step once per shard, then once more with `context.shards` filled."""

    shards: Sequence[Json]
    detail: str = ""
    queue: str = "heavy"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Park the job until somebody requeues it; the step runs again then."""

    detail: str


StepResult = Done | Skipped | FanOut | Waiting


class StepFailed(HouseError):
    """The step could not do its work."""

    code = "step_failed"


class StepCancelled(HouseError):
    """The job was asked to stop."""

    code = "step_cancelled"


class Gone(StepFailed):
    """What the step works on, or the code that does it, is not there any more."""

    code = "gone"


class LeaseLost(HouseError):
    """Another worker has taken this work over; nothing more is written here."""

    code = "lease_lost"


class Transient(HouseError):
    """A failure that may pass: the step is tried again after a pause."""

    code = "transient"


# -- jobs -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append: `stream` is `prefix.key`, such as `run.12`."""

    stream: str
    kind: str
    payload: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobStepPlan:
    """One step of a job kind. `weight` is its share of the job's progress.

    Shards of an `isolated` step fail alone: the others go on, and the step is told of all.
    `observe` hears of the step's own changes, as that of a kind hears of all.
    """

    name: str
    run: Callable[[StepContext], StepResult]
    title: str = ""
    weight: float = 1.0
    lease_seconds: int = 30
    timeout_seconds: int = 900
    queue: str = ""
    always: bool = False  # runs also after a failure (a clean-up)
    isolated: bool = False
    observe: Observer | None = None


@dataclass(frozen=True, slots=True)
class JobChange:
    """What just changed, told inside the transaction that changes it.

    `step` is None when the job itself changed status; statuses are the stored words. `code` is
    that of the error which the job ends with. `is_stop_asked`: somebody has asked the job to stop.
    """

    job_id: int
    kind: str
    params: Json
    status: str
    actor_id: int | None
    at: datetime
    step: str | None = None
    step_status: str = ""
    outcome: str = ""
    detail: str = ""
    data: Json = field(default_factory=dict)
    seconds: float | None = None
    code: str = ""
    is_stop_asked: bool = False


Observer = Callable[[JobChange], Sequence[NewEvent]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that somebody gave one job, in place of what its kind and its steps allow.

    `step` counts from the step's first start, over its shards and its tries; clean-ups keep their
    own. `hint` says what to do when the time is over.
    """

    step: int | None = None
    job: int | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of durable work.

    `steps` plans it from its parameters, `limits` says how long it may take where somebody asked
    for other times than usual. `observe` runs in the transaction of every change and
    returns the events to append beside the job's own. `topic` names a stream whose viewers want
    to hear of progress. `compensate` undoes what a cancelled or failed job left behind. `about`
    says what it works on; `address` is the page that shows more of it than the job's own. `over`
    names the one dataset whose readers may all see the job, as it is called now: where it is left
    out, a job is nothing to tell others of. Jobs that `begin_last` let all others of their queue go
    first, but where they waited for an answer, or lost one worker.
    """

    name: str
    title: str
    steps: Callable[[Json], Sequence[JobStepPlan]]
    queue: str = "heavy"
    cap: int = 0
    timeout: timedelta = timedelta(hours=6)
    limits: Callable[[Json], Limits] | None = None
    observe: Observer | None = None
    topic: Callable[[Json], str] | None = None
    compensate: Callable[[StepContext], None] | None = None
    can_see: Callable[[Any, Json], bool] | None = None
    about: Callable[[Json], str] | None = None
    address: Callable[[int], str] | None = None
    over: Callable[[Json], str] | None = None
    begin_last: bool = False


# -- what the clock starts ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DueTime:
    """A due time of a schedule that has come: `by` is its owner, who holds the kind's verb.

    `key` is the same for every try, so that what is started can be made once.
    """

    schedule_id: int
    key: str
    params: Json
    by: Any
    at: datetime


@dataclass(frozen=True, slots=True)
class Started:
    """What a due time has started: its outside name, its page, and what else is to be said."""

    ref: str
    url: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ScheduleKind:
    """Something that a schedule can start, for people who hold `verb`.

    `check(params, by, at)` raises BadInput, naming the parameter, for what could not be started
    now. `start` starts it, in the transaction that takes the due time; a HouseError says why not.
    """

    name: str
    title: str
    verb: str
    check: Callable[[Json, Any, datetime], None]
    start: Callable[[DueTime], Started]


# -- the pipeline -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PipelineStep:
    """A row of the pipeline, placed by the names of its neighbours.

    `phase` groups rows; `tables` says in which tables it stands; `includes` leaves it out of a
    run whose config does not want it. `drawing` names a template that draws the step's `data`.
    `content_key` names all that the result follows from, as far as the config and the sales tell:
    where an earlier run has the same, and `lasts` finds what its data names, the step takes that
    over; `again` does then what must be done each time.
    `evidence` names the keys of its data that an exact replay must bring again to the last digit,
    but for seconds and numbers of rows. A row of which `repeats` is false may end otherwise then:
    it tells of the installation, or of what people do.
    `isolated` and `observe` are those of `JobStepPlan`.
    """

    name: str
    phase: str
    title: str
    run: Callable[[StepContext], StepResult]
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    tables: tuple[str, ...] = ("short", "long")
    includes: Callable[[Json], bool] | None = None
    drawing: str = ""
    weight: float = 1.0
    lease_seconds: int = 30
    timeout_seconds: int = 900
    always: bool = False
    isolated: bool = False
    observe: Observer | None = None
    content_key: Callable[[StepContext], str] | None = None
    lasts: Callable[[Json], bool] | None = None
    again: Callable[[StepContext, Json], Done] | None = None
    evidence: tuple[str, ...] = ()
    repeats: bool = True

    @property
    def plan(self) -> JobStepPlan:
        """The same step for a job."""
        return JobStepPlan(
            name=self.name,
            run=self.run,
            title=self.title,
            weight=self.weight,
            lease_seconds=self.lease_seconds,
            timeout_seconds=self.timeout_seconds,
            always=self.always,
            isolated=self.isolated,
            observe=self.observe,
        )
