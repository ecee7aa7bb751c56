"""Which model serves a series: the ways to choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain.metrics import SUMS, Scores, finished
from forecastlab.forecasting.domain.models import ensemble
from forecastlab.forecasting.domain.observed import quotient
from forecastlab.forecasting.domain.panel import Flags, Floats, Integers

# A series leaves the default only for a score that is so much better, and trusts its own points
# only as far as there are many of them.
LEAVES_AT = 0.90
PRIOR_POINTS = 28

Judged = Mapping[str, Scores]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Series told apart: `codes[series]` is a place in `names`."""

    names: tuple[str, ...]
    codes: Integers

    def summed(self, values: Floats) -> Floats:
        """Add up numbers of single series by group: the last axis becomes the group."""
        flat = values.reshape(-1, values.shape[-1])
        rows = [np.bincount(self.codes, weights=one, minlength=len(self.names)) for one in flat]
        return np.array(rows, dtype=np.float64).reshape(*values.shape[:-1], len(self.names))


@dataclass(frozen=True, slots=True)
class Choice:
    """`which[series]` is a place in `models`; `score` is the shrunk score of the chosen one."""

    models: tuple[str, ...]
    which: Integers
    score: Floats

    def on(self, part: slice) -> Choice:
        """Return the same for some series."""
        return Choice(self.models, self.which[part], self.score[part])

    def counts(self, judged: Flags) -> dict[str, int]:
        found = np.bincount(self.which[judged], minlength=len(self.models))
        return {name: int(count) for name, count in zip(self.models, found, strict=True) if count}


def pooled_errors(scores: Judged, judged: Flags, metric: str) -> dict[str, float]:
    """Return what models are ranked by: `metric` pooled over the judged series, for bias its size.

    In the unit of the metric; NaN where it is undefined.
    """
    return {name: abs(one.one_pooled(metric, judged)) for name, one in scores.items()}


def best(errors: Mapping[str, float]) -> str:
    """Return the model with the least error; of equals the ensemble, then the cheaper.

    `errors` comes cheapest first.
    """
    known = {name: error for name, error in errors.items() if np.isfinite(error)} or dict(errors)
    least = min(known.values())
    equals = [name for name, error in known.items() if error == least] or list(known)
    return ensemble.NAME if ensemble.NAME in equals else equals[0]


def everywhere(model: str, scores: Judged) -> Choice:
    """Serve every series by one model."""
    names = tuple(scores)
    width = len(scores[model].points)
    return Choice(names, np.full(width, names.index(model)), np.ones(width))


def shrunk_switch(default: str, scores: Judged, judged: Flags) -> Choice:
    """Serve the default, except where another model's shrunk score is at least 10 % better.

    The score is w * r + (1 - w) * R: r is the absolute error on the series over the default's
    there, R the same over all judged series, and w = n / (n + 28) for n scored points, so that
    few points hardly count.
    """
    names = tuple(scores)
    relative = np.stack([_shrunk(scores[name], scores[default], judged) for name in names])
    rivals = np.where(np.isnan(relative), np.inf, relative)
    rival = rivals.argmin(axis=0)
    score = rivals.min(axis=0)
    leaves = (score <= LEAVES_AT) & judged
    which = np.where(leaves, rival, names.index(default))
    return Choice(names, which, np.where(leaves, score, 1.0))


def lowest(scores: Judged, judged: Flags, default: str) -> Choice:
    """Serve each series by the single model of lowest error there, however few its points."""
    names = tuple(scores)
    errors = np.stack([_if_single(name, scores[name].absolute) for name in names])
    which = np.where(judged, errors.argmin(axis=0), names.index(default))
    return Choice(names, which, np.ones(len(which)))


def best_of_group(
    scores: Judged, judged: Flags, default: str, groups: Grouping, metric: str
) -> Choice:
    """Serve each group by the single model with the least pooled error there.

    A group in which no error is defined is served by the default.
    """
    names = tuple(scores)
    errors = np.stack(
        [_if_single(name, _by_group(scores[name], metric, groups, judged)) for name in names]
    )
    known = np.isfinite(errors).any(axis=0)
    which = np.where(known, errors.argmin(axis=0), names.index(default))[groups.codes]
    return Choice(names, which, np.ones(len(which)))


def _if_single(name: str, errors: Floats) -> Floats:
    """Let the mean of models, and what is undefined, lose against every single model."""
    if name == ensemble.NAME:
        return np.full(errors.shape, np.inf)
    return np.where(np.isnan(errors), np.inf, errors)


def _by_group(one: Scores, metric: str, groups: Grouping, judged: Flags) -> Floats:
    above, below = (groups.summed(np.where(judged, part, 0.0)) for part in one.parts(metric))
    return np.abs(finished(metric, quotient(above, below)))


def _shrunk(one: Scores, default: Scores, judged: Flags) -> Floats:
    weight = default.points / (default.points + PRIOR_POINTS)
    here = quotient(one.absolute, default.absolute)
    usual = default.absolute[judged].sum()
    overall = one.absolute[judged].sum() / usual if usual > 0 else 1.0
    shrunk: Floats = weight * here + (1 - weight) * overall
    return shrunk


def served(choice: Choice, forecasts: Mapping[str, Floats]) -> Floats:
    """Return the chosen model's values for each series: any shape whose last axis is the series."""
    first, *others = np.unique(choice.which)
    chosen = forecasts[choice.models[first]].copy()
    for place in others:
        mine = choice.which == place
        chosen[..., mine] = forecasts[choice.models[place]][..., mine]
    return chosen


def scores_of(choice: Choice, scores: Judged) -> Scores:
    """Return what the choice adds up to: for each series the sums of the model that serves it."""
    models = {name: scores[name] for name in choice.models}
    sums = {
        name: served(choice, {one: getattr(sum_, name) for one, sum_ in models.items()})
        for name in SUMS
    }
    return Scores(**sums, scales=models[choice.models[0]].scales)
