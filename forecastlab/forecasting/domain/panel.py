"""Every series of a version side by side on one full calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from forecastlab.lib.compiled import check_places, compiled
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.domain.profiles import STOCKOUT_LIMIT

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
BLOCK = 500
# Panels are read part by part: this much takes minutes, and is most likely a mistake.
MOST_CELLS = 200_000_000
# What a packed panel holds once, not by series.
SHARED = frozenset({"signal_names", "signal_known", "group_counts"})
# A plan is one that tells of this share of the series that the last few periods tell of.
PLANNED, RECENT = 0.9, 8


class PanelTooLarge(BadInput):
    """The full calendar of every series is too much to work through."""

    code = "panel_too_large"


@dataclass(frozen=True, slots=True)
class Signals:
    """What is told beside the quantity: `values` is signals x (periods + planned) x series.

    A `known` signal is known ahead, any other only when its period is over. NaN is unknown.
    """

    names: tuple[str, ...]
    known: tuple[bool, ...]
    values: NDArray[np.float32]

    @property
    def ahead(self) -> dict[str, bool]:
        """Say of each signal, by name, whether it is known ahead."""
        return dict(zip(self.names, self.known, strict=True))

    def of(self, name: str) -> NDArray[np.float32]:
        """Return one signal: periods and what is planned, by series."""
        values: NDArray[np.float32] = self.values[self.names.index(name)]
        return values

    def columns(self, part: slice | Integers) -> Signals:
        return Signals(self.names, self.known, np.ascontiguousarray(self.values[:, :, part]))


@dataclass(frozen=True, slots=True)
class Groups:
    """The store, product and category of each series, by numbers from 0, and how many there are.

    A product without a category is one by itself; series without products share one.
    """

    store: Integers
    product: Integers
    category: Integers
    stores: int
    products: int
    categories: int

    def columns(self, part: slice | Integers) -> Groups:
        cut = self.store[part], self.product[part], self.category[part]
        return Groups(*cut, self.stores, self.products, self.categories)


@dataclass(frozen=True, slots=True)
class Panel:
    """Periods down, series across.

    `fit` is what models learn from and `actual` what they are judged by; in both, NaN is unknown
    or not to be counted. `all_days` is `actual` with the stock-outs that it leaves out. A series
    begins with its first sale: what lies before is NaN in `fit`.

    `closed` and `signals` go on after the last period of sales for as long as there is a plan;
    what is closed is known ahead.
    """

    series: Integers
    fit: Floats
    actual: Floats
    closed: Flags
    all_days: Floats
    signals: Signals
    groups: Groups

    @property
    def periods(self) -> int:
        return int(self.fit.shape[0])

    @property
    def planned(self) -> int:
        """Return how many periods after the sales something is told of."""
        return int(self.closed.shape[0]) - self.periods

    @property
    def width(self) -> int:
        return int(self.fit.shape[1])

    @property
    def known(self) -> tuple[bool, ...]:
        """Say of each signal whether it is known ahead."""
        return self.signals.known

    def columns(self, start: int, stop: int) -> Panel:
        return self._part(slice(start, stop))

    def pick(self, places: Integers) -> Panel:
        """Return the panel of some series only."""
        return self._part(places)

    def _part(self, part: slice | Integers) -> Panel:
        fit = np.ascontiguousarray(self.fit[:, part])
        same = self.actual is self.fit
        actual = fit if same else np.ascontiguousarray(self.actual[:, part])
        same = self.all_days is self.actual
        return Panel(
            self.series[part],
            fit,
            actual,
            np.ascontiguousarray(self.closed[:, part]),
            actual if same else np.ascontiguousarray(self.all_days[:, part]),
            self.signals.columns(part),
            self.groups.columns(part),
        )

    def since(self, start: int) -> Panel:
        """Return the panel as if nothing were known of the periods before `start`."""
        fit, actual, all_days = self.fit[start:], self.actual[start:], self.all_days[start:]
        signals = replace(self.signals, values=self.signals.values[:, start:])
        return Panel(self.series, fit, actual, self.closed[start:], all_days, signals, self.groups)

    def until(self, stop: int) -> Panel:
        """Return the panel as if sales were known of the periods before `stop` only."""
        fit, actual, all_days = self.fit[:stop], self.actual[:stop], self.all_days[:stop]
        return Panel(self.series, fit, actual, self.closed, all_days, self.signals, self.groups)

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Yield the same blocks however the panel is cut in shards of whole blocks.

        Sums over a block then add the same numbers in the same order, to the last bit.
        """
        for start in range(0, self.width, BLOCK):
            yield start, min(start + BLOCK, self.width)

    def pieces(self) -> Iterator[Panel]:
        return (self.columns(*edges) for edges in self.blocks())


