"""How many series are served by another model in one backtest than in another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

# Joined in the database; asking counts a join for each series of each of the others.
_MOVED = """
SELECT other.backtest_id, first.model, other.model, count(*)
FROM forecasting_champion first
JOIN forecasting_champion other ON other.series_id = first.series_id
WHERE first.backtest_id = %s AND other.backtest_id = ANY(%s) AND other.model <> first.model
GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Move:
    """So many series are served by `after` in the backtest, and by `before` in the first."""

    backtest: int
    before: str
    after: str
    series: int


def since(first: int, others: Sequence[int]) -> list[Move]:
    """Return what moved from one backtest to each of the others, of series that both know."""
    if not others:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, [first, list(others)])
        return [Move(*row) for row in cursor.fetchall()]
