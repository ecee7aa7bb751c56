"""The append-only log: one gapless sequence per stream."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from forecastlab.events.models import Event
from forecastlab.lib import doorbell
from forecastlab.lib.contributions import NewEvent

_TAKE = """
insert into events_streamhead as head (stream, seq) values (%s, %s)
on conflict (stream) do update set seq = head.seq + excluded.seq
returning seq
"""


def append(entries: Sequence[NewEvent], *, actor_id: int | None, at: datetime) -> list[Event]:
    """Append events as the last thing in the caller's transaction, and ring on commit.

    Each stream's head row stays locked until the transaction ends, streams in sorted order, so
    numbers have no gap and two transactions cannot wait for each other here. Raises
    TransactionManagementError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "append() belongs in the transaction that makes the events true"
        )
    by_stream: defaultdict[str, list[NewEvent]] = defaultdict(list)
    for entry in entries:
        by_stream[entry.stream].append(entry)
    rows: list[Event] = []
    for stream in sorted(by_stream):
        news = by_stream[stream]
        last = _take(stream, len(news))
        rows += [
            Event(
                stream=stream,
                seq=seq,
                kind=new.kind,
                payload=dict(new.payload),
                actor_id=actor_id,
                at=at,
            )
            for seq, new in enumerate(news, last - len(news) + 1)
        ]
        doorbell.ring(stream, seq=last)
    return Event.objects.bulk_create(rows)


def _take(stream: str, count: int) -> int:
    """Reserve `count` numbers of `stream` and return the last of them."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [stream, count])
        (last,) = cursor.fetchone()
    return int(last)
