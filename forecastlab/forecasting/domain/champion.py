"""Which model serves a series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain.metrics import Scores
from forecastlab.forecasting.domain.models import ensemble
from forecastlab.forecasting.domain.observed import quotient
from forecastlab.forecasting.domain.panel import Flags, Floats, Integers

# A series leaves the default only for a score that is so much better, and trusts its own points
# only as far as there are many of them.
LEAVES_AT = 0.90
PRIOR_POINTS = 28

Judged = Mapping[str, Scores]


@dataclass(frozen=True, slots=True)
class Choice:
    """`which[series]` is a place in `models`; `score` is the shrunk score of the chosen one."""

    models: tuple[str, ...]
    which: Integers
    score: Floats

    def counts(self, judged: Flags) -> dict[str, int]:
        found = np.bincount(self.which[judged], minlength=len(self.models))
        return {name: int(count) for name, count in zip(self.models, found, strict=True) if count}


def pooled_errors(scores: Judged, judged: Flags, metric: str) -> dict[str, float]:
    """Return what models are ranked by: `metric` pooled over the judged series, for bias its size.

    In the unit of the metric; NaN where it is undefined.
    """
    return {name: abs(one.pooled(judged)[metric]) for name, one in scores.items()}


def best(errors: Mapping[str, float]) -> str:
    """Return the model with the least error; of equals the ensemble, then the cheaper.

    `errors` comes cheapest first.
    """
    known = {name: error for name, error in errors.items() if np.isfinite(error)} or dict(errors)
    least = min(known.values())
    equals = [name for name, error in known.items() if error == least] or list(known)
    return ensemble.NAME if ensemble.NAME in equals else equals[0]


def default_of(errors: Mapping[str, float]) -> str:
    """Return what serves a series that nothing speaks against."""
    return ensemble.NAME if ensemble.NAME in errors else best(errors)


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
    """Serve each series by its own lowest error, whatever the number of points."""
    names = tuple(scores)
    errors = np.stack([scores[name].absolute for name in names])
    which = np.where(judged, errors.argmin(axis=0), names.index(default))
    return Choice(names, which, np.ones(len(which)))


def _shrunk(one: Scores, default: Scores, judged: Flags) -> Floats:
    weight = default.points / (default.points + PRIOR_POINTS)
    here = quotient(one.absolute, default.absolute)
    usual = default.absolute[judged].sum()
    overall = one.absolute[judged].sum() / usual if usual > 0 else 1.0
    shrunk: Floats = weight * here + (1 - weight) * overall
    return shrunk


def served(choice: Choice, forecasts: Mapping[str, Floats]) -> Floats:
    """Return the chosen model's values for each series: any shape whose last axis is the series."""
    stacked = np.stack([forecasts[name] for name in choice.models])
    which = np.broadcast_to(choice.which, (1, *stacked.shape[1:]))
    chosen: Floats = np.take_along_axis(stacked, which, axis=0)[0]
    return chosen
