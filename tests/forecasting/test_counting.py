"""A verdict is counted some series after others: the same numbers as at once, less memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from forecastlab.forecasting.domain import config, intervals, judgement, metrics
from forecastlab.forecasting.domain.by_model import AT_ONCE, ByModel
from forecastlab.forecasting.domain.champion import Grouping
from forecastlab.forecasting.domain.evidence import Evidence, StockOuts
from forecastlab.forecasting.domain.metrics import Counter

FOLDS, STEPS = 3, 14
MODELS = ("naive", "seasonal_naive", "moving_average", "ses", "theta", "driver")


def sold(width: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw sales of which some are unknown, and which of them were stock-outs."""
    random = np.random.default_rng(7)
    values = random.gamma(2.0, 4.0, (FOLDS, STEPS, width))
    missing, stockout = random.random(values.shape) < 0.05, random.random(values.shape) < 0.1
    return np.where(missing, np.nan, values), stockout


def drawn(width: int) -> Evidence:
    """Draw evidence; some series are not judged, some periods closed."""
    random = np.random.default_rng(8)
    all_days, stockout = sold(width)
    actual = np.where(stockout, np.nan, all_days)
    return Evidence(
        actual,
        metrics.Scales(random.gamma(2.0, 1.0, width), random.gamma(2.0, 2.0, width)),
        random.random(width) < 0.9,
        closed=random.random(actual.shape) < 0.02,
        stockouts=StockOuts.of(actual, all_days),
        level=np.nanmean(all_days, axis=(0, 1)),
        groups={"category": Grouping(("a", "b"), random.integers(0, 2, width))},
    )


def forecast(evidence: Evidence, name: str, part: slice = slice(None)) -> np.ndarray:
    """Draw the forecasts of a model, the same whichever series are asked for."""
    place = MODELS.index(name)
    phase = np.arange(evidence.width)[part] % 97
    steps = np.arange(STEPS)[None, :, None]
    folds = np.arange(FOLDS)[:, None, None]
    return 6.0 + place * 0.2 + np.sin(phase + steps + place) + 0.1 * folds


def asked() -> config.Config:
    options = {"horizon": STEPS, "folds": FOLDS, "models": [*MODELS, "ensemble"]}
    return config.resolve(options, frequency="D")


def test_stockouts_are_put_back_where_they_were() -> None:
    all_days, stockout = sold(50)
    stockout[:, :, 20:24] = False
    actual = np.where(stockout, np.nan, all_days)

    stockouts = StockOuts.of(actual, all_days)

    assert stockouts is not None
    for first, end in ((0, 50), (7, 21), (20, 24), (49, 50)):
        whole = stockouts.back_in(actual[..., first:end], first)
        assert whole.tobytes() == np.ascontiguousarray(all_days[..., first:end]).tobytes()
    assert len(stockouts.cells) == (stockout & ~np.isnan(all_days)).sum()
    assert StockOuts.of(all_days, all_days) is None


def test_what_is_counted_some_series_at_a_time_is_what_is_counted_at_once() -> None:
    evidence = drawn(2 * AT_ONCE + 317)
    forecasts = {name: forecast(evidence, name) for name in MODELS}

    verdict = judgement.judge(evidence, forecasts, asked())

    judged, counter = evidence.judged, Counter(evidence.actual, evidence.scales)
    all_days, _stockout = sold(evidence.width)
    assert list(verdict.forecasts) == [*MODELS, "ensemble"]
    for name in verdict.forecasts:
        counted = counter.count(verdict.forecasts[name])
        for each, sums in verdict.standing.scores[name].series.items():
            expected = counted.by_fold.over().of_series(each)
            assert sums.tobytes() == expected.tobytes(), (name, each)
        told = {one.by: one for one in verdict.slices[name]}
        for by, scores in (("fold", counted.by_fold), ("step", counted.by_step)):
            assert told[by].points.tolist() == scores.points[:, judged].sum(axis=1).tolist()
            for metric, values in told[by].values.items():
                rows = [scores.over(slice(one, one + 1)) for one in range(len(values))]
                expected = [row.one_pooled(metric, judged) for row in rows]
                assert values == pytest.approx(expected, rel=1e-12), (name, by, metric)
        every = Counter(all_days, evidence.scales).count(verdict.forecasts[name])
        pooled = every.by_fold.over()
        assert verdict.all_days[name] == pytest.approx(
            {
                "wape": pooled.one_pooled("wape", judged),
                "bias": pooled.one_pooled("bias", judged),
                "points": pooled.points[judged].sum(),
            },
            rel=1e-12,
        )


def test_what_serves_is_read_some_series_at_a_time() -> None:
    evidence = drawn(2 * AT_ONCE + 317)
    read = []

    def some(name: str, part: slice) -> np.ndarray:
        read.append(len(range(*part.indices(evidence.width))))
        return forecast(evidence, name, part)

    lazy = judgement.judge(evidence, ByModel(MODELS, some), asked())
    whole = {name: forecast(evidence, name) for name in MODELS}
    at_once = judgement.judge(evidence, whole, asked())

    assert max(read) == AT_ONCE
    assert lazy.standing.choice.which.tolist() == at_once.standing.choice.which.tolist()
    assert lazy.service.spread.hardness.tobytes() == at_once.service.spread.hardness.tobytes()
    assert lazy.ranges["served"].overall == at_once.ranges["served"].overall


def test_a_verdict_holds_the_forecasts_of_few_models() -> None:
    """The arrays of all models and folds would be twenty times those of one."""
    evidence = drawn(20 * AT_ONCE)
    one = evidence.actual.nbytes
    lazy = ByModel(MODELS, lambda name, part: forecast(evidence, name, part))

    tracemalloc.start()
    judgement.judge(evidence, lazy, asked())
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    sums = 2 * evidence.width * 8 * (len(metrics.ALIKE) + 5 * (len(MODELS) + 2))
    # What serves and what one model forecasts; flags and folds of them come to less than a third.
    assert peak < sums + 3 * one


def test_errors_grow_with_the_forecast_as_a_line_through_all_folds_says() -> None:
    random = np.random.default_rng(3)
    said = random.gamma(2.0, 10.0, (FOLDS, STEPS, 200)) * np.array([1, 5, 20])[:, None, None]
    sold = said + random.normal(0.0, 1.0, said.shape) * said**0.6
    known = random.random(said.shape) < 0.8

    spread = intervals.calibrate(sold, said, [80], known=known)

    x, y = np.log(said[known]), np.log(np.abs(sold - said)[known])
    assert spread.slope == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-9)
    assert 0.3 < spread.slope < 1.0
