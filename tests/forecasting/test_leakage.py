from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from forecastlab.forecasting.domain import config, shards
from forecastlab.forecasting.domain.models import unavailable, zoo
from forecastlab.forecasting.domain.panel import Parts, joined, pack
from forecastlab.forecasting.domain.protocol import Task
from tests.factories import make_sales
from tests.forecasting.panels import make_panel, whole_of

PERIODS, SERIES, STEPS = 84, 4, 5
# What is changed begins after the first origin, and ends before the last one.
ORIGIN, LAST = 62, 78
MODELS = sorted(set(zoo()) - set(unavailable()))


def panel_of(sales=None, **changed):
    """Return a panel of sales with a price known ahead and a stock that is not."""
    sales = make_sales(PERIODS, SERIES) if sales is None else sales
    draw = np.random.default_rng(11)
    told = {"price": draw.uniform(1, 2, sales.shape), "stock": draw.uniform(0, 50, sales.shape)}
    told |= changed
    signals = {"price": (told["price"], True), "stock": (told["stock"], False)}
    return make_panel(sales, signals=signals)


def forecast(name: str, panel):
    """Forecast from both origins; one series without a season where the model is a slow one."""
    model = zoo()[name]
    task = Task((ORIGIN, LAST), STEPS, 7 if model.default else 1, "D")
    panel = panel if model.default else panel.columns(0, 1)
    return model.forecast(panel, task, model.learn(whole_of(panel), task)).values


@cache
def honest(name: str):
    return forecast(name, panel_of())


@pytest.mark.parametrize("name", MODELS)
def test_nothing_after_an_origin_moves_its_forecasts(name: str) -> None:
    planted = make_sales(PERIODS, SERIES)
    planted[ORIGIN + 1 :] = 3 * planted[ORIGIN + 1 :] + 50
    stock = panel_of().signals.values[1].copy()
    stock[ORIGIN + 1 :] = planted[ORIGIN + 1 :]
    price = panel_of().signals.values[0].copy()
    price[ORIGIN + 1 + STEPS :] = -1

    tempted = forecast(name, panel_of(planted, stock=stock, price=price))

    assert honest(name)[0].tobytes() == tempted[0].tobytes()
    assert honest(name)[1].tobytes() != tempted[1].tobytes()


@pytest.mark.parametrize("name", [one for one in MODELS if not zoo()[one].needs_plan])
def test_a_model_that_needs_no_plan_reads_none(name: str) -> None:
    price = panel_of().signals.values[0].copy()
    price[:] = np.random.default_rng(1).uniform(1, 9, price.shape)

    assert honest(name).tobytes() == forecast(name, panel_of(price=price)).tobytes()


@pytest.mark.parametrize("name", [one for one in MODELS if zoo()[one].needs_plan])
def test_what_is_known_ahead_is_used_as_far_as_it_is_forecast(name: str) -> None:
    sales = make_sales(PERIODS, SERIES)
    promo = (np.random.default_rng(2).random(sales.shape) < 0.3).astype(float)
    sales *= 1 + 2 * promo
    task = Task((ORIGIN, LAST), STEPS, 7, "D")
    model, found = zoo()[name], {}
    for known in (True, False):
        panel = make_panel(sales, signals={"promo": (promo, known)})
        found[known] = model.forecast(panel, task, model.learn(whole_of(panel), task)).values[1]
    truth = sales[LAST + 1 : LAST + 1 + STEPS]

    assert np.abs(found[True] - truth).sum() < 0.7 * np.abs(found[False] - truth).sum()


def test_a_window_hides_what_lies_before_it_from_every_model() -> None:
    names = [name for name in shards.local(MODELS) if zoo()[name].default]
    asked = config.resolve({"models": names, "horizon": 5, "folds": 2, "window": 40}, frequency="D")
    work = shards.judging(asked, PERIODS)
    other = make_sales(PERIODS, SERIES)
    other[: work.task.origins[0] + 1 - 40] *= 7

    made = []
    for sales in (make_sales(PERIODS, SERIES), other):
        panel = panel_of(sales)
        learned = shards.learn(names, whole_of(panel), work)
        made.append(shards.run(panel, work, learned, lambda _: None))

    for name in names:
        assert made[0][name].judged.tobytes() == made[1][name].judged.tobytes(), name
        assert made[0][name].final.tobytes() == made[1][name].final.tobytes(), name


def test_parts_are_put_together_as_they_were() -> None:
    panel = make_panel(
        make_sales(30, 7),
        signals={"promo": (make_sales(33, 7, seed=2), True)},
        groups={"product": list("abcabca")},
        open=np.random.default_rng(4).integers(0, 2, (30, 7)).astype(float),
    )

    cut = [panel.columns(*one) for one in [(0, 2), (2, 3), (3, 7)]]
    again = joined(cut)
    parts = Parts(panel.periods, panel.known, panel.groups, lambda: iter(cut))

    assert parts.pick(np.array([1, 2, 5])).series.tolist() == [1, 2, 5]
    assert [one.periods for one in parts.since(4).pieces()] == [panel.periods - 4] * 3
    assert (again.planned, again.signals.names) == (3, ("promo",))
    for name, one in pack(panel).items():
        assert np.array_equal(one, pack(again)[name], equal_nan=name in ("fit", "signals")), name
