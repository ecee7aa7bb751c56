"""What agents have used, and how much is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q

from agents.domain import budgets, prices
from agents.domain.budgets import Left
from agents.models import CostEntry, Invocation, Session, Turn
from agents.queries import spending
from agents.services.uncertainty import uncertain
from forecastlab.events.services import log
from forecastlab.lib import logs
from forecastlab.lib.contributions import NewEvent

logger = logs.logger(__name__)


@dataclass(frozen=True, slots=True)
class Used:
    """What one reply of a model, or one call of a tool, used."""

    tokens_in: int = 0
    tokens_out: int = 0
    calls: int = 0
    seconds: float = 0.0
    provider: str = "planner"
    model: str = ""


def left(skill: str, at: datetime) -> Left:
    """Return what the agents of a skill may still use at a moment.

    Where that cannot be read, or money counts and something has no price, it is not known.
    """
    try:
        with uncertain():
            held = spending.periods(at).filter(Q(scope="lab") | Q(scope="skill", key=skill))
            return budgets.least([spending.left(one) for one in held])
    except DatabaseError as error:
        logger.warning("budgets cannot be read, so nothing may be used: %s", error)
        return budgets.UNKNOWN


def charge(
    session: Session,
    used: Used,
    *,
    at: datetime,
    turn: Turn | None = None,
    invocation: Invocation | None = None,
) -> CostEntry:
    """Book what a reply or a call used, once; tell where 75, 90 or 100 % of a budget is passed.

    In the caller's transaction, as its last thing but for other events of the session.
    """
    counts = spending.periods(at).exists()
    before = left(session.skill, at).level if counts else ""
    entry = CostEntry(
        session=session,
        turn=turn,
        invocation=invocation,
        skill=session.skill,
        tokens=used.tokens_in + used.tokens_out,
        calls=used.calls,
        seconds=used.seconds,
        money=_price(used),
        at=at,
    )
    # One entry for a turn or a call, by their unique keys.
    CostEntry.objects.bulk_create([entry], ignore_conflicts=True)
    after = left(session.skill, at).level if counts else ""
    if after and after != before:
        told = NewEvent(session.stream, "budget.passed", {"level": after})
        log.append([told], actor_id=None, at=at)
    return entry


def _price(used: Used) -> Decimal | None:
    return prices.cost(
        prices.read(settings.AGENT_PRICES),
        provider=used.provider,
        model=used.model,
        tokens_in=used.tokens_in,
        tokens_out=used.tokens_out,
    )
