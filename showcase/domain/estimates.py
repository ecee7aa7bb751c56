"""How long what is left will take, and whether it took as long as usual: from past durations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SAMPLES_NEEDED = 5
# Above so many seconds a range is rounded to tens, then to whole minutes.
TENS_FROM, MINUTES_FROM = 30, 180
# Shorter than this, a duration is the mood of the machine and no news.
WORTH_COMPARING = 1.0


@dataclass(frozen=True, slots=True)
class Past:
    """What something took in so many runs: the quartiles, in seconds."""

    samples: int
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """The 25th and 75th percentile of what is left, in seconds, and how many runs say so."""

    low: float
    high: float
    samples: int


def of_step(past: Past | None, *, elapsed: float = 0.0) -> Estimate | None:
    """Return what is left of one step; None under five samples."""
    if past is None or past.samples < SAMPLES_NEEDED:
        return None
    return Estimate(
        low=max(past.low - elapsed, 0.0),
        high=max(past.high - elapsed, 0.0),
        samples=past.samples,
    )


def of_steps(estimates: Iterable[Estimate | None]) -> Estimate | None:
    """Add the estimates of the steps that are left; None when one of them is unknown."""
    low = high = 0.0
    samples: list[int] = []
    for one in estimates:
        if one is None:
            return None
        low, high = low + one.low, high + one.high
        samples.append(one.samples)
    return Estimate(low, high, min(samples)) if samples else None


def times_usual(seconds: float | None, past: Past | None) -> float | None:
    """Return how many times the median something took: 1.4.

    None under five samples, and where both are too short to be compared.
    """
    if seconds is None or past is None or past.samples < SAMPLES_NEEDED:
        return None
    if max(seconds, past.median) < WORTH_COMPARING or past.median <= 0:
        return None
    return seconds / past.median


def bounds(estimate: Estimate) -> tuple[int, int, str]:
    """Return a range fit to be read: `(15, 20, "s")` or `(3, 4, "min")`; low is under high."""
    unit, step = ("min", 60) if estimate.high >= MINUTES_FROM else ("s", 1)
    if unit == "s" and estimate.high >= TENS_FROM:
        low, high = (round(value / 10) * 10 for value in (estimate.low, estimate.high))
    else:
        low, high = round(estimate.low / step), round(estimate.high / step)
    return low, max(high, 1), unit
