from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from statsforecast import models as peers

from forecastlab.forecasting.domain import config
from forecastlab.forecasting.domain.models import default_zoo, zoo
from forecastlab.forecasting.domain.protocol import Task
from forecastlab.lib.errors import BadInput
from showcase.queries import new_run
from tests.factories import make_sales
from tests.forecasting.panels import make_panel, run, whole_of

NAN = float("nan")
OWN = ("croston_sba", "holt", "damped_trend")
SINGLE = ("dynamic_optimized_theta", "auto_ces", "mfles", "auto_ets", "auto_arima")
OPTIONAL = sorted(set(zoo()) - set(default_zoo()))


def forecast(name: str, sales: list[float], *, steps: int = 3, season: int = 7):
    """Forecast one series from its end."""
    panel = make_panel(np.array(sales, dtype=float)[:, None])
    task = Task((panel.periods - 1,), steps, season, "D")
    model = zoo()[name]
    return model.forecast(panel, task, model.learn(whole_of(panel), task)).values[0, :, 0]


def test_optional_models_run_only_when_named() -> None:
    usual = config.resolve({}, frequency="D")
    named = config.resolve({"models": ["holt", "naive"]}, frequency="D")

    assert {*OWN, *SINGLE} <= set(OPTIONAL)
    assert not set(usual.models) & set(OPTIONAL)
    assert named.models == ("naive", "holt")


def test_what_cannot_run_here_is_left_out_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    reason = "The package lightgbm is not installed."

    usual = config.resolve({}, frequency="D")
    with pytest.raises(config.ModelUnavailable) as refused:
        config.resolve({"models": ["naive", "lightgbm"]}, frequency="D")

    assert "lightgbm" not in usual.models
    assert config.left_out(usual) == [{"model": "lightgbm", "reason": reason}]
    assert config.left_out(config.resolve({"models": ["naive"]}, frequency="D")) == []
    assert refused.value.message == f"The model 'lightgbm' cannot run here. {reason}"
    offered = {name for _group, some in new_run.model_choices() for name, _title in some}
    assert not offered & {"lightgbm", "lightgbm_recursive"}
    assert reason in new_run.models_that_cannot_run()


def test_a_window_has_a_hash_of_its_own_and_none_leaves_hashes_as_they_were() -> None:
    plain, windowed = (config.resolve({"window": window}, frequency="D") for window in (None, 60))

    assert "window" not in plain.as_json()
    assert config.restore(windowed.as_json()) == windowed
    assert plain.hash != windowed.hash
    with pytest.raises(BadInput) as refused:
        config.resolve({"window": 29}, frequency="D")
    assert refused.value.field == "window"


def test_names_of_both_kinds_are_told_apart() -> None:
    with pytest.raises(config.UnknownModel) as refused:
        config.resolve({"models": ["crystal_ball"]}, frequency="D")

    usual, _, named = refused.value.hint.partition("Only when named: ")
    assert "theta" in usual
    assert "holt" in named
    assert "naive2" not in named


def test_croston_sba_is_that_of_statsforecast() -> None:
    sales = np.random.default_rng(4).poisson(0.4, 120).astype(float)
    sales[0] = 2

    found = forecast("croston_sba", sales.tolist())

    assert found == pytest.approx(peers.CrostonSBA().forecast(y=sales, h=3)["mean"])


def test_unknown_periods_do_not_lengthen_the_time_between_sales() -> None:
    every_third = [6.0, 0, 0] * 20
    with_holes = [6.0, 0, NAN, 0] * 20

    assert forecast("croston_sba", with_holes) == pytest.approx(
        forecast("croston_sba", every_third)
    )


def test_holt_follows_a_line_and_a_damped_trend_flattens_out() -> None:
    line = [10.0 + 2 * t for t in range(60)]

    straight, damped = (
        forecast(name, line, steps=30, season=1) for name in ("holt", "damped_trend")
    )

    assert straight == pytest.approx([130.0 + 2 * t for t in range(30)])
    assert 0 < np.diff(damped)[-1] < np.diff(damped)[0] <= 2


def test_the_trend_is_smoothed_by_the_formulas_of_holt() -> None:
    """Beside the plain recursion, with the rates that the model reports to have done best."""
    sales = make_sales(60, 1)
    panel = make_panel(sales)
    task = Task((59,), 3, 1, "D")
    model = zoo()["holt"]
    found = model.forecast(panel, task, model.learn(whole_of(panel), task))
    slope, level = np.polyfit(np.arange(10), sales[:10, 0], 1)
    tried = []
    for a in (0.05, 0.1, 0.2, 0.4, 0.8):
        for b in (0.02, 0.1, 0.3):
            at, rise, error = level - slope, slope, 0.0
            for sold in sales[:, 0]:
                expected = at + rise
                error += (sold - expected) ** 2
                at, before = a * sold + (1 - a) * expected, at
                rise = b * (at - before) + (1 - b) * rise
            tried.append((error, at + rise * np.arange(1, 4)))

    best = min(tried, key=lambda one: one[0])

    assert found.values[0, :, 0] == pytest.approx(best[1])


@pytest.mark.parametrize("name", SINGLE)
def test_single_series_models_are_those_of_statsforecast(name: str) -> None:
    sales = make_sales(60, 1)[:, 0]
    model = zoo()[name]
    peer = getattr(peers, model.kind)(season_length=7)

    found = forecast(name, sales.tolist())

    assert found == pytest.approx(np.maximum(peer.forecast(y=sales, h=3)["mean"], 0))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name.startswith("auto_") else name
        for name in OPTIONAL
    ],
)
def test_promises_of_every_model_hold(name: str) -> None:
    """Young series, holes, zeros, a gap, a planted future, and any cut, in one go each."""
    sales = make_sales(60, 5)
    sales[5:9, 1] = NAN
    sales[:57, 2] = NAN
    sales[:, 3] = 0
    asked = config.resolve({"models": [name], "horizon": 5, "gap": 1, "folds": 2}, frequency="D")
    planted = sales.copy()
    planted[51:] = 1e6  # after the origins of both folds but the last

    done = run(make_panel(sales), asked)[name]
    again = run(make_panel(sales), asked)[name]
    tempted = run(make_panel(planted), asked)[name]

    assert np.isfinite(done.judged).all()
    assert np.isfinite(done.final).all()
    assert (done.judged >= 0).all()
    assert (done.final >= 0).all()
    assert (done.final[:, 3] == 0).all()
    assert done.judged.tobytes() == again.judged.tobytes()
    assert np.array_equal(done.judged[0], tempted.judged[0])
    assert done.judged.shape == (2, 5, 5)
    assert len(done.fallen) < 5


@pytest.mark.slow
def test_the_libraries_are_imported_only_where_they_forecast() -> None:
    code = """
import sys
import django
django.setup()
import forecastlab.urls
from forecastlab.forecasting.domain.models import unavailable, zoo
zoo(), unavailable()
import json
print(json.dumps(sorted({"statsforecast", "mlforecast", "lightgbm"} & set(sys.modules))))
"""

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert json.loads(told.stdout.splitlines()[-1]) == []
