"""What keeps a session from going on though nobody is asked anything."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from agents.models import Session
from agents.services import budgets, controls


def why(session: Session, *, at: datetime) -> str:
    """Say whether an order or a budget holds a session back, and which kind of it."""
    order = controls.standing(session)
    told = [_("an order of people (%s)") % order] if order else []
    words = {
        "spent": _("a budget that is used up"),
        "unknown": _("a budget of which nobody knows what is left"),
    }
    stops = budgets.left(session.skill, at).stops
    told += [words[stops]] if stops else []
    if not told:  # lifted a moment ago: whatever lifted it calls the session
        return _("Held back; it goes on by itself.")
    return _("Held back by %s.") % _(" and by ").join(told)
