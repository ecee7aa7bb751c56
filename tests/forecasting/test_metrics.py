from __future__ import annotations

import itertools
import math

import numpy as np
import polars as pl
import pytest
from utilsforecast import losses

from forecastlab.forecasting.domain import metrics
from tests.factories import make_sales
from tests.forecasting.panels import judge, make_panel

NAN = float("nan")


def plain(actual, forecast, training, season) -> dict[str, float]:
    """Every metric in plain Python, from its definition; nested lists fold, step, series."""
    width = len(training[0])
    sums = dict.fromkeys(("error", "volume", "signed", "sold", "squared", "points"), 0.0)
    mases, rmsses, smapes = [], [], []
    for s in range(width):
        pairs = [
            (a[s], f[s])
            for fold_a, fold_f in zip(actual, forecast, strict=True)
            for a, f in zip(fold_a, fold_f, strict=True)
            if not math.isnan(a[s])
        ]
        known = [row[s] for row in training]
        lagged = [
            abs(b - a)
            for a, b in zip(known, known[season:], strict=False)
            if not (math.isnan(a) or math.isnan(b))
        ]
        steps = [
            (b - a) ** 2
            for a, b in itertools.pairwise(known)
            if not (math.isnan(a) or math.isnan(b))
        ]
        for a, f in pairs:
            sums["error"] += abs(f - a)
            sums["volume"] += abs(a)
            sums["signed"] += f - a
            sums["sold"] += a
            sums["squared"] += (f - a) ** 2
            sums["points"] += 1
        mae = sum(abs(f - a) for a, f in pairs) / len(pairs)
        mse = sum((f - a) ** 2 for a, f in pairs) / len(pairs)
        if sum(lagged):
            mases.append(mae / (sum(lagged) / len(lagged)))
        if sum(steps):
            rmsses.append(math.sqrt(mse / (sum(steps) / len(steps))))
        parts = [200 * abs(f - a) / (abs(a) + abs(f)) for a, f in pairs if abs(a) + abs(f)]
        if parts:
            smapes.append(sum(parts) / len(parts))
    return {
        "wape": 100 * sums["error"] / sums["volume"],
        "bias": 100 * sums["signed"] / sums["sold"],
        "mae": sums["error"] / sums["points"],
        "rmse": math.sqrt(sums["squared"] / sums["points"]),
        "mase": sum(mases) / len(mases),
        "rmsse": sum(rmsses) / len(rmsses),
        "smape": sum(smapes) / len(smapes),
    }


def test_metrics_are_those_computed_by_hand() -> None:
    training = np.array([[1.0], [3.0], [2.0], [6.0]])
    actual = np.array([[[4.0], [0.0], [NAN]]])
    forecast = np.array([[[5.0], [2.0], [9.0]]])

    found = metrics.score(actual, forecast, metrics.scales(training, 2)).pooled(np.array([True]))

    assert found["wape"] == pytest.approx(75)  # 3 off on 4 sold
    assert found["bias"] == pytest.approx(75)
    assert found["mae"] == pytest.approx(1.5)
    assert found["rmse"] == pytest.approx(math.sqrt(2.5))
    assert found["mase"] == pytest.approx(1.5 / 2)  # lag 2 changes by 1 and 3
    assert found["rmsse"] == pytest.approx(math.sqrt(2.5 / 7))  # steps of 2, -1, 4
    assert found["smape"] == pytest.approx((200 / 9 + 200) / 2)


def test_metrics_equal_an_independent_implementation() -> None:
    sales = make_sales(90, 6)
    sales[np.random.default_rng(1).random(sales.shape) < 0.05] = np.nan
    panel = make_panel(sales)

    verdict, evidence, asked = judge(panel, models=["naive", "seasonal_mean", "theta", "ensemble"])

    first = asked.windows.windows(90)[0].origin
    for name, scores in verdict.standing.scores.items():
        expected = plain(
            evidence.actual.tolist(),
            verdict.forecasts[name].tolist(),
            panel.actual[: first + 1].tolist(),
            7,
        )
        assert scores.pooled(evidence.judged) == pytest.approx(expected), name


