"""Who serves each series and how wide its ranges are: all that issuing needs of a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain import champion, judgement
from forecastlab.forecasting.domain.by_model import ByModel
from forecastlab.forecasting.domain.champion import Choice
from forecastlab.forecasting.domain.defaults import LEVELS
from forecastlab.forecasting.domain.intervals import Spread
from forecastlab.forecasting.domain.panel import Flags, Floats, Integers

SECOND = "without_plan/"
# The alias of what is made again only to compare it: forecasts under it serve nobody.
ASIDE = "replay"


@dataclass(frozen=True, slots=True)
class Serving:
    """What a backtest hands to issuing: who serves each series and how wide its ranges are.

    `series` are ids, ascending; `wape` (percent) is the champion's on the folds. `spread` is for
    the forecast of a period, `total_spread` for the sum over the horizon. `without_plan` serves
    where known signals are not given ahead, if that differs.
    """

    series: Integers
    choice: Choice
    default: str
    members: tuple[str, ...]
    wape: Floats
    spread: Spread
    total_spread: Spread
    without_plan: Serving | None = None

    def pack(self) -> dict[str, NDArray[Any]]:
        """Return everything as named arrays."""
        second = self.without_plan.pack() if self.without_plan else {}
        return self._packed() | {f"{SECOND}{name}": one for name, one in second.items()}

    def in_force(self, planned: int | None, ahead: int) -> Serving:
        """Return what serves `ahead` periods when known signals are given for `planned`.

        None stands for a version without known signals.
        """
        as_judged = planned is None or planned >= ahead
        return self if as_judged or self.without_plan is None else self.without_plan

    def _packed(self) -> dict[str, NDArray[Any]]:
        return {
            "series": self.series,
            "models": np.array(self.choice.models, dtype=np.str_),
            "which": self.choice.which,
            "score": self.choice.score,
            "default": np.array([self.default], dtype=np.str_),
            "members": np.array(self.members, dtype=np.str_),
            "wape": self.wape,
            **_packed("spread", self.spread),
            **_packed("total", self.total_spread),
        }

    def aligned(self, series: Integers) -> Serving:
        """Return the same for another list of series: a new one is served by the default."""
        place = np.minimum(np.searchsorted(self.series, series), len(self.series) - 1)
        known = self.series[place] == series
        usual = self.choice.models.index(self.default)
        choice = Choice(
            self.choice.models,
            np.where(known, self.choice.which[place], usual),
            np.where(known, self.choice.score[place], 1.0),
        )
        return replace(
            self,
            series=series,
            choice=choice,
            wape=np.where(known, self.wape[place], np.nan),
            spread=_aligned(self.spread, place, known),
            total_spread=_aligned(self.total_spread, place, known),
            without_plan=self.without_plan and self.without_plan.aligned(series),
        )


@dataclass(frozen=True, slots=True)
class Issued:
    """Forecasts to be stored: steps x series, and the sums over the horizon."""

    model: NDArray[np.str_]
    forecast: Floats
    ranges: Mapping[int, tuple[Floats, Floats]]
    total: Floats
    total_range: tuple[Floats, Floats]


def issue(serving: Serving, final: ByModel, closed: Flags | None = None) -> Issued:
    """Return what each series' champion says, with its ranges.

    `final` holds the forecasts of every single model on all data, steps x series; `closed` marks
    periods that are known to be closed.
    """
    forecast = champion.served(serving.choice, final.combining(serving.members))
    total = forecast.sum(axis=0)
    ranges = serving.spread.around(forecast, closed)
    low, high = serving.total_spread.around(total[None, :])[judgement.TOTAL_LEVEL]
    return Issued(
        model=np.array(serving.choice.models, dtype=np.str_)[serving.choice.which],
        forecast=forecast,
        ranges={level: ranges[level] for level in LEVELS},
        total=total,
        total_range=(low[0], high[0]),
    )


def unpack(arrays: Mapping[str, NDArray[Any]]) -> Serving:
    """Read back what `pack` gave."""
    names = tuple(str(one) for one in arrays["models"])
    second = {
        path.removeprefix(SECOND): one for path, one in arrays.items() if path.startswith(SECOND)
    }
    return Serving(
        series=arrays["series"],
        choice=Choice(names, arrays["which"], arrays["score"]),
        default=str(arrays["default"][0]),
        members=tuple(str(one) for one in arrays["members"]),
        wape=arrays["wape"],
        spread=_unpacked("spread", arrays),
        total_spread=_unpacked("total", arrays),
        without_plan=unpack(second) if second else None,
    )


def _packed(name: str, spread: Spread) -> dict[str, NDArray[Any]]:
    levels = sorted(spread.tails)
    return {
        f"{name}/slope": np.array([spread.slope]),
        f"{name}/level": spread.level,
        f"{name}/hardness": spread.hardness,
        f"{name}/levels": np.array(levels),
        f"{name}/tails": np.stack([np.stack(spread.tails[one]) for one in levels]),
    }


def _unpacked(name: str, arrays: Mapping[str, NDArray[Any]]) -> Spread:
    tails = arrays[f"{name}/tails"]
    return Spread(
        slope=float(arrays[f"{name}/slope"][0]),
        level=arrays[f"{name}/level"],
        hardness=arrays[f"{name}/hardness"],
        tails={
            int(level): (tails[place, 0], tails[place, 1])
            for place, level in enumerate(arrays[f"{name}/levels"])
        },
    )


def _aligned(spread: Spread, place: Integers, known: NDArray[np.bool_]) -> Spread:
    return replace(
        spread,
        level=np.where(known, spread.level[place], 0.0),
        hardness=np.where(known, spread.hardness[place], 1.0),
    )
