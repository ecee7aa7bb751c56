from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain import effects, regressions, season_index
from forecastlab.forecasting.domain.effects import Columns
from forecastlab.forecasting.domain.models import ses_weekday
from forecastlab.forecasting.domain.panel import BLOCK, Floats, Panel, Whole
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, PanelModel, Task
from forecastlab.forecasting.domain.regressions import Pool, Sums
from forecastlab.forecasting.domain.smoothing import smooth

CAP = 1.5


class Driver(PanelModel):
    """A smoothed level times what prices, promotions, holidays and the season do to it.

    An effect is exp(coefficient * (signal - its mean)); the level is that of sales with all of
    them taken out. No forecast is above CAP times the most that a series ever sold. A signal that
    is not given for a period has no effect there. Without any known signal what is left is the
    level and the pooled season: SES x weekday.
    """

    name = "driver"
    title = "Driver panel"
    cost = 3.0
    needs_plan = True

    def learn(self, whole: Whole, task: Task) -> Arrays:
        """Return, for the origin number n: `n.category`, categories x columns, and the rest."""
        if not any(whole.known):
            return ses_weekday.MODEL.learn(whole, task)
        logs = effects.always_positive(whole, task.origins)
        index = np.ones((len(task.origins), 1))
        if effects.long_season(task):
            index = season_index.at_origins(whole, task)
        pools: list[Pool] = []
        for number, piece in enumerate(whole.pieces(), start=1):
            at = effects.columns_at(piece, task, logs, index)
            pools = pools or [Pool(whole.groups, one.count) for one in at]
            _add(piece, task, at, pools)
            task.report(min(number * BLOCK / whole.width, 1.0))
        learned: dict[str, Floats] = {}
        for number, (pool, one) in enumerate(zip(pools, logs, strict=True)):
            learned[f"{number}.category"], learned[f"{number}.usual"] = pool.coefficients()
            learned[f"{number}.logs"] = np.array(one, dtype=np.float64)
            learned[f"{number}.index"] = index[number]
        return learned

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        if not any(block.signals.known):
            return ses_weekday.MODEL.forecast(block, task, learned)
        at = _columns(block, task, learned)
        found = [_forecast(one, task, at, learned) for one in _cut(block, task, at)]
        state = {
            name: np.concatenate([one.state[name] for one in found], axis=-1)
            for name in found[0].state
        }
        return Forecasts(np.concatenate([one.values for one in found], axis=-1), state)


def _add(block: Panel, task: Task, at: Sequence[Columns], pools: Sequence[Pool]) -> None:
    for part in effects.slices(block, at):
        some = block.columns(*part)
        sales = effects.log_sales(some.fit)
        for numbers, columns in effects.alike(at):
            origins = tuple(task.origins[one] for one in numbers)
            signals = effects.told(some, columns, max(origins) + 1)
            found = regressions.sums_at(signals, sales, columns, origins)
            for number, sums in zip(numbers, found, strict=True):
                pools[number].add(sums, some.groups.category)


def factors(block: Panel, task: Task, learned: Arrays) -> list[Floats]:
    """Return what known signals and the season make of the level, as seen at each origin.

    Each is periods, up to the last one that is forecast from there, by series.
    """
    at = _columns(block, task, learned)
    found: list[list[Floats]] = [[] for _ in task.origins]
    for part in _cut(block, task, at):
        for one in _at_origins(part, task, at, learned):
            found[one.number].append(one.factor)
    return [np.concatenate(parts, axis=-1) for parts in found]


def _columns(block: Panel, task: Task, learned: Arrays) -> list[Columns]:
    logs = [tuple(learned[f"{one}.logs"] > 0) for one in range(len(task.origins))]
    index = np.stack([learned[f"{one}.index"] for one in range(len(task.origins))])
    return effects.columns_at(block, task, logs, index)


def _cut(block: Panel, task: Task, at: Sequence[Columns]) -> list[Panel]:
    return [block.columns(*one) for one in effects.slices(block, at)]


@dataclass(frozen=True, slots=True)
class _AtOrigin:
    """What is known at one origin: coefficients, series x columns, and the factor they make."""

    number: int
    sums: Sums
    coefficients: Floats
    factor: Floats


def _at_origins(
    block: Panel, task: Task, at: Sequence[Columns], learned: Arrays
) -> Iterator[_AtOrigin]:
    sales = effects.log_sales(block.fit)
    for numbers, columns in effects.alike(at):
        origins = tuple(task.origins[one] for one in numbers)
        signals = effects.told(block, columns, max(origins) + 1 + task.steps)
        found = regressions.sums_at(signals, sales, columns, origins)
        for number, sums in zip(numbers, found, strict=True):
            own = _drawn(block, task, sums, learned, number)
            until = task.origins[number] + 1 + task.steps
            factor = effects.factors(signals, columns, own, sums.means, until)
            yield _AtOrigin(number, sums, own, factor)


def _forecast(block: Panel, task: Task, at: Sequence[Columns], learned: Arrays) -> Forecasts:
    values = np.empty((len(task.origins), task.steps, block.width))
    state: dict[str, Floats] = {}
    for one in _at_origins(block, task, at, learned):
        known = block.fit[: task.origins[one.number] + 1]
        smoothed = smooth(known / one.factor[: len(known)], (len(known) - 1,))
        most, level = CAP * _most(known), smoothed.level[0]
        values[one.number] = np.minimum(level * one.factor[len(known) :], most)
        if one.number == len(task.origins) - 1:
            state = {"coefficients": one.coefficients.T, "means": one.sums.means.T}
            state |= {"level": level, "rate": smoothed.rate[0], "most": most}
    return Forecasts(values, state)


def _drawn(block: Panel, task: Task, sums: Sums, learned: Arrays, number: int) -> Floats:
    """Return the coefficients of each series at an origin: series x columns."""
    category, usual = learned[f"{number}.category"], learned[f"{number}.usual"]
    toward = category[block.groups.category] if len(category) > 1 else category
    weight = usual * regressions.SERIES_PRIOR[task.frequency]
    return regressions.drawn(sums.squares, sums.products, toward, weight)


def _most(known: Floats) -> Floats:
    """Return the most that each series ever sold, 0 where it never did."""
    most: Floats = np.fmax.reduce(known, axis=0, initial=0.0)
    return most


MODEL = Driver()
