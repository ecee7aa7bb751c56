from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from utilsforecast import losses

from forecastlab.forecasting.domain import intervals
from forecastlab.forecasting.domain.intervals import Trial
from tests.factories import make_sales
from tests.forecasting.panels import judge, make_panel

SOME = ["naive", "moving_average", "ses", "ensemble"]


def made(folds: int = 3, series: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Actuals and forecasts, folds x steps x series; errors grow with the forecast."""
    draw = np.random.default_rng(5)
    forecast = draw.gamma(4.0, 5.0, (folds, 14, series))
    return np.maximum(forecast * draw.normal(1.0, 0.4, forecast.shape), 0.0), forecast


def test_ranges_hold_what_they_promise_over_all_sizes() -> None:
    actual, forecast = made(folds=6, series=400)
    spread = intervals.calibrate(actual[:-1], forecast[:-1], [80, 95])
    trial = Trial(actual[-1], forecast[-1], spread)

    small = forecast[-1].mean(axis=0) < np.median(forecast[-1].mean(axis=0))

    for part in (small, ~small):
        held = trial.held(series=part)
        assert held.coverage[80] == pytest.approx(80, abs=3)
        assert held.coverage[95] == pytest.approx(95, abs=2)


def test_coverage_and_pinball_are_those_of_a_public_library() -> None:
    actual, forecast = made()
    spread = intervals.calibrate(actual[:-1], forecast[:-1], [80, 95])
    ranges = spread.around(forecast[-1])
    known = actual[-1].copy()
    known[3, 5] = np.nan

    held = Trial(known, forecast[-1], spread).held()

    scored = ~np.isnan(known)
    frame = pl.DataFrame({"unique_id": "all", "ds": np.arange(scored.sum()), "y": known[scored]})
    lost = []
    for level, pair in ranges.items():
        low, high = (end[scored] for end in pair)
        ends = frame.with_columns(pl.Series("m-lo", low), pl.Series("m-hi", high))
        inside = (ends["y"] >= ends["m-lo"]) & (ends["y"] <= ends["m-hi"])
        assert held.coverage[level] == pytest.approx(100 * inside.mean())
        for column, share in (("m-lo", (100 - level) / 200), ("m-hi", (100 + level) / 200)):
            found = losses.quantile_loss(ends, models={"m": column}, q=share)
            lost.append(2 * found["m"].item())
    assert held.points == scored.sum()
    assert held.pinball == pytest.approx(100 * np.mean(lost) / frame["y"].mean())


def test_closed_periods_have_no_width_and_teach_nothing() -> None:
    sales = make_sales(90, 30)
    is_open = np.ones(sales.shape)
    is_open[6::7] = 0
    sales[6::7] = 0
    open_all_week, _, _ = judge(make_panel(sales), models=SOME)

    verdict, evidence, _ = judge(make_panel(sales, open=is_open), models=SOME)

    closed = evidence.closed[-1]
    assert closed.any()
    low, high = verdict.service.spread.around(verdict.forecasts["ensemble"][-1], closed)[95]
    assert (low[closed] == 0).all()
    assert (high[closed] == 0).all()
    assert (high[~closed] > 0).all()
    held = verdict.ranges["ensemble"].overall
    assert held.points < open_all_week.ranges["ensemble"].overall.points


def test_the_fold_that_ranges_are_tried_on_does_not_widen_them() -> None:
    sales = make_sales(90, 30)
    verdict, _, _ = judge(make_panel(sales), models=["naive"])
    wild = sales.copy()
    wild[76:] *= 3

    changed, _, _ = judge(make_panel(wild), models=["naive"])

    before, after = (one.ranges["naive"].overall.coverage[80] for one in (verdict, changed))
    assert before == pytest.approx(80, abs=8)
    assert after < before - 20


def test_coverage_is_told_by_horizon_and_by_volume() -> None:
    verdict, evidence, _ = judge(make_panel(make_sales(90, 40)), models=SOME)

    for name in ("ensemble", "served"):
        found = verdict.ranges[name]
        for parts, keys in ((found.horizon, ["h_1_7", "h_8_14"]), (found.volume, "q1 q2 q3 q4")):
            assert list(parts) == (keys.split() if isinstance(keys, str) else keys)
            assert sum(one.points for one in parts.values()) == found.overall.points
            inside = sum(one.points * one.coverage[95] for one in parts.values())
            assert inside / found.overall.points == pytest.approx(found.overall.coverage[95])
    assert (evidence.level > 0).all()
