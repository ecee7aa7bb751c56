"""New products, which have too little history of their own, and discontinued ones.

A series is new while it has fewer observations since its first sale than the frequency needs to
judge it. Its group forecasts it: the other series of its product or, where there are none, of its
category. Level and season are theirs; its own few sales move the level.

A series is discontinued when its product ends before the first period ahead, or when nothing was
sold for as long as SILENCE says and for LONGER times its usual pause between two sales.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.domain.models import group
from forecastlab.forecasting.domain.panel import Flags, Floats, Integers, Panel, Whole
from forecastlab.forecasting.domain.serving import Issued

SILENCE: Mapping[str, int] = {"H": 672, "D": 182, "W": 26, "M": 12, "Q": 6, "Y": 3}
LONGER = 8
# The level of a new series is drawn to that of its group as if by so many more periods there.
DOUBT = 4.0


@dataclass(frozen=True, slots=True)
class Lives:
    """By series: why it has ended ("" if not), and its level beside its group's (0 if not new)."""

    ended: NDArray[np.str_]
    level: Floats
    product: Integers
    category: Integers

    @property
    def new(self) -> Flags:
        return self.level > 0

    def pack(self) -> dict[str, NDArray[Any]]:
        return {
            "ended": self.ended,
            "level": self.level,
            "product": self.product,
            "category": self.category,
        }


@dataclass(frozen=True, slots=True)
class Told:
    """What one part of a panel tells by itself: why series have ended, and which are young."""

    ended: NDArray[np.str_]
    young: Flags


def tell(panel: Panel, frequency: str, discontinued: Mapping[int, str]) -> Told:
    """Look at one part of a panel; `discontinued` has the reason of products by series id."""
    silent = _silent(panel, frequency)
    told = zip(panel.series.tolist(), silent, strict=True)
    ended = np.array([discontinued.get(series, reason) for series, reason in told], dtype=np.str_)
    seen = (~np.isnan(panel.fit)).sum(axis=0)
    told = np.where(seen > 0, seen, (~np.isnan(panel.all_days)).sum(axis=0))
    return Told(ended, (told < BY_FREQUENCY[frequency].shortest) & (ended == ""))


def of(whole: Whole, told: Sequence[Told]) -> Lives:
    """Tell new and ended series apart; `told` is what the parts of the panel told, in order."""
    ended = np.concatenate([one.ended for one in told])
    young = np.concatenate([one.young for one in told])
    groups = whole.groups
    lives = Lives(ended, np.zeros(len(ended)), groups.product, groups.category)
    if young.any() and (groups.products > 1 or groups.stores > 1):
        lives = replace(lives, level=_levels(whole, lives, young))
    return lives


def unpack(stored: Mapping[str, NDArray[Any]]) -> Lives:
    return Lives(stored["ended"], stored["level"], stored["product"], stored["category"])


def by_group(issued: Issued, lives: Lives) -> Issued:
    """Let the group of each new series forecast it."""
    if not lives.new.any():
        return issued
    model = np.where(lives.new, group.NAME, issued.model)
    forecast, total = issued.forecast.copy(), issued.total.copy()
    ranges = {level: (low.copy(), high.copy()) for level, (low, high) in issued.ranges.items()}
    total_range = issued.total_range[0].copy(), issued.total_range[1].copy()
    for places, others in _groups(lives, lives.new, (lives.ended == "") & ~lives.new):
        level = lives.level[places]
        forecast[:, places] = level * issued.forecast[:, others].mean(axis=1)[:, None]
        total[places] = np.ascontiguousarray(forecast[:, places].T).sum(axis=1)
        for percent, ends in ranges.items():
            found = _range(issued.forecast, issued.ranges[percent], others, percent)
            for end, value in zip(ends, found, strict=True):
                end[:, places] = level * value[:, None]
        sums = _range(issued.total[None], _rows(issued.total_range), others, 80)
        for end, value in zip(total_range, sums, strict=True):
            end[places] = level * value[0]
    return Issued(model, forecast, ranges, total, total_range)


