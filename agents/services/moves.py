"""The one place where a session changes status.

Locks are taken in the order job, session, attempt, invocation, approval, heads of streams. A
person's transaction never locks the job: it is called after the commit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from agents.domain.statuses import ATTEMPT, SESSION
from agents.models import Attempt, Session
from agents.services import run_waits
from forecastlab.events.services import log
from forecastlab.lib.contributions import Json, NewEvent
from forecastlab.lib.moves import after

ENDED = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Said:
    """What a change of a session tells: why, and by whom."""

    reason: str = ""
    by_id: int | None = None
    payload: Json = field(default_factory=dict)


def lock(session_id: int) -> Session:
    """Lock a session's row for the rest of the transaction."""
    return Session.objects.select_for_update(no_key=True).get(pk=session_id)


def glance(session_id: int) -> Session:
    """Return a session as it stands, without a lock."""
    return Session.objects.get(pk=session_id)


def lock_all(sessions: Collection[int] | QuerySet[Any, Any]) -> None:
    """Lock several sessions that one transaction changes, before any head of a stream.

    Each in a transaction of its own needs no such thing, and nothing is done then.
    """
    if connection.in_atomic_block:
        held = Session.objects.select_for_update(no_key=True).filter(pk__in=sessions)
        list(held.order_by("pk").values_list("pk"))


def read(session_id: int) -> Session:
    """Return a session with what its calls are made of, without a lock."""
    related = Session.objects.select_related("dataset_version__dataset", "workspace")
    return related.get(pk=session_id)


def change(
    session: Session,
    move: str,
    *,
    at: datetime,
    said: Said = Said(),
    also: Sequence[NewEvent] = (),
) -> Session:
    """Move a session along its table: row, version and event in the caller's transaction.

    Changed fields of `session` besides the status are stored with it. It is the last thing that
    the transaction does; `also` are events that go with it. Raises IllegalMove.
    """
    held = lock(session.pk)
    session.status = after(SESSION, held.status, move)
    session.version = held.version + 1
    session.status_reason = said.reason[:2000]
    if session.status == Session.Status.RUNNING:
        session.started_at = held.started_at or at
    session.finished_at = at if session.status in ENDED else None
    session.save()
    payload = {"ref": session.ref, "outcome": session.outcome, **said.payload}
    if said.reason:
        payload["detail"] = said.reason
    event = NewEvent(session.stream, f"session.{session.status}", payload)
    log.append([*also, event], actor_id=said.by_id, at=at)
    if session.run_id:
        transaction.on_commit(partial(run_waits.follow, session.pk, at=at), robust=True)
    return session


def attempt(one: Attempt, move: str, *, at: datetime, reason: str = "") -> Attempt:
    """Move an attempt; its session is locked by the caller."""
    one.status = after(ATTEMPT, one.status, move)
    if reason:
        one.reason = reason[:2000]
    if one.status == "ended":
        one.ended_at = at
    one.save()
    return one
