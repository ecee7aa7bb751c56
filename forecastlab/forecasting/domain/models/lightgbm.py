from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain import boosting
from forecastlab.forecasting.domain.boosting import TRIAL, WHOLE, Size, Text
from forecastlab.forecasting.domain.frames import Source, layout_of
from forecastlab.forecasting.domain.frames.fixed import YEARS
from forecastlab.forecasting.domain.models import driver
from forecastlab.forecasting.domain.panel import Floats, Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, PanelModel, Scope, Task

# On how many series, at most, it is tried whether promotions should be taken out of history.
TRIED = 1_000
DRIVER = "driver."


class LightGbm(PanelModel):
    """Boosted trees, one model for all series and all steps ahead (Ke et al. 2017).

    Where signals are known ahead, their effects as the driver panel sees them are features too,
    and history may be learnt from with these effects taken out: which of the two is better is
    tried on some of the series in the last periods before the first origin.

    Below a year of history trees are fitted at every origin, else at the first one only, and once
    more on all data.
    """

    name = "lightgbm"
    title = "LightGBM"
    cost = 40.0
    needs_plan = True
    scope: Scope = "whole"

    def unavailable(self) -> str:
        return boosting.unavailable()

    def learn(self, panel: Panel, task: Task) -> Arrays:
        """Return `text.N` for each fit, `which` of them serves each origin, and what they need.

        `clean` is 1 where promotions are taken out of history, `trial` the WAPE of both ways, as
        sold and cleaned, if both were tried.
        """
        learned: dict[str, NDArray[Any]] = {**_told(panel, task)}
        trial = _trial(panel, task) if learned else np.zeros(0)
        clean = bool(trial.size) and bool(trial[1] < trial[0])
        fitted = _fitted(task)
        numbers = [number for number, new in enumerate(fitted) if new]
        for place, number in enumerate(numbers):
            learned[f"text.{place}"] = _fit(panel, task, learned, (number, clean), WHOLE)
        which = np.array(list(accumulate(fitted))) - 1
        return {**learned, "which": which, "clean": np.array([clean]), "trial": trial}

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        values = np.empty((len(task.origins), task.steps, block.width))
        clean = bool(learned["clean"][0])
        for number, (origin, which) in enumerate(
            zip(task.origins, learned["which"].tolist(), strict=True)
        ):
            source = _source(block, task, learned, (number, clean))
            values[number] = boosting.forecast(learned[f"text.{which}"], source, origin, task.steps)
        return Forecasts(values)


def _fitted(task: Task) -> list[bool]:
    """Say of each origin whether there is a fit there."""
    few = task.origins[0] + 1 < YEARS.get(task.frequency, 1.0)
    return [few or one in (task.origins[0], task.origins[-1]) for one in task.origins]


def _told(panel: Panel, task: Task) -> dict[str, Floats]:
    """Return what the driver panel learns, nothing where no signal is known ahead."""
    if not any(panel.signals.known):
        return {}
    found = driver.MODEL.learn(panel, task)
    return {f"{DRIVER}{name}": values for name, values in found.items()}


def _source(block: Panel, task: Task, learned: Arrays, at: tuple[int, bool]) -> Source:
    """Return what the trees are told at one origin, by its number and whether it is cleaned."""
    number, clean = at
    start = f"{DRIVER}{number}."
    here = {
        f"0.{name.removeprefix(start)}": values
        for name, values in learned.items()
        if name.startswith(start)
    }
    layout = layout_of(block, task, effects=bool(here))
    if not here:
        return Source(block, layout)
    only = replace(task, origins=(task.origins[number],))
    return Source(block, layout, driver.factors(block, only, here)[0], clean=clean)


def _fit(panel: Panel, task: Task, learned: Arrays, at: tuple[int, bool], size: Size) -> Text:
    def source(block: Panel) -> Source:
        return _source(block, task, learned, at)

    return boosting.fit(panel, source, task.origins[at[0]], task.steps, size)


def _trial(panel: Panel, task: Task) -> Floats:
    """Return the WAPE of history as sold and of cleaned history, in the last known periods.

    Nothing where less than one more horizon would be left to learn from.
    """
    origin = task.origins[0] - task.steps
    if origin + 1 < 2 * task.steps:
        return np.zeros(0)
    random = np.random.default_rng(boosting.SEED)
    places = np.sort(random.permutation(panel.width)[:TRIED])
    some, earlier = panel.pick(places), replace(task, origins=(origin,))
    learned = _told(some, earlier)
    actual = some.fit[origin + 1 : task.origins[0] + 1]
    errors = []
    for clean in (False, True):
        text = _fit(some, earlier, learned, (0, clean), TRIAL)
        source = _source(some, earlier, learned, (0, clean))
        made = boosting.forecast(text, source, origin, task.steps)
        errors.append(np.nansum(np.abs(actual - made)) / max(np.nansum(actual), 1e-12))
    return np.array(errors)


MODEL = LightGbm()