def test_metrics_equal_those_of_a_public_library() -> None:
    draw = np.random.default_rng(8)
    training, actual = draw.gamma(3.0, 4.0, (60, 5)), draw.gamma(3.0, 4.0, (3, 7, 5))
    forecast = draw.gamma(3.0, 4.0, actual.shape)

    found = metrics.score(actual, forecast, metrics.scales(training, 7)).series

    frame, before = (
        long(60, y=actual.reshape(-1, 5), m=forecast.reshape(-1, 5)),
        long(0, y=training),
    )
    asked = {"df": frame, "models": ["m"]}
    peers = {
        "mae": losses.mae(**asked),
        "rmse": losses.rmse(**asked),
        "wape": losses.wape(**asked).with_columns(pl.col("m") * 100),
        "smape": losses.smape(**asked).with_columns(pl.col("m") * 200),
        "mase": losses.mase(**asked, seasonality=7, train_df=before),
        "rmsse": losses.rmsse(**asked, seasonality=1, train_df=before),
    }
    for name, peer in peers.items():
        assert found[name] == pytest.approx(peer.sort("unique_id")["m"].to_numpy()), name


def long(start: int, **columns) -> pl.DataFrame:
    """Return periods x series as the public library wants them."""
    periods, series = next(iter(columns.values())).shape
    return pl.DataFrame(
        {
            "unique_id": np.repeat(np.arange(series), periods),
            "ds": np.tile(np.arange(start, start + periods), series),
            **{name: values.T.reshape(-1) for name, values in columns.items()},
        }
    )


def test_a_zero_denominator_is_undefined_and_counted() -> None:
    training = np.array([[2.0, 1.0], [2.0, 2.0], [2.0, 4.0]])
    actual = np.array([[[0.0, 3.0]]])
    forecast = np.array([[[0.0, 4.0]]])
    judged = np.array([True, True])

    scores = metrics.score(actual, forecast, metrics.scales(training, 1))

    assert scores.undefined(judged) == {
        "wape": 1,
        "bias": 1,
        "mase": 1,
        "rmsse": 1,
        "smape": 1,
    }
    assert scores.pooled(judged)["wape"] == pytest.approx(100 / 3)


def test_the_scale_does_not_move_with_the_folds() -> None:
    verdict, evidence, _asked = judge(make_panel(make_sales(90, 2)), folds=3, models=["naive"])
    counter = metrics.Counter(evidence.actual, evidence.scales)
    counted = counter.count(verdict.forecasts["naive"]).by_fold

    assert counted.over(slice(-1, None)).scales is evidence.scales
    assert verdict.standing.scores["naive"].scales is evidence.scales


def test_the_earlier_folds_and_the_last_add_up_to_all() -> None:
    verdict, evidence, _asked = judge(make_panel(make_sales(90, 2)), folds=4, models=["naive"])
    counter = metrics.Counter(evidence.actual, evidence.scales)
    counted = counter.count(verdict.forecasts["naive"]).by_fold

    parted = counted.parted((slice(None, -1), slice(-1, None)))

    for name in metrics.SUMS:
        whole, last = getattr(counted.over(), name), getattr(counted, name)[-1]
        assert getattr(parted.over(), name).tobytes() == whole.tobytes(), name
        assert getattr(parted.over(slice(-1, None)), name).tobytes() == last.tobytes(), name
        assert getattr(verdict.standing.scores["naive"], name).tobytes() == whole.tobytes(), name


@pytest.mark.parametrize(
    ("actual", "forecast", "wape"),
    [
        ([4.0, NAN, 6.0], [5.0, 100.0, 3.0], 40.0),
        ([0.0, 0.0], [1.0, 1.0], NAN),
        ([NAN], [1.0], NAN),
    ],
)
def test_wape_of_some_points(actual: list[float], forecast: list[float], wape: float) -> None:
    found = metrics.wape(np.array(actual), np.array(forecast))

    assert found == pytest.approx(wape, nan_ok=True)
