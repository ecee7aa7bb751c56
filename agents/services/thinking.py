"""Asking the model for the next turn, once: the rows that hold it are never asked for again."""

from __future__ import annotations

import time
from collections.abc import Sequence

from agents.domain.conversation import Call, Reply
from agents.domain.skills import SKILLS
from agents.models import Invocation, Turn
from agents.queries import conversations, tools
from agents.queries.histories import History
from agents.queries.undone import Next
from agents.services import budgets, ending, invocations, moves
from agents.services.budgets import Used
from agents.services.working import Work
from forecastlab.events.services import log
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import NewEvent, Transient
from forecastlab.lib.providers.errors import ProviderError, QuotaExhausted, Unreachable
from forecastlab.lib.redaction import redact

MOST_CALLS = 8
PASSING = (Unreachable, QuotaExhausted)


def think(work: Work) -> None:
    """Ask the model outside any transaction; store its reply and all of its calls in one.

    A provider that may answer later raises Transient, so that the job tries again; one that will
    not fails the session.
    """
    history = work.ahead.take_history() or History(moves.read(work.session_id))
    conversation, known = conversations.of(history), tools.catalogue()
    offered = [known[name] for name in SKILLS[history.session.skill].tools]
    barrier("agent-before-model")
    began = time.monotonic()
    try:
        reply = work.model.reply(conversation, tools.described(offered))
    except PASSING as error:
        raise Transient(error.message) from error
    except ProviderError as error:
        _give_up(work, error)
        return
    seconds = time.monotonic() - began
    barrier("agent-after-reply")
    _store(work, reply, history, seconds=seconds)
    barrier("agent-after-rows")


def _store(work: Work, reply: Reply, told: History, *, seconds: float) -> None:
    at = work.clock()
    with work.context.fenced():
        session = moves.lock(work.session_id)
        if session.is_ended:
            return
        turn = Turn.objects.create(
            attempt_id=work.attempt_id,
            number=sum(one.attempt_id == work.attempt_id for one in told.turns) + 1,
            after_message=told.last_message,
            text=str(redact(reply.text)),
            confidence=_unit(reply.confidence),
            provider=work.model.provider,
            model=work.model.model,
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            seconds=seconds,
            at=at,
        )
        made = [
            invocations.request(turn, number, call, session=session, at=at)
            for number, call in enumerate(_numbered(reply.calls[:MOST_CALLS]), start=1)
        ]
        if beyond := reply.calls[MOST_CALLS:]:
            made.append(invocations.turn_away(turn, MOST_CALLS, beyond, session=session, at=at))
        payload = {"turn": turn.pk, "calls": [one.tool for one in made]}
        events = [NewEvent(session.stream, "turn.stored", payload)]
        events += [invocations.event(one, one.status) for one in made]
        log.append(events, actor_id=session.actor_id, at=at)
        budgets.charge(session, _used(turn), turn=turn, at=at)
    if any(one.status == Invocation.Status.REQUESTED for one in made):
        work.ahead.know(Next.GATE)


def _numbered(calls: Sequence[Call]) -> list[Call]:
    """Give every call an id of its own within the turn: models repeat theirs, or send none."""
    seen: set[str] = set()
    kept = []
    for number, call in enumerate(calls, start=1):
        name = call.id[:80] or f"call-{number}"
        while name in seen:
            name = f"{name}-{number}"
        seen.add(name)
        kept.append(Call(name, call.tool, call.arguments))
    return kept


def _unit(confidence: float | None) -> float | None:
    return confidence if confidence is not None and 0 <= confidence <= 1 else None


def _give_up(work: Work, error: ProviderError) -> None:
    with work.context.fenced():
        session = moves.lock(work.session_id)
        if not session.is_ended:
            known = (type(error).__name__, error.code, False)
            ending.fail(session, str(redact(error.message)), error=known, at=work.clock())


def _used(turn: Turn) -> Used:
    return Used(
        tokens_in=turn.tokens_in,
        tokens_out=turn.tokens_out,
        seconds=turn.seconds,
        provider=turn.provider,
        model=turn.model,
    )