def _silent(panel: Panel, frequency: str) -> list[str]:
    """Return why series count as ended by their sales alone."""
    defaults, least = BY_FREQUENCY[frequency], SILENCE[frequency]
    sold = panel.fit > 0
    sales = sold.sum(axis=0)
    last = np.where(sales > 0, panel.periods - 1 - sold[::-1].argmax(axis=0), -1)
    still = panel.periods - 1 - last
    pause = observed.quotient((~np.isnan(panel.fit)).sum(axis=0).astype(np.float64), sales)
    never = (sales == 0) & ((~np.isnan(panel.all_days)).sum(axis=0) >= least)
    ended = (sales > 0) & (still >= np.maximum(least, LONGER * np.nan_to_num(pause)))
    return [
        f"nothing sold in the last {many:,} {defaults.noun}" if over else ""
        for over, many in zip((ended | never).tolist(), still.tolist(), strict=True)
    ]


def _levels(whole: Whole, lives: Lives, young: Flags) -> Floats:
    """Return how new series sell beside their group in the same periods, 0 for all others."""
    groups = _groups(lives, young, (lives.ended == "") & ~young)
    wanted = np.sort(np.concatenate([np.empty(0, np.int64), *(places for places, _o in groups)]))
    usual = [np.zeros((2, whole.periods)) for _group in groups]
    own: dict[int, Floats] = {}
    start = 0
    for piece in whole.pieces():
        for place in _between(wanted, start, piece.width).tolist():
            own[start + place] = piece.fit[:, place].copy()
        for sums, (_places, others) in zip(usual, groups, strict=True):
            _add(sums, piece.fit[:, _between(others, start, piece.width)])
        start += piece.width
    levels = np.zeros(len(young))
    for (sold, seen), (places, _others) in zip(usual, groups, strict=True):
        mean = observed.quotient(sold, seen)
        for place in places.tolist():
            levels[place] = _level(own[place], mean)
    return levels


def _between(places: Integers, start: int, width: int) -> Integers:
    """Return the places within a part of the panel, counted from its start."""
    first, last = np.searchsorted(places, [start, start + width])
    return places[first:last] - start


def _add(sums: Floats, values: Floats) -> None:
    """Add what these series of a group sold, and how many of them were seen."""
    if values.shape[1]:
        sums += np.nansum(values, axis=1), (~np.isnan(values)).sum(axis=1)


def _level(own: Floats, usual: Floats) -> float:
    both = ~np.isnan(own) & ~np.isnan(usual)
    doubt = DOUBT * float(np.nan_to_num(np.nanmean(usual))) if (~np.isnan(usual)).any() else 0.0
    below = float(usual[both].sum()) + doubt
    return (float(own[both].sum()) + doubt) / below if below > 0 else 0.0


def _groups(lives: Lives, new: Flags, able: Flags) -> list[tuple[Integers, Integers]]:
    """Return the new series of each group and those that stand for them, both ascending.

    A group is a product or, where none of its series is able, a category.
    """
    found, left = [], new.copy()
    for numbers in (lives.product, lives.category):
        others = _by_number(numbers, able)
        for number, places in _by_number(numbers, left).items():
            if number in others:
                found.append((places, others[number]))
                left[places] = False
    return found


def _by_number(numbers: Integers, chosen: Flags) -> dict[int, Integers]:
    """Return the places of the chosen series by the number of their group, ascending."""
    places = np.flatnonzero(chosen)
    places = places[np.argsort(numbers[places], kind="stable")]
    found, starts = np.unique(numbers[places], return_index=True)
    parts = np.split(places, starts)[1:]
    return dict(zip(found.tolist(), parts, strict=True))


def _range(
    forecast: Floats, ends: tuple[Floats, Floats], others: Integers, percent: int
) -> tuple[Floats, Floats]:
    """Return a range as wide as those of the group, and as wide as the group is mixed."""
    tail = (1 - percent / 100) / 2
    mixed = np.quantile(forecast[:, others], [tail, 1 - tail], axis=1)
    low, high = (one[:, others].mean(axis=1) for one in ends)
    return np.minimum(low, mixed[0]), np.maximum(high, mixed[1])


def _rows(ends: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    return ends[0][None], ends[1][None]
