from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from forecastlab.forecasting.domain import boosting, frames
from forecastlab.forecasting.domain.boosting import TRIAL, WHOLE, Text, Trees
from forecastlab.forecasting.domain.frames import Numbers, Source, layout_of, products
from forecastlab.forecasting.domain.frames.fixed import YEARS
from forecastlab.forecasting.domain.metrics import wape
from forecastlab.forecasting.domain.models import driver
from forecastlab.forecasting.domain.panel import Floats, Panel, Whole
from forecastlab.forecasting.domain.protocol import (
    Arrays,
    Forecasts,
    PanelModel,
    Scope,
    Task,
    under,
)

# On how many series, at most, it is tried whether promotions should be taken out of history.
TRIED = 1_000
DRIVER, PRODUCT = "driver.", "product."
# How much of learning is asking the driver panel, and of each fit trying both histories.
DRIVEN, TRYING = 0.1, 0.2
NOT_TRIED = np.full(2, np.nan)


class LightGbm(PanelModel):
    """Boosted trees, one model for all series and all steps ahead (Ke et al. 2017).

    Where signals are known ahead, their effects as the driver panel sees them are features too,
    and history may be learnt from with these effects taken out: which of the two is better is
    tried for each fit, on some of the series in the last periods known there.

    Below a year of history trees are fitted at every origin, else at the first one only, and once
    more on all data.
    """

    name = "lightgbm"
    title = "LightGBM"
    cost = 40.0
    needs_plan = True
    scope: Scope = "whole"
    trees: Trees = WHOLE
    trial: Trees = TRIAL

    def unavailable(self) -> str:
        return boosting.unavailable()

    def fitted_at(self, task: Task) -> tuple[int, ...]:
        fitted = _fitted(task)
        at = np.array(task.origins)[fitted]
        return tuple(at[np.cumsum(fitted) - 1].tolist())

    def learn(self, whole: Whole, task: Task) -> Arrays:
        """Return `text.N` for each fit, `which` of them serves each origin, and what they need.

        Of each fit `clean` is 1 where promotions are taken out of history, and `trial` is the WAPE
        in percent of history as sold and of cleaned history, NaN where nothing was tried. `told`
        is JSON.
        """
        driven = _driven(whole, task.reporting(0.0, DRIVEN))
        shared = _shared(whole, task)
        known: Arrays = {**driven, **shared}
        some = _tried(whole) if driven else None
        texts: dict[str, Text] = {}
        trials, fitted = [], _fitted(task)
        numbers = np.flatnonzero(fitted).tolist()
        for place, number in enumerate(numbers):
            last, fits = task.origins[number], task.reporting(DRIVEN, 1.0)
            here = fits.reporting(place / len(numbers), (place + 1) / len(numbers))
            trying, fitting = here.reporting(0.0, TRYING), here.reporting(TRYING, 1.0)
            trials.append(_trial(some, trying, last, self.trial, shared) if some else NOT_TRIED)
            at = {number: bool(trials[-1][1] < trials[-1][0])}
            sources = (_sources(piece, task, known, at)[0] for piece in whole.pieces())
            texts[f"text.{len(texts)}"] = boosting.fit(whole, sources, last, fitting, self.trees)
        trial = np.stack(trials)
        return {
            **known,
            **texts,
            "which": np.cumsum(fitted) - 1,
            "clean": trial[:, 1] < trial[:, 0],
            "trial": trial,
            "told": _told(whole, task, trial, self.trees),
        }

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        values = np.empty((len(task.origins), task.steps, block.width))
        which = learned["which"].tolist()
        at = dict(enumerate(learned["clean"][which].tolist()))
        for number, source in enumerate(_sources(block, task, learned, at)):
            text, origin = learned[f"text.{which[number]}"], task.origins[number]
            values[number] = boosting.forecast(text, source, origin, task.steps)
        return Forecasts(values)

    def repriced(self, learned: Arrays, first: int, change: Floats) -> Arrays:
        found = products.repriced(under(PRODUCT, learned), first, change)
        return {**learned, **{f"{PRODUCT}{name}": one for name, one in found.items()}}


