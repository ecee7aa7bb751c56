"""What is to be done next with a session: what its rows say, unless people ordered otherwise."""

from __future__ import annotations

from django.utils import timezone

from agents.queries import undone
from agents.queries.histories import History
from agents.queries.undone import Next
from agents.services import budgets, controls

# What an order or the budget keeps from beginning.
BEGINNING = frozenset({Next.THINK, Next.ACT})


def next_thing(history: History) -> Next:
    """Return what to do next: PARK while people or the budget hold it back, STOP where aborted.

    What is queued is in nobody's hands: whoever takes it up asks again.
    """
    session = history.session
    if session.status == session.Status.QUEUED:
        return Next.END
    found = undone.of(history)
    if found not in BEGINNING:
        return found
    order = controls.standing(session)
    if order == "abort":
        return Next.STOP
    return Next.PARK if order or budgets.left(session.skill, timezone.now()).stops else found
