"""What boosted trees say of many rows at a time: the bits of the library in a tenth of its time.

A row is not led down a tree; every split that sends it right rules out the leaves on its left, and
the first leaf that is not ruled out is where it ends (Lucchese et al., "QuickScorer", 2015).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.panel import Floats, Integers
from forecastlab.lib.compiled import check_places, compiled

Numbers = NDArray[np.float32]
# Nearer to zero than this counts as zero in the library.
NEXT_TO_NOTHING = np.float32(1e-35)
MOST_LEAVES, LARGEST = 32, 700.0
CATEGORICAL, DEFAULT_LEFT = 1, 2
# What a split does with a hole: takes it for zero, sends it left or right.
AS_ZERO, LEFT, RIGHT = range(3)


# Rows that are looked at together: their columns stay close to the processor.
TOGETHER = 256
# Multiplied by a single bit, its upper five bits tell which one it is (Leiserson, Prokop and
# Randall, "Using de Bruijn sequences to index a 1 in a computer word", 1998).
DE_BRUIJN = 0x077CB531


@dataclass(frozen=True, slots=True)
class Trees:
    """All splits of all trees, and the values of their leaves by the bit of the leaf.

    Rows of which the `column` is above the `threshold` `rules_out` leaves. Those of tree number n
    are `ends[n - 1]` to `ends[n]`; `leaves` are trees x places of single bits.
    """

    ends: Integers
    column: Integers
    threshold: Numbers
    hole: Integers
    rules_out: NDArray[np.uint32]
    leaves: Floats


@dataclass(frozen=True, slots=True)
class _Tree:
    splits: Sequence[tuple[int, np.float32, int, int]]
    leaves: Floats


@lru_cache(maxsize=8)
def read(text: bytes) -> Trees | None:
    """Read the trees of a model; None where they have something that is not walked here."""
    head, *parts = text.decode().partition("\nend of trees")[0].split("\nTree=")
    if not any(line.startswith("objective=tweedie") for line in head.splitlines()):
        return None
    told = [dict(one.split("=", 1) for one in part.splitlines() if "=" in one) for part in parts]
    trees = [_tree(one) for one in told]
    found = [one for one in trees if one is not None]
    return _joined(found) if len(found) == len(trees) else None


def _joined(trees: Sequence[_Tree]) -> Trees:
    splits = [split for tree in trees for split in tree.splits]
    leaves = np.zeros((len(trees), MOST_LEAVES))
    for row, tree in zip(leaves, trees, strict=True):
        bits = np.uint32(1) << np.arange(len(tree.leaves), dtype=np.uint32)
        row[(bits * np.uint32(DE_BRUIJN)) >> np.uint32(27)] = tree.leaves
    columns, thresholds, holes, masks = zip(*splits, strict=True) if splits else ((),) * 4
    return Trees(
        np.cumsum([len(tree.splits) for tree in trees], dtype=np.int64),
        np.array(columns, dtype=np.int64),
        np.array(thresholds, dtype=np.float32),
        np.array(holes, dtype=np.int64),
        np.array(masks, dtype=np.uint32),
        leaves,
    )


def _tree(told: Mapping[str, str]) -> _Tree | None:
    leaves = np.array(told["leaf_value"].split(), dtype=np.float64)
    if len(leaves) == 1:
        return _Tree([], leaves)
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
        (column, thresholds[node], holes[node] or 0, under[node])
        for node, column in enumerate(columns)
    ]
    return _Tree(splits, leaves[order])


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


def forecast(trees: Trees, frame: Numbers) -> Floats | None:
    """Return what the trees say of each row; None for what is better left to the library."""
    check_places(trees.column, frame.shape[1])
    total = np.zeros(len(frame))
    told = trees.ends, trees.column, trees.threshold, trees.hole, trees.rules_out, trees.leaves
    _add(np.ascontiguousarray(frame), *told, total)
    # The library takes the exponential of the C library, which differs from numpy's in a last bit.
    return np.array([*map(math.exp, total.tolist())]) if (total < LARGEST).all() else None


@compiled(
    "void(const float32[:, ::1], const int64[::1], const int64[::1], const float32[::1], "
    "const int64[::1], const uint32[::1], const float64[:, ::1], float64[::1])",
)
def _add(  # noqa: PLR0913  compiled functions take arrays
    frame: Numbers,
    ends: Integers,
    columns: Integers,
    thresholds: Numbers,
    holes: Integers,
    masks: NDArray[np.uint32],
    leaves: Floats,
    total: Floats,
) -> None:
    nothing, one, shift = np.uint32(0), np.uint32(1), np.uint32(27)
    # What a hole counts as: zero, less than all, more than all.
    filled = np.array([0.0, -np.inf, np.inf], dtype=np.float32)
    values = np.empty((frame.shape[1], TOGETHER), dtype=np.float32)
    out = np.empty(TOGETHER, dtype=np.uint32)
    for start in range(0, len(frame), TOGETHER):
        count = min(TOGETHER, len(frame) - start)
        rows = frame[start:]
        for column in range(len(values)):
            for row in range(count):
                value = rows[row, column]
                values[column, row] = 0.0 if abs(value) <= NEXT_TO_NOTHING else value
        split, sums = 0, total[start:]
        for tree in range(len(ends)):
            leaf = leaves[tree]
            out[:] = nothing
            while split < ends[tree]:
                value, threshold, mask = values[columns[split]], thresholds[split], masks[split]
                hole = filled[holes[split]]
                for row in range(count):
                    given = value[row] if value[row] == value[row] else hole
                    out[row] |= mask if given > threshold else nothing
                split += 1
            for row in range(count):
                # The lowest bit that is not set: all below it are.
                lowest = ~out[row] & (out[row] + one)
                sums[row] += leaf[np.uint32(lowest * np.uint32(DE_BRUIJN)) >> shift]
