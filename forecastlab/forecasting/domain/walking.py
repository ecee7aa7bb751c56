"""What boosted trees say of many rows at a time: the bits of the library in half of its time.

A row is not led down a tree; every split that sends it right rules out the leaves on its left, and
the first leaf that is not ruled out is where it ends (Lucchese et al., "QuickScorer", 2015). Splits
on what is alike for all steps ahead are looked at once for each series.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.panel import Flags, Floats

Numbers = NDArray[np.float32]
# Fewer rows go through the library faster. Nearer to zero than this counts as zero there.
FEWEST, NEXT_TO_NOTHING = 3_000, np.float32(1e-35)
MOST_LEAVES, LARGEST = 32, 700.0
CATEGORICAL, DEFAULT_LEFT = 1, 2
# What a split does with a hole: takes it for zero, sends it left or right.
AS_ZERO, LEFT, RIGHT = range(3)


@dataclass(frozen=True, slots=True)
class Split:
    """Rows of which the column is above the threshold `rules_out` leaves, by their bits."""

    column: int
    threshold: np.float32
    hole: int
    rules_out: np.uint32


@dataclass(frozen=True, slots=True)
class Tree:
    """Splits in any order, and the values of the leaves from left to right."""

    splits: Sequence[Split]
    leaves: Floats


@lru_cache(maxsize=8)
def read(text: bytes) -> Sequence[Tree] | None:
    """Read the trees of a model; None where they have something that is not walked here."""
    head, *parts = text.decode().partition("\nend of trees")[0].split("\nTree=")
    if not any(line.startswith("objective=tweedie") for line in head.splitlines()):
        return None
    told = [dict(one.split("=", 1) for one in part.splitlines() if "=" in one) for part in parts]
    trees = [_tree(one) for one in told]
    found = [one for one in trees if one is not None]
    return found if len(found) == len(trees) else None


def _tree(told: Mapping[str, str]) -> Tree | None:
    leaves = np.array(told["leaf_value"].split(), dtype=np.float64)
    if len(leaves) == 1:
        return Tree([], leaves)
    kinds = [int(one) for one in told["decision_type"].split()]
    holes = [_hole(one) for one in kinds]
    plain = not any(one & CATEGORICAL for one in kinds) and told.get("is_linear", "0") == "0"
    if len(leaves) > MOST_LEAVES or not plain or None in holes:
        return None
    left, right = (
        [int(one) for one in told[f"{side}_child"].split()] for side in ("left", "right")
    )
    order, under = _leaves(left, right)
    columns = [int(one) for one in told["split_feature"].split()]
    thresholds = _rounded(np.array(told["threshold"].split(), dtype=np.float64))
    splits = [
        Split(column, thresholds[node], holes[node] or 0, np.uint32(under[node]))
        for node, column in enumerate(columns)
    ]
    return Tree(splits, leaves[order])


def _hole(kind: int) -> int | None:
    """Return what a split does with a hole; None where zeros count as holes."""
    missing = kind >> 2 & 3
    if missing == 1:
        return None
    return AS_ZERO if missing == 0 else LEFT if kind & DEFAULT_LEFT else RIGHT


def _leaves(left: Sequence[int], right: Sequence[int]) -> tuple[list[int], dict[int, int]]:
    """Return the leaves from left to right, and the bits of those on the left of each split."""
    order: list[int] = []
    under: dict[int, int] = {}

    def walk(node: int) -> int:
        if node < 0:
            order.append(~node)
            return 1 << (len(order) - 1)
        under[node] = walk(left[node])
        return under[node] | walk(right[node])

    walk(0)
    return order, under


def _rounded(thresholds: Floats) -> Numbers:
    """Round down: numbers of single precision are above the one where they are above the other."""
    near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)


def forecast(trees: Sequence[Tree], frame: Numbers, width: int) -> Floats | None:
    """Return what the trees say of each row; None for what is better left to the library.

    `frame` has the rows of all series for one step after the other, `width` series.
    """
    if len(frame) < FEWEST:
        return None
    columns = [_Column.of(one, width) for one in np.ascontiguousarray(frame.T)]
    total = np.zeros(len(frame))
    for tree in trees:
        total += tree.leaves[_ended(tree, columns, len(frame), width)]
    if not (total < LARGEST).all():
        return None
    # The library takes the exponential of the C library, which differs from numpy's in a last bit.
    return np.fromiter(map(math.exp, total.tolist()), dtype=np.float64, count=len(total))


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: of the first step only where the others are alike. `filled` has no holes."""

    values: Numbers
    filled: Numbers
    holes: bool
    alike: bool

    @classmethod
    def of(cls, values: Numbers, width: int) -> _Column:
        bits = values.view(np.uint32).reshape(-1, width)
        alike = bool((bits == bits[0]).all())
        values = values[:width] if alike else values
        values = np.where(np.abs(values) <= NEXT_TO_NOTHING, np.float32(0), values)
        holes = np.isnan(values)
        filled = np.where(holes, np.float32(0), values) if holes.any() else values
        return cls(values, filled, bool(holes.any()), alike)

    def right(self, split: Split, out: Flags) -> None:
        """Say which rows a split sends right."""
        if self.holes and split.hole == RIGHT:
            np.less_equal(self.values, split.threshold, out=out)
            np.logical_not(out, out=out)
        else:
            values = self.filled if split.hole == AS_ZERO else self.values
            np.greater(values, split.threshold, out=out)


def _ended(tree: Tree, columns: Sequence[_Column], rows: int, width: int) -> NDArray[np.uint8]:
    """Return at which leaf, from the left, each row ends."""
    out = {alike: np.zeros(width if alike else rows, dtype=np.uint32) for alike in (True, False)}
    right = {alike: np.empty(len(one), dtype=np.bool_) for alike, one in out.items()}
    bits = {alike: np.empty_like(one) for alike, one in out.items()}
    for split in tree.splits:
        column = columns[split.column]
        here = right[column.alike], bits[column.alike], out[column.alike]
        column.right(split, here[0])
        np.multiply(here[0], split.rules_out, out=here[1])
        np.bitwise_or(here[2], here[1], out=here[2])
    ruled_out = out[False].reshape(-1, width)
    ruled_out |= out[True]
    # The lowest bit that is not set: all below it are, and are as many as its place.
    lowest = ~out[False] & (out[False] + np.uint32(1))
    return np.bitwise_count(lowest - np.uint32(1))
