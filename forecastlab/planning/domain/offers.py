"""Whether prices fall while something is on offer, so that what is off is a matter of price."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecastlab.forecasting.domain.panel import Floats, Panel
from forecastlab.planning.domain.response import PRICE

# From here on prices are lower in offers: the logarithm, on average over series.
FALLS = -0.02


def in_price(parts: Sequence[Panel], names: Sequence[str]) -> frozenset[str]:
    """Return which signals say that something is cheaper: prices are lower while they are on.

    A series counts as much as any other, and only where both happened: with the signal and without.
    """
    if not parts or PRICE not in parts[0].signals.names:
        return frozenset()
    others = [name for name in names if name != PRICE]
    gaps = {name: np.concatenate([_gaps(one, name) for one in parts]) for name in others}
    return frozenset(name for name, gap in gaps.items() if gap.size and gap.mean() < FALLS)


def _gaps(panel: Panel, name: str) -> Floats:
    """Return how the mean logarithm of price differs with a signal, of each series that tells."""
    names, history = panel.signals.names, slice(0, panel.periods)
    price = panel.signals.values[names.index(PRICE), history].astype(np.float64)
    told = panel.signals.values[names.index(name), history]
    known = (price > 0) & ~np.isnan(told)
    logged = np.log(np.where(known, price, 1.0))
    on, off = known & (told > 0), known & (told <= 0)
    both = on.any(axis=0) & off.any(axis=0)
    means = [(logged * one)[:, both].sum(axis=0) / one[:, both].sum(axis=0) for one in (on, off)]
    return np.asarray(means[0] - means[1], dtype=np.float64)
