"""Features that need no sales: the calendar, and what a series is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.domain.frames.columns import Columns, Safety, Values
from forecastlab.forecasting.domain.frames.sources import Cells, Layout, Source, at

# The year in periods, where a period is shorter than that and longer than an hour of the day.
YEARS: Mapping[str, float] = {"H": 8766.0, "D": 365.25, "W": 52.18, "M": 12.0, "Q": 4.0}
WEEK_OF_HOURS = 168
# How many days, and how many parts of one, a period has, where it is not longer than a week.
DAYS: Mapping[str, tuple[int, int]] = {"H": (1, 24), "D": (1, 1), "W": (7, 1)}
HOLIDAY = "holiday"


class Calendar:
    """Where the target lies: how far ahead, in the season and in the year.

    Places are counted from the first period of the version. The year is told where enough of
    them have been seen, the holiday where the version plans it.
    """

    name = "calendar"

    def columns(self, layout: Layout) -> Columns:
        names = ["step"]
        names += ["place"] if layout.season > 1 else []
        names += ["hour_of_week"] if layout.frequency == "H" else []
        names += ["year_sin", "year_cos"] if _has_years(layout) else []
        safe = dict.fromkeys(names, Safety.SAFE)
        planned = {HOLIDAY: Safety.UNSAFE_UNLESS_SUPPLIED} if layout.signals.get(HOLIDAY) else {}
        return safe | planned

    def values(self, source: Source, cells: Cells) -> Values:
        target = cells.target
        phase = 2 * np.pi * target / YEARS.get(source.layout.frequency, 1.0)
        found = {
            "step": cells.step,
            "place": target % source.layout.season,
            "hour_of_week": target % WEEK_OF_HOURS,
            "year_sin": np.sin(phase),
            "year_cos": np.cos(phase),
        }
        if source.layout.signals.get(HOLIDAY):
            found[HOLIDAY] = at(source.told.signal(HOLIDAY), target, cells.series)
        return {name: found[name] for name in self.columns(source.layout)}


def _has_years(layout: Layout) -> bool:
    cycles = BY_FREQUENCY[layout.frequency].cycles
    return layout.periods >= cycles * int(YEARS.get(layout.frequency, layout.periods))


class Identity:
    """Which store, product and category a series belongs to, by number."""

    name = "identity"

    def columns(self, layout: Layout) -> Columns:
        return dict.fromkeys(["store", "product", "category"], Safety.SAFE)

    def values(self, source: Source, cells: Cells) -> Values:
        groups = source.block.groups
        return {
            "store": groups.store[cells.series],
            "product": groups.product[cells.series],
            "category": groups.category[cells.series],
        }


class Dates:
    """Where the target lies in its month and in the weeks of the year, where there are dates.

    The weeks are told where the calendar tells of the year.
    """

    name = "dates"

    def columns(self, layout: Layout) -> Columns:
        if layout.first is None or layout.frequency not in DAYS:
            return {}
        names = [] if layout.frequency == "W" else ["month_day_sin", "month_day_cos"]
        names += ["week_sin", "week_cos"] if _has_years(layout) else []
        return dict.fromkeys(names, Safety.SAFE)

    def values(self, source: Source, cells: Cells) -> Values:
        wanted = self.columns(source.layout)
        if not wanted:
            return {}
        days, parts = DAYS[source.layout.frequency]
        day = np.datetime64(source.layout.first, "D") + cells.target * days // parts
        month, year = day.astype("M8[M]"), day.astype("M8[Y]")
        starts = month.astype("M8[D]")
        length = ((month + 1).astype("M8[D]") - starts).astype(np.float64)
        of_month = 2 * np.pi * (day - starts).astype(np.float64) / length
        week = (day - year.astype("M8[D]")).astype(np.int64) // 7
        of_year = 2 * np.pi * week / YEARS["W"]
        found = {
            "month_day_sin": np.sin(of_month),
            "month_day_cos": np.cos(of_month),
            "week_sin": np.sin(of_year),
            "week_cos": np.cos(of_year),
        }
        return {name: found[name] for name in wanted}
