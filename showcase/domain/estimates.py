"""How long what is left will take: a range from past durations of the same steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SAMPLES_NEEDED = 5
# Above so many seconds a range is rounded to tens, then to whole minutes.
TENS_FROM, MINUTES_FROM = 30, 180


@dataclass(frozen=True, slots=True)
class Estimate:
    """The 25th and 75th percentile of what is left, in seconds, and how many runs say so."""

    low: float
    high: float
    samples: int


def of_step(past: Sequence[float], *, elapsed: float = 0.0) -> Estimate | None:
    """Return what is left of one step; None under five samples."""
    if len(past) < SAMPLES_NEEDED:
        return None
    return Estimate(
        low=max(percentile(past, 0.25) - elapsed, 0.0),
        high=max(percentile(past, 0.75) - elapsed, 0.0),
        samples=len(past),
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


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie, between neighbours linearly."""
    ranked = sorted(values)
    place = (len(ranked) - 1) * share
    below = int(place)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (ranked[above] - ranked[below]) * (place - below)


def bounds(estimate: Estimate) -> tuple[int, int, str]:
    """Return a range fit to be read: `(15, 20, "s")` or `(3, 4, "min")`; low is under high."""
    unit, step = ("min", 60) if estimate.high >= MINUTES_FROM else ("s", 1)
    if unit == "s" and estimate.high >= TENS_FROM:
        low, high = (round(value / 10) * 10 for value in (estimate.low, estimate.high))
    else:
        low, high = round(estimate.low / step), round(estimate.high / step)
    return low, max(high, 1), unit
