"""Rolling origin: the last windows of the history, the same for every model and series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.domain.panel import Panel, first_sale
from forecastlab.lib.errors import BadInput

T = TypeVar("T", bound=np.generic)


class HistoryTooShort(BadInput):
    """The history is too short for this judgement."""

    code = "history_too_short"


class HeldBackTooShort(BadInput):
    """What is held back is shorter than the window that is judged on it."""

    code = "held_back_too_short"


@dataclass(frozen=True, slots=True)
class Fold:
    """Models know all periods up to `origin` and are judged on `start` to `end`, inclusive."""

    origin: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Folds:
    """`gap` periods between what is known and what is judged are forecast, but not judged.

    The last window lies in the last `held_back` periods, where there are any: no model knows one
    of them at any origin.
    """

    horizon: int
    count: int
    step: int
    gap: int
    held_back: int = 0

    @property
    def steps(self) -> int:
        """Return how far ahead models must forecast to reach the end of a window."""
        return self.gap + self.horizon

    @property
    def span(self) -> int:
        """Return how many periods lie after the first origin."""
        return max(self.steps, self.held_back) + (self.count - 1) * self.step

    def scaled_on(self, periods: int) -> int:
        """Return how many periods the scales of MASE and RMSSE are made from, for every fold.

        They end with the first origin; where a part is held back, all before it is training.
        """
        return periods - (self.held_back or self.span)

    def windows(self, periods: int) -> tuple[Fold, ...]:
        """Return the folds, oldest first; the last one ends with the history.

        With held-back periods the last one begins with them instead.
        """
        last = periods - 1 - max(self.held_back - self.steps, 0)
        ends = [last - back * self.step for back in reversed(range(self.count))]
        return tuple(Fold(end - self.steps, end - self.horizon + 1, end) for end in ends)


def check(folds: Folds, periods: int, frequency: str) -> None:
    """Raise HistoryTooShort, saying how many folds would fit, or how long a horizon.

    Raises HeldBackTooShort when the window is longer than what is held back for it.
    """
    noun, history = BY_FREQUENCY[frequency].noun, BY_FREQUENCY[frequency].history
    if 0 < folds.held_back < folds.steps:
        raise HeldBackTooShort(
            f"The dataset holds back {folds.held_back} {noun}; the last window and its gap "
            f"reach {folds.steps} {noun} ahead.",
            hint=f"Use a horizon of at most {max(folds.held_back - folds.gap, 1)} {noun}.",
            field="horizon",
        )
    needed = folds.span + history
    if needed <= periods:
        return
    fitting = most(folds, periods, frequency)
    told = f"{folds.count} folds" if folds.count > 1 else "1 fold"
    raise HistoryTooShort(
        f"{told} of {folds.horizon} {noun} {'need' if folds.count > 1 else 'needs'} "
        f"{needed} {noun}; there are {periods}.",
        hint=_way_out(fitting, periods - history - folds.gap, noun),
        field="folds" if fitting >= 1 else "horizon",
    )


def most(folds: Folds, periods: int, frequency: str) -> int:
    """Return how many such folds fit into a history, none or less where not even one does."""
    first = max(folds.steps, folds.held_back) + BY_FREQUENCY[frequency].history
    return 1 + (periods - first) // folds.step


def _way_out(fitting: int, horizon: int, noun: str) -> str:
    if fitting > 1:
        return f"Use {fitting} or fewer."
    if fitting == 1:
        return "Use 1."
    if horizon > 0:
        return f"Use 1 fold of at most {horizon} {noun}."
    return "Load a longer history."


def judged_values(actual: NDArray[T], folds: Folds) -> NDArray[T]:
    """Return what happened in the windows: folds x steps x series, NaN is not scored."""
    windows = folds.windows(actual.shape[0])
    return np.stack([actual[one.start : one.end + 1] for one in windows])


def unjudged(panel: Panel, folds: Folds, frequency: str) -> dict[int, str]:
    """Return why single series cannot be judged, by their place in the panel."""
    defaults = BY_FREQUENCY[frequency]
    origin = folds.windows(panel.periods)[0].origin
    seen = (~np.isnan(panel.actual)).sum(axis=0)
    known = (~np.isnan(panel.fit[: origin + 1])).sum(axis=0)
    scored = (~np.isnan(judged_values(panel.actual, folds))).sum(axis=(0, 1))
    began = first_sale(panel)
    reasons: dict[int, str] = {}
    for place in np.flatnonzero((known < defaults.shortest) | (scored == 0)):
        if seen[place] == 0:
            reasons[int(place)] = "no usable observation"
        elif seen[place] == 1:
            reasons[int(place)] = "one observation"
        elif began[place] == panel.periods:
            reasons[int(place)] = "all zeros"
        elif known[place] < defaults.shortest:
            reasons[int(place)] = (
                f"too short: {known[place]} {defaults.noun} before the first fold, "
                f"{defaults.shortest} needed"
            )
        else:
            reasons[int(place)] = "nothing to score in the folds"
    return reasons
