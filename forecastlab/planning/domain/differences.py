"""Two forecasts set beside each other: what changed, on the periods and series that both have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Side:
    """One forecast: `values` is series x periods, with the names of both."""

    names: Sequence[str]
    labels: Sequence[str]
    values: Floats


@dataclass(frozen=True, slots=True)
class Difference:
    """Sums over common periods. `names` are the common series whose numbers differ, most first.

    `added` and `gone` are series that only the later, or only the earlier one has.
    """

    labels: Sequence[str]
    names: Sequence[str]
    before: Floats
    after: Floats
    before_total: float
    after_total: float
    common: int
    added: Sequence[str]
    gone: Sequence[str]

    @property
    def change(self) -> float:
        return self.after_total - self.before_total


def between(before: Side, after: Side) -> Difference:
    """Compare `after` with `before`; a series differs where any of its numbers does."""
    there = set(before.labels)
    labels = [one for one in after.labels if one in there]
    known = {name: row for row, name in enumerate(before.names)}
    both = [name for name in after.names if name in known]
    own = {name: row for row, name in enumerate(after.names)}
    old = _part(before, [known[one] for one in both], labels)
    new = _part(after, [own[one] for one in both], labels)
    changed = np.flatnonzero((np.abs(new - old) > 1e-9).any(axis=1))
    most = np.abs(new - old).sum(axis=1)[changed]
    order = changed[np.argsort(-most, kind="stable")]
    return Difference(
        labels=labels,
        names=[both[one] for one in order],
        before=old[order].sum(axis=1),
        after=new[order].sum(axis=1),
        before_total=float(old.sum()),
        after_total=float(new.sum()),
        common=len(both),
        added=[one for one in after.names if one not in known],
        gone=[one for one in before.names if one not in own],
    )


def _part(side: Side, rows: Sequence[int], labels: Sequence[str]) -> Floats:
    places = {label: place for place, label in enumerate(side.labels)}
    columns = [places[one] for one in labels]
    found: Floats = side.values[np.array(rows, dtype=np.int64)][:, columns]
    return found
