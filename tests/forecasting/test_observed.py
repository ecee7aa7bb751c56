"""Sums down the periods are those of numpy, to the same last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forecastlab.forecasting.domain import effects, observed
from forecastlab.forecasting.domain.effects import Columns
from forecastlab.forecasting.domain.frames.sources import Sums
from tests.forecasting.panels import make_panel


def holed(width: int, share: float = 0.1) -> Any:
    random = np.random.default_rng(width)
    values = random.gamma(0.7, 9.0, (90, width))
    values[random.random(values.shape) < share] = np.nan
    return values


@pytest.mark.parametrize("width", [1, 3, 40])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_running_sums_and_counts_are_those_of_numpy(width, kind) -> None:
    values = holed(width, 0.3).astype(kind)

    sums, counts = observed.running(values)

    known = ~np.isnan(values)
    added = np.cumsum(np.where(known, values, 0), axis=0, dtype=np.float64)
    assert sums[1:].tobytes() == added.tobytes()
    assert np.array_equal(counts[1:], np.cumsum(known, axis=0))
    assert not sums[0].any()
    assert not counts[0].any()


def test_places_of_a_season_are_added_up_as_known_at_each_end() -> None:
    values, ends = holed(5, 0.3), [20, 61, 90]

    sums, counts = observed.by_place(values, 7, ends)

    for end, total, count in zip(ends, sums, counts, strict=True):
        for place in range(7):
            there = values[:end][place::7]
            assert np.allclose(total[place], np.nansum(there, axis=0), rtol=1e-14)
            assert np.array_equal(count[place], (~np.isnan(there)).sum(axis=0))


def test_the_last_value_is_found_wherever_it_lies() -> None:
    values = holed(4)
    values[20:, 2] = np.nan
    values[:, 3] = np.nan

    last = observed.last_seen(values)

    assert last[2] == values[:20, 2][~np.isnan(values[:20, 2])][-1]
    assert last[3] == 0
    some = observed.lately(values[:, :2])
    assert 0 < len(some) < len(values)
    assert np.array_equal(observed.last_seen(some), last[:2])


def test_windows_of_one_origin_are_those_of_single_cells() -> None:
    sums, series = Sums(holed(5)), np.tile(np.arange(5), 4)

    for origin, window in ((70, 28), (12, 28), (70, 400)):
        last = np.full(len(series), origin)
        together = sums.total(last, series, window)
        alone = [sums.total(last[:1], series[one : one + 1], window) for one in range(5)]
        assert [one.tobytes() for one in together] == [
            np.tile(np.concatenate(parts), 4).tobytes() for parts in zip(*alone, strict=True)
        ]


def test_unknown_signals_are_filled_alike_alone_and_beside_others() -> None:
    values = holed(6, 0.05)
    values[:60] = np.abs(holed(6, 0.0)[:60])
    panel = make_panel(np.ones((90, 6)), signals={"price": (values, True)})
    columns = Columns((0,), (False,), np.zeros((1, 0)))

    made = effects.told(panel, columns, 95)

    alone = [effects.told(panel.columns(one, one + 1), columns, 95) for one in range(6)]
    assert made.tobytes() == np.concatenate(alone, axis=-1).tobytes()
    given = panel.signals.values[0].astype(float)
    hole = int(np.flatnonzero(np.isnan(given[:, 0]))[0])
    assert made[0, hole, 0] == np.cumsum(given[:hole, 0])[-1] / hole
