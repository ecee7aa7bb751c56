"""Geometry of the small drawings that the server makes itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A path through points, and where its last point stands."""

    path: str
    x: float
    y: float


def sparkline(
    values: Sequence[float | None], width: float = 72, height: float = 20, margin: float = 2
) -> Line | None:
    """Draw `values` from left to right over the full size; unknown ones leave a gap.

    None when nothing is known. A flat line runs through the middle.
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    low, span = min(known), max(known) - min(known)
    step = (width - 2 * margin) / max(len(values) - 1, 1)
    room = height - 2 * margin
    path, pen_is_down, x, y = [], False, float(margin), height / 2
    for place, value in enumerate(values):
        if value is None:
            pen_is_down = False
            continue
        x = round(margin + place * step, 1)
        y = round(margin + room * (1 - (value - low) / span if span else 0.5), 1)
        path.append(f"{'L' if pen_is_down else 'M'}{x} {y}")
        pen_is_down = True
    return Line("".join(path), x, y)


def strip(values: Sequence[float | None], width: float = 1000, height: float = 36) -> str:
    """Return a path in which every value stands in the middle of its share of the width.

    The lowest value is at the foot and the highest at the top; a flat line runs through the middle.
    Unknown values leave a gap, and a value between two gaps is a dot where lines have round ends.
    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, span, share = min(known), max(known) - min(known), width / len(values)
    path, pen_is_down = [], False
    for place, value in enumerate(values):
        if value is None:
            pen_is_down = False
            continue
        x = round((place + 0.5) * share, 1)
        y = round(2 + (height - 4) * (1 - (value - low) / span if span else 0.5), 1)
        path.append(f"L{x} {y}" if pen_is_down else f"M{x} {y}h0")
        pen_is_down = True
    return "".join(path)
