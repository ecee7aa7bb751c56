"""What the models forecast of one series on the folds, looked at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain import config as rules
from forecastlab.forecasting.domain import metrics
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.folds import Fold
from forecastlab.forecasting.domain.panel import Floats
from forecastlab.forecasting.models import Backtest, Champion
from forecastlab.forecasting.queries import labels
from forecastlab.forecasting.queries.labels import share
from forecastlab.lib import figures, plots

# As many more lines as can be told apart from the champion's by colour and dash.
MOST_DRAWN = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for: one fold by its number (0: all of them), and models to draw."""

    fold: int = 0
    models: tuple[str, ...] = ()


def wanted(fold: str, models: Sequence[str]) -> Wanted:
    return Wanted(int(fold) if fold.isascii() and fold.isdigit() else 0, tuple(models))


@dataclass(frozen=True)
class Replay:
    """`judged` has the columns fold, step, y and one per model, a row per judged period."""

    backtest: Backtest
    champion: Champion | None
    judged: pl.DataFrame
    asked: Wanted

    @cached_property
    def windows(self) -> Sequence[Fold]:
        """Return the folds, oldest first."""
        config = rules.restore(self.backtest.config)
        return config.judged_in(self.backtest.version.history)

    @property
    def fold(self) -> int:
        """Return the number of the chosen fold, 0 for all of them."""
        return self.asked.fold if self.asked.fold <= len(self.windows) else 0

    @property
    def window(self) -> Fold | None:
        return self.windows[self.fold - 1] if self.fold else None

    @property
    def names(self) -> list[str]:
        """Return every model that can be drawn beside the champion."""
        own = self.champion.model if self.champion else ""
        told = self.backtest.result["models"]
        return [one for one in told if one in self.judged.columns and one != own]

    @property
    def drawn(self) -> list[str]:
        """Return the models drawn beside the champion."""
        return [one for one in self.names if one in self.asked.models][:MOST_DRAWN]

    @property
    def too_many(self) -> bool:
        return len(set(self.asked.models) & set(self.names)) > MOST_DRAWN

    def of(self, model: str) -> Floats:
        """Return what a model forecast: folds x steps."""
        return self._square(self.judged[model])

    @cached_property
    def actual(self) -> Floats:
        """Return what was scored: folds x steps, NaN where nothing was."""
        return self._square(self.judged["y"])

    @cached_property
    def served(self) -> Floats | None:
        """Return what the champion forecast: folds x steps."""
        if self.champion is None or not self.champion.judged:
            return None
        return np.array(self.champion.judged, dtype=np.float64).reshape(len(self.windows), -1)

    def _square(self, column: pl.Series) -> Floats:
        values: Floats = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return values.reshape(len(self.windows), -1)

    # -- for the chart --------------------------------------------------------------------------

    def line(self, values: Floats, periods: int) -> list[float | None]:
        """Lay judged values out over the periods; with one chosen fold only that one."""
        laid = np.full(periods, np.nan)
        for number, window in enumerate(self.windows, start=1):
            if self.fold in (0, number) and window.end < periods:
                laid[window.start : window.end + 1] = values[number - 1]
        return [None if np.isnan(one) else float(one) for one in laid]

    def marks(self, start: int) -> list[dict[str, Any]]:
        """Return the folds that begin at `start` or later, as the chart shades them."""
        shown = [
            (number, one)
            for number, one in enumerate(self.windows, start=1)
            if self.fold in (0, number) and one.start >= start
        ]
        return [
            {"from": one.start - start, "to": one.end - start, "label": self._label(number)}
            for number, one in shown
        ]

    def _label(self, number: int) -> str:
        said = {"number": number, "wape": figures.percent(share(self._wape(number)))}
        return _("Fold %(number)s · %(wape)s") % said

    def _wape(self, number: int) -> float | None:
        if self.served is None:
            return None
        return metrics.wape(self.actual[number - 1], self.served[number - 1])

    @property
    def overlays(self) -> list[str]:
        return [title_of(one) for one in self.drawn]

    # -- for the page ---------------------------------------------------------------------------

    @property
    def choices(self) -> list[dict[str, Any]]:
        """Return the folds to choose from, all of them first."""
        numbers = range(1, len(self.windows) + 1)
        every = {"fold": None, "label": _("All folds"), "set": not self.fold}
        return [
            every,
            *({"fold": one, "label": self._label(one), "set": one == self.fold} for one in numbers),
        ]

    @property
    def boxes(self) -> list[dict[str, Any]]:
        return [
            {"name": one, "title": title_of(one), "set": one in self.drawn} for one in self.names
        ]

    @property
    def known_until(self) -> str:
        """Return in words what the models knew in the chosen fold, "" for all folds."""
        if self.window is None:
            return ""
        until = labels.period(self.backtest.version.calendar, self.window.origin)
        return _("The models knew sales up to %(until)s and forecast what follows.") % {
            "until": until
        }

    @property
    def wapes(self) -> Mapping[str, float]:
        """Return the WAPE of every model on the chosen fold; undefined ones are left out."""
        part = slice(self.fold - 1, self.fold) if self.fold else slice(None)
        names = [one for one in self.backtest.result["models"] if one in self.judged.columns]
        found = {one: metrics.wape(self.actual[part], self.of(one)[part]) for one in names}
        return {name: one for name, one in found.items() if np.isfinite(one)}

    # -- residuals ------------------------------------------------------------------------------

    @cached_property
    def _errors(self) -> list[tuple[int, int, float | None, float, float | None]]:
        """Return fold, period, actual, forecast and error of every period of the chosen folds."""
        if self.served is None:
            return []
        found = []
        for number, window in enumerate(self.windows, start=1):
            if self.fold not in (0, number):
                continue
            for step, t in enumerate(range(window.start, window.end + 1)):
                actual, forecast = self.actual[number - 1, step], self.served[number - 1, step]
                known = not np.isnan(actual)
                found.append(
                    (
                        number,
                        t,
                        float(actual) if known else None,
                        float(forecast),
                        float(forecast - actual) if known else None,
                    )
                )
        return found

    @cached_property
    def residuals(self) -> plots.Bars | None:
        """Return the champion's errors as bars around zero; None where nothing was scored."""
        return plots.bars([one[-1] for one in self._errors])

    @property
    def residual_names(self) -> list[str]:
        """Return the folds under the bars."""
        numbers = [self.fold] if self.fold else range(1, len(self.windows) + 1)
        return [_("Fold %(number)s") % {"number": one} for one in numbers]

    @property
    def residual_sentence(self) -> str:
        known = [one[-1] for one in self._errors if one[-1] is not None]
        said = {
            "high": sum(one > 0 for one in known),
            "low": sum(one < 0 for one in known),
            "count": len(known),
        }
        return (
            _("Too much was forecast %(high)s times, too little %(low)s times of %(count)s") % said
        )

    @property
    def residual_columns(self) -> list[str]:
        return [_("Period"), _("Fold"), _("Actual"), _("Forecast"), _("Error")]

    @property
    def residual_rows(self) -> list[list[str]]:
        calendar = self.backtest.version.calendar
        return [
            [
                labels.period(calendar, t),
                str(number),
                labels.quantity(actual),
                labels.quantity(forecast),
                figures.signed(error, 1),
            ]
            for number, t, actual, forecast, error in self._errors
        ]