class Whole(Protocol):
    """Every series, block by block: what is learnt from all of them need not fit in memory.

    `pieces` can be gone through as often as needed; `groups` are those of all series.
    """

    @property
    def periods(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def known(self) -> tuple[bool, ...]: ...
    @property
    def groups(self) -> Groups: ...

    def pieces(self) -> Iterator[Panel]: ...

    def since(self, start: int) -> Whole: ...

    def pick(self, places: Integers) -> Panel: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """A whole panel of which `read` gives one part of whole blocks after the other."""

    periods: int
    known: tuple[bool, ...]
    groups: Groups
    read: Callable[[], Iterator[Panel]]
    start: int = 0

    @property
    def width(self) -> int:
        return len(self.groups.store)

    def pieces(self) -> Iterator[Panel]:
        for part in self.read():
            for piece in part.pieces():
                yield piece.since(self.start) if self.start else piece

    def since(self, start: int) -> Parts:
        return replace(self, start=self.start + start, periods=self.periods - start)

    def until(self, stop: int) -> Parts:
        """Return the panel as if sales were known of the periods before `stop` only."""
        return replace(self, periods=stop, read=lambda: (one.until(stop) for one in self.read()))

    def pick(self, places: Integers) -> Panel:
        """Return the panel of some series only; `places` ascend."""
        found, start = [], 0
        for piece in self.pieces():
            here = places[(places >= start) & (places < start + piece.width)] - start
            if len(here):
                found.append(piece.pick(here))
            start += piece.width
        return joined(found)


def joined(parts: Sequence[Panel]) -> Panel:
    """Put panels of the same periods and signals side by side."""
    packed = [pack(one) for one in parts]
    across = {
        name: np.concatenate([one[name] for one in packed], axis=-1)
        for name in packed[0]
        if name not in SHARED
    }
    return unpack(packed[0] | across)


def pack(panel: Panel) -> dict[str, NDArray[np.generic]]:
    """Return what models need of a panel as arrays; what they are judged by stays behind."""
    groups, signals = panel.groups, panel.signals
    counts = [groups.stores, groups.products, groups.categories]
    return {
        "series": panel.series,
        "fit": panel.fit,
        "closed": panel.closed,
        "signal_names": np.array(signals.names, dtype=np.str_),
        "signal_known": np.array(signals.known, dtype=np.bool_),
        "signals": signals.values,
        "groups": np.stack([groups.store, groups.product, groups.category]),
        "group_counts": np.array(counts, dtype=np.int64),
    }


def unpack(stored: Mapping[str, NDArray[Any]]) -> Panel:
    """Read back what `pack` gave; in it `actual` is what can be learnt from."""
    fit, closed = stored["fit"], stored["closed"]
    names, known = stored["signal_names"].tolist(), stored["signal_known"].tolist()
    signals = Signals(tuple(names), tuple(known), stored["signals"])
    groups = Groups(*stored["groups"], *stored["group_counts"].tolist())
    return Panel(stored["series"], fit, fit, closed, fit, signals, groups)


def signals_told(panel: Panel) -> Integers:
    """Return for how many series each known signal is given: signals x the last periods."""
    lately = panel.signals.values[:, max(panel.periods - RECENT, 0) :]
    known = lately[list(panel.signals.known)]
    return np.asarray((~np.isnan(known)).sum(axis=2), dtype=np.int64)


def planned_ahead(told: Integers, planned: int) -> int | None:
    """Return how many periods after the sales all known signals are given for; None without any.

    `told` is the sum of `signals_told` over all parts. A signal is given for a period that has it
    for nearly as many series as the last ones did; one that none of these had does not count. A
    period of which nothing is told, such as the Sundays of a shop, neither counts nor ends a plan.
    """
    length = told.shape[1] - planned
    told = told[told[:, :length].any(axis=1)]
    if not len(told):
        return None
    is_told: Flags = np.asarray(told.any(axis=0))
    enough = PLANNED * told[:, :length][:, is_told[:length]].min(axis=1)
    given: Flags = np.asarray((told[:, length:] >= np.maximum(enough, 1)[:, None]).all(axis=0))
    ends = np.flatnonzero(is_told[length:] & ~given)
    planned = int(ends[0]) if len(ends) else planned
    return int(np.flatnonzero(given[:planned]).max(initial=-1)) + 1


def check_size(series: int, periods: int) -> None:
    """Raise PanelTooLarge for what most likely has a wrong date or frequency."""
    if series * periods > MOST_CELLS:
        raise PanelTooLarge(
            f"{series:,} series over {periods:,} periods are more than {MOST_CELLS:,} values.",
            hint="Check the first and the last date of the dataset, and its frequency.",
        )


def groups_of(columns: Mapping[str, Sequence[str | None]], width: int) -> Groups:
    """Number stores, products and categories; `columns` holds their codes by series, if any."""
    store = _numbered(columns.get("store", [None] * width))
    product = _numbered(columns.get("product", [None] * width))
    given = columns.get("category", [None] * width)
    own = [f"product {one}" for one in product.tolist()]
    both = zip(given, own, strict=True)
    category = _numbered([f"category {one}" if one else alone for one, alone in both])
    counts = (int(one.max(initial=-1)) + 1 for one in (store, product, category))
    return Groups(store, product, category, *counts)


def _numbered(codes: Sequence[str | None]) -> Integers:
    _names, numbers = np.unique([one or "" for one in codes], return_inverse=True)
    return numbers.reshape(-1).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts in columns, in any order.

    `columns` holds series_id, t, quantity and, where the version has them, open and
    stockout_share; `signals` names others of them, and says of each whether it is known ahead.
    `periods` are those with sales, `planned` how many follow.
    """

    columns: Mapping[str, NDArray[np.generic]]
    periods: int
    planned: int = 0
    signals: Mapping[str, bool] = field(default_factory=dict)


def build(facts: Facts, series: Integers, groups: Groups) -> Panel:
    """Lay facts out; `series` is sorted."""
    columns = facts.columns
    places = np.searchsorted(series, columns["series_id"])
    where = np.stack([columns["t"].astype(np.int64), places])
    shape = (facts.periods + facts.planned, len(series))
    check_places(where[0], shape[0])
    check_places(where[1], shape[1])
    sold = _laid_out(columns["quantity"], where, shape)[: facts.periods]
    sold[sold < 0] = np.nan
    actual = sold
    if "stockout_share" in columns:
        share = _laid_out(columns["stockout_share"], where, shape)[: facts.periods]
        actual = np.where(share >= STOCKOUT_LIMIT, np.nan, sold)
    closed = np.zeros(shape, dtype=np.bool_)
    if "open" in columns:
        closed = _laid_out(columns["open"], where, shape) == 0
    fit = np.where(closed[: facts.periods], np.nan, actual)
    _begin(fit)
    values = np.full((len(facts.signals), *shape), np.nan, dtype=np.float32)
    for one, name in zip(values, facts.signals, strict=True):
        _lay_out(np.ascontiguousarray(columns[name], dtype=np.float32), where, one)
    signals = Signals(tuple(facts.signals), tuple(facts.signals.values()), values)
    return Panel(series, fit, actual, closed, sold, signals, groups)


def _laid_out(
    values: NDArray[np.generic],
    where: Integers,
    shape: tuple[int, int],
) -> Floats:
    laid = np.full(shape, np.nan)
    _lay_out(np.ascontiguousarray(values, dtype=np.float64), where, laid)
    return laid


@compiled(
    "void(const float64[::1], const int64[:, ::1], float64[:, ::1])",
    "void(const float32[::1], const int64[:, ::1], float32[:, ::1])",
)
def _lay_out(values: NDArray[Any], where: Integers, laid: NDArray[Any]) -> None:
    for place in range(len(values)):
        laid[where[0, place], where[1, place]] = values[place]


@compiled(
    "void(float64[:, ::1])",
)
def _begin(fit: Floats) -> None:
    """Forget what lies before the first sale of each series."""
    begun = np.zeros(fit.shape[1], dtype=np.bool_)
    for t in range(fit.shape[0]):
        for s in range(fit.shape[1]):
            begun[s] = begun[s] or fit[t, s] > 0
            if not begun[s]:
                fit[t, s] = np.nan


def first_sale(panel: Panel) -> Integers:
    """Return the period in which each series begins; `periods` where it never does."""
    seen = ~np.isnan(panel.fit)
    return np.where(seen.any(axis=0), seen.argmax(axis=0), panel.periods)
