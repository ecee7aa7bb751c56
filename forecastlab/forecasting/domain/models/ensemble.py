from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from forecastlab.forecasting.domain.panel import Floats

NAME = "ensemble"
TITLE = "Mean of the best"
MOST = 3
WITHIN = 1.10


def members(errors: Mapping[str, float]) -> list[str]:
    """Return up to three models, best first, whose pooled error is within 10 % of the best.

    `errors` comes cheapest model first, so that of equals the cheaper is taken.
    """
    ranked = sorted((name for name in errors if np.isfinite(errors[name])), key=errors.__getitem__)
    return [name for name in ranked if errors[name] <= WITHIN * errors[ranked[0]]][:MOST]


def combine(forecasts: Sequence[Floats]) -> Floats:
    """Return the mean of arrays of one shape; summed in their order, so that bytes repeat."""
    return sum(forecasts[1:], start=forecasts[0]) / len(forecasts)
