"""What others that stand in for a series cost, and whether they are on offer.

Series of one group are products that stand in for each other in one store. Two signals say of a
series what the others of its group do: the mean logarithm of their prices, and the share of them
that is on promotion. What these do to sales is estimated like everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from forecastlab.forecasting.domain.panel import Floats, Integers, Panel, Signals

PRICES, OFFERS = "price of substitutes", "offers of substitutes"
OF = {"price": PRICES, "promo": OFFERS}
ALONE = -1


def others(values: Floats, group: Integers) -> Floats:
    """Return the mean of the others of each series' group, over the last axis; NaN without any."""
    found = np.full(values.shape, np.nan)
    inside = group != ALONE
    if not inside.any():
        return found
    here, which = values[..., inside], group[inside]
    known = ~np.isnan(here)
    shape = (*values.shape[:-1], int(which.max()) + 1)
    total, count = np.zeros(shape), np.zeros(shape)
    moved = np.moveaxis(total, -1, 0), np.moveaxis(count, -1, 0)
    np.add.at(moved[0], which, np.moveaxis(np.where(known, here, 0.0), -1, 0))
    np.add.at(moved[1], which, np.moveaxis(known.astype(np.float64), -1, 0))
    rest = count[..., which] - known
    beside = total[..., which] - np.where(known, here, 0.0)
    found[..., inside] = np.divide(beside, rest, out=np.full(rest.shape, np.nan), where=rest > 0)
    return found


def beside(parts: Sequence[Panel], group: Integers) -> Iterator[Panel]:
    """Yield the parts of a panel with the signals of substitutes; `group` is that of all series."""
    names = parts[0].signals.names
    told = [one for one in OF if one in names and (group != ALONE).any()]
    found: dict[str, Floats] = {}
    for name in told:
        place = names.index(name)
        values = np.concatenate([one.signals.values[place] for one in parts], axis=-1)
        values = values.astype(np.float64)
        found[OF[name]] = others(np.log(values) if name == "price" else values, group)
    start = 0
    for one in parts:
        mine = [values[:, start : start + one.width] for values in found.values()]
        start += one.width
        yield _with(one, list(found), mine)


def _with(panel: Panel, names: Sequence[str], values: Sequence[Floats]) -> Panel:
    if not names:
        return panel
    signals = panel.signals
    more = np.stack(values).astype(np.float32)
    found = Signals(
        (*signals.names, *names),
        (*signals.known, *(True for _ in names)),
        np.concatenate([signals.values, more]),
    )
    return replace(panel, signals=found)
