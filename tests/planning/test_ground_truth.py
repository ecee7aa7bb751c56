"""A plan over simulated sales, scored against the demand there would have been at its prices."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.test import Client
from django.utils import timezone

from forecastlab.forecasting.models import ForecastIssue
from forecastlab.planning.models import Plan
from forecastlab.planning.services import computing, plans
from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.domain.simulator.world import World
from forecastlab.warehouse.services import simulations
from tests.factories import make_run, make_user, make_version, run_job, work_off
from tests.planning.worlds import SIGNALS, Simulated, simulated
from tests.showcase.test_api import call

pytestmark = pytest.mark.django_db

AHEAD, CUT = 14, -0.1


def true_share(world: Simulated, known: int) -> float:
    """Return by how much demand of the last days would have been higher, the price a tenth lower.

    Demand is a product of factors; that of the price is 1 + slope x (price / usual price - 1).
    """
    slope = world.config.elasticity
    before = np.repeat(world.price_factor[known - 1 : known], AHEAD, axis=0)
    ratio = 1 + (before - 1) / slope
    after = 1 + slope * ((1 + CUT) * ratio - 1)
    demand = world.demand[known:] / world.price_factor[known:]
    return float(np.nansum(demand * (after - before)) / np.nansum(demand * before))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_the_change_that_a_plan_tells_is_the_true_one(seed: int) -> None:
    world = simulated("retail_standard", seed=seed, stores=4, products=20, window_days=300)
    known = world.panel.periods - AHEAD
    signals = {
        name: world.panel.signals.values[place, :known].astype(float)
        for place, name in enumerate(SIGNALS)
    }
    make_version(world.panel.all_days[:known], by=make_user(), **signals)
    work_off(make_run(models=["seasonal_naive"], horizon=AHEAD, folds=2))
    issue = ForecastIssue.objects.select_related("version__dataset", "backtest").get()

    found = computing.compute(issue, [{"kind": "price", "change_pct": CUT}]).result
    units = found["units"]

    truth = true_share(world, known)
    assert truth == pytest.approx(0.05, abs=0.01)
    assert units["share"] == pytest.approx(truth, abs=0.01)
    assert units["low95"] < truth * units["without"] < units["high95"]
    # A guess that is not learnt, such as an elasticity of -1.2, lies far outside.
    assert units["high95"] < ((1 + CUT) ** -1.2 - 1) * units["without"]


def truly_taken(plan: Plan, config: Config) -> float:
    """Return what of the forecast goes to substitutes by the simulator's equation.

    The factor of a series is 1 + 0.3 x the mean of price / usual price of its group's others, less
    1; each group has three products, one of which gets cheaper.
    """
    usual = {one.code: one.usual_price for one in World(config).products}
    group = {one.code: one.group for one in World(config).products}
    parts = pl.col("unique_id").str.split(":").list
    told = plans.figures(plan).with_columns(store=parts.get(0), product=parts.get(1))
    told = told.with_columns(
        group=pl.col("product").replace_strict(group),
        usual=pl.col("product").replace_strict(usual),
    )
    for name in ("paid", "planned_paid"):
        away = pl.col(name) / pl.col("usual") - 1
        others = (away.sum().over("store", "group", "step") - away) / 2
        told = told.with_columns((1 + 0.3 * others).alias(f"{name}_factor"))
    ratio = pl.col("planned_paid_factor") / pl.col("paid_factor") - 1
    return float(told.select((pl.col("forecast") * ratio).sum()).item())


@pytest.mark.slow
def test_what_a_cut_takes_from_substitutes_is_the_true_amount() -> None:
    alice, now = make_user(), timezone.now()
    knobs: dict[str, Any] = {"stores": 4, "products": 45, "window_days": 300}
    config = configs.build(
        "retail_standard", seed=1, as_of=date(2026, 6, 1), enabled=["cannibalisation"], knobs=knobs
    )
    run_job(simulations.start("world", config, by=alice, at=now))
    work_off(make_run(dataset="world", models=["seasonal_naive"], horizon=AHEAD, folds=2))
    cheaper = [f"SKU-{10_000 + number}" for number in range(0, 45, 3)]
    assumed = [
        {"kind": "price", "change_pct": CUT, "scope": {"kind": "product", "value": one}}
        for one in cheaper
    ]

    asked = {"dataset": "world", "name": "A tenth off", "assumptions": assumed}
    status, saved = call(alice, "POST", "/plans", asked)

    assert status == 201, saved
    taken, plan = saved["result"]["substitutes"], Plan.objects.get()
    truth = truly_taken(plan, config)
    assert taken["series"] == 4 * 30
    assert taken["low95"] < truth < taken["high95"] < 0
    assert taken["units"] == pytest.approx(truth, rel=0.2)
    effects = {one["signal"]: one for one in saved["result"]["effects"]}
    assert effects["price of substitutes"]["low95"] > 0
    # What the others lose is in the whole: less comes of the cut than of one without substitutes.
    own = plans.figures(plan).filter(pl.col("unique_id").str.split(":").list.get(1).is_in(cheaper))
    gained = own.select((pl.col("planned") - pl.col("forecast")).sum()).item()
    assert saved["units_delta"] == pytest.approx(gained + taken["units"], rel=1e-6)
    client = Client()
    client.force_login(alice)
    assert "Cannibalisation" in client.get(plan.get_absolute_url()).content.decode()
