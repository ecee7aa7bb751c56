from __future__ import annotations

from agents.models.approvals import Approval, ApprovalQuerySet, Decision, Pause
from agents.models.notices import Notice, NoticeQuerySet
from agents.models.rules import ActionPolicy, BudgetPeriod, Control, CostEntry
from agents.models.sessions import (
    Attempt,
    Invocation,
    Message,
    Session,
    SessionDay,
    SessionQuerySet,
    Turn,
)

__all__ = [
    "ActionPolicy",
    "Approval",
    "ApprovalQuerySet",
    "Attempt",
    "BudgetPeriod",
    "Control",
    "CostEntry",
    "Decision",
    "Invocation",
    "Message",
    "Notice",
    "NoticeQuerySet",
    "Pause",
    "Session",
    "SessionDay",
    "SessionQuerySet",
    "Turn",
]
