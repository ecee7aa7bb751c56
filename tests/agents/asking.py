"""Sessions with one call that was put before the gate, without a model and without a worker."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from agents.domain import digests
from agents.gateways import sealing
from agents.models import Approval, Attempt, Invocation, Session, Turn
from agents.services import actors, gating
from forecastlab.accounts.models import User
from forecastlab.lib.contributions import AgentTool, ToolContext, ToolResult
from forecastlab.lib.redaction import redact
from forecastlab.lib.tools import Arguments, agent_tool
from forecastlab.warehouse.models import Dataset
from tests.agents.factories import make_context
from tests.factories import make_group, make_user


class Bread(Arguments):
    """What the tools of these tests take."""

    loaves: int = 12
    name: str = "rye"
    api_key: str = ""
    note: str = ""


def bake(context: ToolContext, bound: Bread) -> ToolResult:
    """Bake so many loaves."""
    return ToolResult({"loaves": bound.loaves}, f"{bound.loaves} loaves")


def make_tool(name: str = "bake", *, risk: str = "medium", **options: Any) -> AgentTool:
    """Declare a tool that an approver may be asked about."""
    given = {"title": lambda bound: f"Bake {bound.loaves} loaves of {bound.name}", **options}
    return agent_tool(name, arguments=Bread, verb="plan.make", risk=risk, **given)(bake)


def make_session(by: User, dataset: str = "shop", **fields: Any) -> Session:
    """Store a session that runs over a dataset which the group `readers` may see."""
    now = timezone.now()
    found, made = Dataset.objects.get_or_create(
        name=dataset, defaults={"created_by": by, "created_at": now}
    )
    if made:
        found.readers.add(make_group("readers"))
    given = {"skill": "experiment", "subject": "Bread", "trigger": "page", "status": "running"}
    return Session.objects.create(
        ref=f"S-20260101-{Session.objects.count() + 1:04d}",
        dataset=found,
        requested_by=by,
        actor=actors.agent_user("experiment"),
        created_at=now,
        started_at=now,
        **{**given, **fields},
    )


def make_call(session: Session, tool: AgentTool, **given: Any) -> Invocation:
    """Store a call as a model proposed it: redacted, sealed, with its digest."""
    confidence = given.pop("confidence", None)
    attempt, _made = Attempt.objects.get_or_create(
        session=session,
        number=1,
        defaults={"thread_id": str(uuid.uuid4()), "started_at": session.created_at},
    )
    turn = Turn.objects.create(
        attempt=attempt,
        number=attempt.turns.count() + 1,
        after_message=1,
        confidence=confidence,
        provider="planner",
        at=session.created_at,
    )
    plain = tool.arguments(**given).model_dump(mode="json")
    canonical, operation = digests.canonical(plain, {}), uuid.uuid4()
    return Invocation.objects.create(
        session=session,
        turn=turn,
        number=1,
        model_call_id="call-1",
        tool=tool.name,
        arguments=redact(plain, tool.sensitive),
        sealed=sealing.seal(canonical, bound_to=str(operation)),
        digest=digests.digest(canonical),
        risk=tool.risk,
        operation_id=operation,
        requested_at=session.created_at,
    )


def ask(session: Session, tool: AgentTool, *, environment: str = "demo", **given: Any) -> Approval:
    """Let a session ask for one call."""
    call = make_call(session, tool, **given)
    given.pop("confidence", None)
    context = make_context(session.requested_by, environment=environment)
    with transaction.atomic():
        return gating.ask(call, tool, tool.arguments(**given), context, at=timezone.now())


def make_approval(by: User | None = None, **given: Any) -> Approval:
    """Let a session of alice ask for one call; the options of the tool stand under `tool`."""
    options = given.pop("tool", {})
    owner = by or User.objects.filter(username="alice").first() or make_user()
    return ask(make_session(owner), make_tool(**options), **given)


def make_approver(name: str = "dora", role: str = "approver") -> User:
    """Make somebody who reviews, and may see the dataset."""
    person = make_user(name, role=role)
    person.groups.add(make_group("readers"))
    return person
