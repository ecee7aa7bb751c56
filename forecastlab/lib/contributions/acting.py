"""What agents can do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from forecastlab.lib.contributions.work import Json, Report


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What the server knows about a call; none of it comes from the model.

    `requester_id` is the person who started the session: the call may do what he may. `dataset`
    is `NAME@3`, or empty. `operation_id` is the same for every try of one call, so that what it
    does can be made once. `report` renews the lease, as in a step, and raises when
    time is over. `seen` is what the tool's own `seen` said when the gate was asked.
    """

    operation_id: str
    session: str
    skill: str
    actor_id: int
    requester_id: int
    dataset: str
    workspace: str
    environment: str
    now: datetime
    report: Report
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Exposure:
    """How far an effect reaches: `count` of `unit`; `value` is money at stake, in words `what`."""

    count: int = 0
    unit: str = ""
    value: Decimal | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a terminal tool proposes for its session; a service decides whether it applies.

    `status` is `resolved` or `escalated`, or empty for a finding alone.
    """

    status: str
    reason: str
    confidence: float | None = None
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gives back: data for the model and the pages, and one sentence about it."""

    data: Json
    detail: str
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """Something known about a proposed effect that moves its score by `points`."""

    code: str
    label: str
    points: int


@dataclass(frozen=True, slots=True)
class AgentTool:
    """Something an agent may ask for. The model sees `name`, `about` and `arguments`.

    `arguments` is a Pydantic model that forbids what it does not know. `call` does it, as the
    requester, who must hold `verb`. `has_effect` is False where nothing changes, so that a call
    may be made again. `base_score` (0 to 100) and the thresholds go into the gate's score: at
    least `auto_threshold` needs nobody, at least `inline_threshold` anybody who may decide, below
    it a review. `sensitive` names arguments that are never shown. `exposure` says how far it
    would reach, `signals` what else is known, `title` names one call to people, and
    `confirm_phrase` is what somebody must type to approve it. `preview` shows what would change.
    `seen` names the state that people look at when they decide: where it says something else by
    the time the call may run, it is refused. `terminal` marks the tools that end a session.
    `timeout_seconds` is how long a call may take: its statements are cancelled then and `report`
    raises; what else may hang has a timeout of its own.
    """

    name: str
    about: str
    arguments: type[Any]
    call: Callable[[ToolContext, Any], ToolResult]
    verb: str
    risk: str
    has_effect: bool
    base_score: int
    reversible: bool = True
    sensitive: tuple[str, ...] = ()
    auto_threshold: int = 85
    inline_threshold: int = 60
    exposure_limit: int = 100
    exposure: Callable[[ToolContext, Any], Exposure] | None = None
    signals: Callable[[ToolContext, Any], Sequence[Signal]] | None = None
    seen: Callable[[ToolContext, Any], str] | None = None
    title: Callable[[Any], str] | None = None
    preview: Callable[[ToolContext, Any], Sequence[tuple[str, str]]] | None = None
    confirm_phrase: Callable[[ToolContext, Any], str] | None = None
    approvals_needed: int = 1
    requires_reason_on: str = ""
    on_expiry: str = "reject"
    timeout_seconds: int = 120
    terminal: bool = False
