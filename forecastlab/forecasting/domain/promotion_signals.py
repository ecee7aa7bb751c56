"""What is known of a candidate before an alias is pointed at it, as points for or against.

The points are those of the catalogue of actions: a clear lead on several windows speaks for it, few
windows and a bias against it.
"""

from __future__ import annotations

from collections.abc import Sequence

Code = tuple[str, int]
LEAD = 0.05
FEWEST_WINDOWS = 3
# Percent of what was sold, either way.
MOST_BIAS = 10.0


def of(
    before: Sequence[float | None], after: Sequence[float | None], bias: float | None
) -> list[Code]:
    """Return codes with points, from the WAPE of both by window and the candidate's bias.

    `before` is empty where both were not judged on the same windows.
    """
    both = zip(before, after, strict=False)
    wins = sum(
        one is not None and other is not None and other <= one * (1 - LEAD) for one, other in both
    )
    found: list[Code] = []
    if wins >= FEWEST_WINDOWS:
        found.append(("beats_champion", 10))
    if len(after) < FEWEST_WINDOWS:
        found.append(("few_windows", -10))
    if bias is not None and abs(bias) > MOST_BIAS:
        found.append(("biased", -10))
    return found