def _fitted(task: Task) -> list[bool]:
    """Say of each origin whether there is a fit there."""
    few = task.origins[0] + 1 < YEARS.get(task.frequency, 1.0)
    at = task.origins[0], task.origins[-1 if task.final else 0]
    return [few or one in at for one in task.origins]


def _told(whole: Whole, task: Task, trial: Floats, trees: Trees) -> Text:
    """Return what a model run keeps: the frame, and how and from what it was fitted."""
    layout = layout_of(next(whole.pieces()), task, effects=any(whole.known))
    told = {
        **frames.described(layout),
        "fits": len(trial),
        "history": ["cleaned" if clean < sold else "as sold" for sold, clean in trial.tolist()],
        "rows": trees.rows,
        "trees": trees.rounds,
        **trees.settings,
    }
    return np.frombuffer(json.dumps(told, sort_keys=True).encode(), dtype=np.uint8)


def _driven(whole: Whole, task: Task) -> dict[str, Floats]:
    """Return what the driver panel learns, nothing where no signal is known ahead."""
    if not any(whole.known):
        return {}
    found = driver.MODEL.learn(whole, task)
    return {f"{DRIVER}{name}": values for name, values in found.items()}


def _shared(whole: Whole, task: Task) -> dict[str, Numbers]:
    """Return what is told of products in all stores, where the frame has columns for it."""
    if not frames.tells_of_products(task.frame):
        return {}
    window = frames.WINDOWS[task.frequency][2]
    return {f"{PRODUCT}{k}": one for k, one in products.learned(whole, window).items()}


def _sources(block: Panel, task: Task, learned: Arrays, at: Mapping[int, bool]) -> list[Source]:
    """Return what the trees are told at some origins: `at` says by number if it is cleaned."""
    here = {
        f"{place}.{name}": learned[f"{DRIVER}{number}.{name}"]
        for place, number in enumerate(at)
        for name in _driver_names(learned)
    }
    layout = layout_of(block, task, effects=bool(here))
    first = Source(block, layout, shared=under(PRODUCT, learned))
    if not here:
        return [Source(block, layout, beside=first) for _ in at]
    only = replace(task, origins=tuple(task.origins[one] for one in at))
    told = zip(driver.factors(block, only, here), at.values(), strict=True)
    return [Source(block, layout, factor, clean=one, beside=first) for factor, one in told]


def _driver_names(learned: Arrays) -> list[str]:
    """Return what the driver panel learns at each origin, by name; nothing where it does not."""
    first = f"{DRIVER}0."
    return [name.removeprefix(first) for name in learned if name.startswith(first)]


def _tried(whole: Whole) -> Panel:
    """Return the series on which both histories are tried."""
    random = np.random.default_rng(boosting.SEED)
    return whole.pick(np.sort(random.permutation(whole.width)[:TRIED]))


def _trial(some: Panel, task: Task, last: int, trees: Trees, shared: Arrays) -> Floats:
    """Return the WAPE of both histories in the last periods known at `last`, where a fit is made.

    Not tried where less than one more horizon would be left to learn from.
    """
    origin = last - task.steps
    if origin + 1 < 2 * task.steps:
        return NOT_TRIED
    earlier = replace(task, origins=(origin,))
    driven, actual = _driven(some, earlier), some.fit[origin + 1 : last + 1]
    known: Arrays = {**driven, **shared}
    told = [_sources(piece, earlier, known, {0: False})[0] for piece in some.pieces()]
    errors = []
    for place, clean in enumerate((False, True)):
        half = earlier.reporting(place / 2, (place + 1) / 2)
        sources = [_beside(one, clean=clean) for one in told]
        text = boosting.fit(some, sources, origin, half, trees)
        made = [boosting.forecast(text, one, origin, task.steps) for one in sources]
        errors.append(wape(actual, np.concatenate(made, axis=-1)))
    return np.array(errors)


def _beside(one: Source, *, clean: bool) -> Source:
    return Source(one.block, one.layout, one.factor, clean=clean, beside=one)


MODEL = LightGbm()
