"""What a frequency implies where nobody says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defaults:
    """What one frequency implies.

    `scale` is the lag that MASE divides by: 1 for weeks, as in the M4 competition, since few
    histories hold two years of them. `history` is what must lie before the first fold, `shortest`
    what a series must have of it. `window` is that of the moving average.

    `cycles` is how many whole seasons a pooled season index must have seen: a year of weeks needs
    more of them, because one year's promotions look like a season.
    """

    noun: str
    horizon: int
    season: int
    scale: int
    window: int
    history: int
    shortest: int
    cycles: int


BY_FREQUENCY: Mapping[str, Defaults] = {
    "H": Defaults("hours", 48, 24, 24, 48, 96, 24, 2),
    "D": Defaults("days", 14, 7, 7, 14, 30, 7, 2),
    "W": Defaults("weeks", 8, 52, 1, 8, 26, 8, 3),
    "M": Defaults("months", 12, 12, 12, 12, 24, 12, 2),
    "Q": Defaults("quarters", 4, 4, 4, 4, 8, 4, 2),
    "Y": Defaults("years", 2, 1, 1, 3, 5, 3, 2),
}
FOLDS = 3
METRIC = "wape"
# The intervals, in percent, that every issued forecast stores and every judgement calibrates.
LEVELS = (80, 95)
# Ways to choose what serves a series, the usual one first.
POLICIES = ("ensemble_switch", "ensemble", "global_best", "group_best", "series_best")
