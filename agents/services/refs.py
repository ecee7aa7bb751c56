"""What sessions are called: `S-20260131-0001`, counted from one each day, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

_NEXT = """
insert into agents_sessionday as known (day, last) values (%s, 1)
on conflict (day) do update set last = known.last + 1
returning last
"""


def take(at: datetime) -> str:
    """Return the next ref of the day; the day's row stays locked until the transaction ends."""
    day = at.astimezone(UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [day])
        (number,) = cursor.fetchone()
    return f"S-{day:%Y%m%d}-{number:04d}"
