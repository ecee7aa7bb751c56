"""Geometry of drawings with axes that the server makes itself; all places are shares of the size.

A share is 0 at the left or the top and 1 at the right or the foot, so that a drawing may be as
wide as its page and its letters keep their size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Lines are named at their end: so far apart, as a share of the height, that none hides another.
APART = 0.085


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on an axis and what is written there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line: its path in a box of 1000 by 1000, and where its name stands."""

    name: str
    path: str
    end: float


@dataclass(frozen=True, slots=True)
class Plot:
    lines: Sequence[Drawn]
    up: Sequence[Mark]
    along: Sequence[Mark]


def lines(values: Mapping[str, Sequence[float | None]], names: Sequence[str]) -> Plot | None:
    """Draw each line from left to right; `names` are those of the places along. None: no values.

    The axis is cropped to what there is, with round numbers.
    """
    known = [one for line in values.values() for one in line if one is not None]
    if not known:
        return None
    ticks = nice_ticks(min(known), max(known))
    low, span = ticks[0], ticks[-1] - ticks[0]
    ends = _ends({name: _last(line, low, span) for name, line in values.items()})
    drawn = [Drawn(name, _path(line, low, span), ends[name]) for name, line in values.items()]
    up = [Mark(1 - (one - low) / span, f"{one:g}") for one in ticks]
    return Plot(drawn, up, _along(names))


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers, evenly apart, from at most `low` to at least `high`."""
    span = (high - low) or abs(high) or 1.0
    rough = span / (most - 1)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * one for one in (1, 2, 5, 10) if size * one >= rough * 0.999)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [round(one * step, 10) for one in range(first, last + 1)]


def _path(line: Sequence[float | None], low: float, span: float) -> str:
    step = 1000 / max(len(line) - 1, 1)
    path, pen_is_down = [], False
    for place, value in enumerate(line):
        if value is None:
            pen_is_down = False
            continue
        x, y = round(place * step, 1), round(1000 * (1 - (value - low) / span), 1)
        path.append(f"L{x} {y}" if pen_is_down else f"M{x} {y}h0")
        pen_is_down = True
    return "".join(path)


def _last(line: Sequence[float | None], low: float, span: float) -> float:
    known = [one for one in line if one is not None]
    return 1 - (known[-1] - low) / span if known else 1.0


def _ends(wanted: Mapping[str, float]) -> dict[str, float]:
    """Move the names apart, from top to foot, and back up where they ran over it."""
    order = sorted(wanted, key=lambda name: wanted[name])
    found = [wanted[name] for name in order]
    for place in range(1, len(found)):
        found[place] = max(found[place], found[place - 1] + APART)
    for place in reversed(range(len(found))):
        roof = 1.0 if place == len(found) - 1 else found[place + 1] - APART
        found[place] = min(found[place], roof)
    return dict(zip(order, found, strict=True))


def _along(names: Sequence[str], most: int = 7) -> list[Mark]:
    last = len(names) - 1
    every = max(math.ceil(last / (most - 1)), 1) if last > 0 else 1
    places = [one for one in range(0, last + 1, every) if last - one >= every / 2 or one == last]
    if places[-1] != last:
        places.append(last)
    return [Mark(one / max(last, 1), names[one]) for one in places]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar from the zero line up or down, in a box of 1000 by 1000."""

    x: float
    y: float
    width: float
    height: float
    is_up: bool


@dataclass(frozen=True, slots=True)
class Bars:
    bars: Sequence[Bar]
    zero: float
    up: Sequence[Mark]


def bars(values: Sequence[float | None]) -> Bars | None:
    """Draw a bar per value around zero; unknown ones leave their place empty. None: no values."""
    known = [one for one in values if one is not None]
    if not known:
        return None
    ticks = nice_ticks(min(0.0, *known), max(0.0, *known))
    low, span = ticks[0], ticks[-1] - ticks[0]
    zero, room = 1000 * (1 + low / span), 1000 / len(values)
    drawn = [
        Bar(
            x=round(room * (place + 0.15), 2),
            y=round(zero - max(one, 0.0) / span * 1000, 2),
            width=round(room * 0.7, 2),
            height=round(abs(one) / span * 1000, 2),
            is_up=one > 0,
        )
        for place, one in enumerate(values)
        if one is not None
    ]
    up = [
        Mark(1 - (one - low) / span, f"{one:+g}".replace("-", "−") if one else "0") for one in ticks
    ]
    return Bars(drawn, zero, up)
