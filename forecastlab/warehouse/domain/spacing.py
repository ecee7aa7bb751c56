"""Guessing the frequency from the distances between the dates of each series."""

from __future__ import annotations

from collections.abc import Mapping

from forecastlab.warehouse.domain.periods import Frequency

HOUR = 3600
DAY = 24 * HOUR
# Enough distances must fit the guess; the rest is reported as off the rhythm, line by line.
MOST = 0.95


def guess(gaps: Mapping[int, int]) -> Frequency | None:
    """Return the frequency that the gaps (seconds -> count) speak for.

    None when nothing fits, such as half-hourly data. Without any gap, days.
    """
    gaps = {gap: count for gap, count in gaps.items() if gap > 0}
    if not gaps:
        return Frequency.DAY
    total = sum(gaps.values())
    usual = max(gaps, key=lambda gap: (gaps[gap], -gap))
    for frequency in _candidates(usual):
        fitting = sum(count for gap, count in gaps.items() if _fits(gap, frequency))
        if fitting >= MOST * total:
            return frequency
    return None


def _candidates(usual: int) -> list[Frequency]:
    """Return frequencies from the longest period that the usual gap allows."""
    days = usual / DAY
    longest = [
        (Frequency.YEAR, 365),
        (Frequency.QUARTER, 90),
        (Frequency.MONTH, 28),
        (Frequency.WEEK, 7),
        (Frequency.DAY, 1),
        (Frequency.HOUR, 0),
    ]
    return [frequency for frequency, least in longest if days >= least]


def _fits(gap: int, frequency: Frequency) -> bool:
    """Say whether a gap is a whole number of periods, months being 28 to 31 days."""
    if frequency.hours:
        return gap % (frequency.hours * HOUR) == 0
    if gap % DAY:
        return False
    days, months = gap // DAY, frequency.months
    periods = max(1, round(days / (30.4369 * months)))
    return abs(days - periods * months * 30.4369) <= 2.6
