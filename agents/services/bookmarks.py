"""Keeping LangGraph's bookmarks in order; no session depends on them."""

from __future__ import annotations

from agents.gateways import checkpoints
from agents.models import Attempt

AT_ONCE = 200


def forget_ended() -> int:
    """Delete those of attempts that have ended, or whose rows are gone; return of how many."""
    known = checkpoints.threads(AT_ONCE)
    alive = Attempt.objects.filter(thread_id__in=known).exclude(status="ended")
    over = set(known) - set(alive.values_list("thread_id", flat=True))
    checkpoints.forget(sorted(over))
    return len(over)
