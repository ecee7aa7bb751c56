"""What is executed of a call: exactly what was sealed when it was asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from pydantic import BaseModel

from agents.domain import digests
from agents.gateways import sealing
from agents.models import Invocation, Session
from agents.queries import tools
from agents.services.working import Work
from forecastlab.lib.contributions import AgentTool, Report, ToolContext


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call in the clear: for the gate and the tool, never for a row."""

    tool: AgentTool
    bound: BaseModel
    context: ToolContext


def opened(one: Invocation, *, session: Session, work: Work) -> OpenCall:
    """Unseal a call and bind it again, in the hands of a worker."""
    return unsealed(one, session=session, now=work.clock(), report=work.context.report)


def unsealed(one: Invocation, *, session: Session, now: datetime, report: Report) -> OpenCall:
    """Unseal a call and bind it again.

    Raises SealBroken where the row was changed, BadInput where the tool takes it no more.
    """
    tool = tools.find(one.tool)
    plain = sealing.unseal(bytes(one.sealed), bound_to=str(one.operation_id))
    if tool is None or digests.digest(plain) != one.digest:
        raise sealing.SealBroken
    kept = json.loads(plain)
    bound = tools.bind(tool, kept["arguments"])
    given = kept["injected"]
    context = ToolContext(
        operation_id=str(one.operation_id),
        session=given["session"],
        skill=given["skill"],
        actor_id=session.actor_id,
        requester_id=given["requester"],
        dataset=given["dataset"],
        workspace=given["workspace"],
        environment=settings.FORECASTLAB_ENVIRONMENT,
        now=now,
        report=report,
    )
    return OpenCall(tool, bound, context)
