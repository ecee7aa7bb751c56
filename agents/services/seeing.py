"""What people look at when they decide about a call, and whether it is still so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from agents.models import Approval
from agents.services.deadlines import Deadline
from agents.services.sealed_calls import OpenCall
from forecastlab.lib.contributions import AgentTool, ToolContext
from forecastlab.lib.errors import Conflict, HouseError

LONGEST = 200
# Seconds for what a tool looks up while its session is locked.
LONGEST_LOOK = 25


class ChangedSince(Conflict):
    """What this call is about has changed since it was put before people; nothing was done."""

    code = "changed_since"


@contextmanager
def bounded(tool: AgentTool) -> Iterator[None]:
    """Hold what a tool looks up to its time; raises ToolTimeout, and what it did is taken back."""
    if not any((tool.exposure, tool.signals, tool.preview, tool.confirm_phrase, tool.seen)):
        yield
        return
    with Deadline(LONGEST_LOOK).bounded(), transaction.atomic():
        yield


def of(tool: AgentTool, context: ToolContext, bound: Any) -> str:
    """Return what the tool names the state by; empty where it names none or cannot find it out."""
    if tool.seen is None:
        return ""
    try:
        return tool.seen(context, bound)[:LONGEST]
    except HouseError:
        return ""


def unchanged(call: OpenCall, approval: Approval) -> OpenCall:
    """Return the call with what was seen when it was asked for; raises ChangedSince.

    Between here and the effect the tool itself may compare once more, under its own locks.
    """
    seen = str(approval.exposure.get("seen", ""))
    if seen != of(call.tool, call.context, call.bound):
        raise ChangedSince(hint=_("Look at it as it is now, and ask again."))
    return replace(call, context=replace(call.context, seen=seen))
