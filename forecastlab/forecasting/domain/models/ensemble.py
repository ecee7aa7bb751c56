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

    `errors` comes cheapest model first, so that of equals the cheaper is taken. The others of
    them are left out: models of one error to the last bit are one model, whose voice counts once.
    """
    apart = {error: name for name, error in reversed(list(errors.items())) if np.isfinite(error)}
    return [apart[error] for error in sorted(apart) if error <= WITHIN * min(apart)][:MOST]


def combine(forecasts: Sequence[Floats]) -> Floats:
    """Return the mean of arrays of one shape; summed in their order, so that bytes repeat."""
    return sum(forecasts[1:], start=forecasts[0]) / len(forecasts)
