"""The append-only log: one gapless sequence per stream."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from forecastlab.lib import doorbell
from forecastlab.lib.contributions import NewEvent

# Numbers are taken from the stream's head and given to the events in one statement.
_APPEND = """
with head as (
    insert into events_streamhead as head (stream, seq) values (%(stream)s, %(count)s)
    on conflict (stream) do update set seq = head.seq + excluded.seq
    returning seq
)
insert into events_event (stream, seq, kind, payload, actor_id, at)
select %(stream)s, head.seq - %(count)s + news.place, news.kind, news.payload, %(actor)s, %(at)s
from head
cross join unnest(%(kinds)s::text[], %(payloads)s::text[]::jsonb[])
    with ordinality as news (kind, payload, place)
order by news.place
returning seq
"""


def append(entries: Sequence[NewEvent], *, actor_id: int | None, at: datetime) -> None:
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
    for stream in sorted(by_stream):
        last = _append(stream, by_stream[stream], actor_id=actor_id, at=at)
        doorbell.ring(stream, seq=last)


def _append(stream: str, news: Sequence[NewEvent], *, actor_id: int | None, at: datetime) -> int:
    """Append to one stream and return its last number."""
    told: dict[str, Any] = {
        "stream": stream,
        "count": len(news),
        "kinds": [one.kind for one in news],
        "payloads": [json.dumps(dict(one.payload), cls=DjangoJSONEncoder) for one in news],
        "actor": actor_id,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, told)
        return max(int(seq) for (seq,) in cursor.fetchall())
