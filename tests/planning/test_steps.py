"""The two rows of planning in the long table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from forecastlab.lib import registry
from forecastlab.lib.contributions import Referrer
from forecastlab.planning.models import Plan
from forecastlab.planning.pipeline_steps import COMPARE, SIMULATE
from forecastlab.planning.queries.plan_page import PlanPage
from forecastlab.planning.services import steps
from showcase.models import Run, RunObject
from showcase.queries import run_page
from showcase.services import retention
from tests.factories import make_run, make_user, make_version, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DAYS = 90


def ran(**options: Any) -> Run:
    asked = {"table": "long", "models": ["naive", "seasonal_naive"], "horizon": 7, "folds": 2}
    return work_off(make_run(**asked, **options))


def evidence(run: Run) -> list[Any]:
    rows = dict(run.steps.values_list("name", "data"))
    return [[rows[one.name][key] for key in one.evidence] for one in (SIMULATE, COMPARE)]


def test_plans_start_from_the_origin_of_the_run_and_come_out_the_same_again() -> None:
    draw = np.random.default_rng(5)
    price = np.where(draw.random((DAYS, 4)) < 0.3, 4.0, 5.0)
    sales = draw.poisson(50 * (price / 5) ** -1.5).astype(float)
    version = make_version(sales, price=price, by=make_user())

    run = ran()
    rows = dict(run.steps.values_list("name", "data"))
    cut, compared = rows[steps.SIMULATE], rows[steps.COMPARE]

    assert run.status == "succeeded"
    plan = Plan.objects.get(scenario_id=cut["scenario_id"])
    assert plan.result["origin"] == version.last == cut["origin"]
    # The older pipeline planned days that lay outside of its forecast: nothing changed there.
    assert plan.assumptions[0]["start"] == plan.result["labels"][0]
    assert cut["units_delta"] == plan.units > 0 > cut["revenue_delta"] - plan.units * 5
    assert (cut["method"], plan.result["series"]) == ("elasticity", 4)
    assert plan.result["units"]["share"] == pytest.approx(0.9**-1.5 - 1, abs=0.06)
    assert set(plan.tags) == {"showcase", "price", "source:showcase"}
    assert [one["rank"] for one in compared["ranked"]] == [1, 2]
    assert compared["ranked_by"] == "revenue_delta"
    assert compared["winner_name"] == compared["ranked"][0]["name"]
    assert {one["name"] for one in compared["ranked"]} == {steps.CUT, steps.HOLIDAY}
    assert RunObject.objects.filter(run=run, kind="plan").count() == 2
    # The run leads to both and to their comparison, each of them back to its job.
    page = run_page.of(run.pk, now=timezone.now())
    (made,) = [one for one in page.made if one.label == "Plans"]
    assert [one.label for one in made.parts] == [steps.CUT, steps.HOLIDAY, "Compared"]
    told = {one["label"]: one for one in PlanPage(plan).facts}
    assert told["Made in"]["url"] == reverse("jobs:job", args=[run.job_id])

    again = ran(reuse=False)

    assert evidence(again) == evidence(run)
    assert Plan.objects.count() == 4

    held_or_gone_with_its_run()


def held_or_gone_with_its_run() -> None:
    """Plans go with the run that made them, over a forecast of an earlier run too, unless held."""
    third = ran(reuse=True)
    assert third.steps.get(name="register").same_as is not None
    before = Plan.objects.count()
    mine = [int(one.ref) for one in third.made.filter(kind="plan").order_by("pk")]
    Run.objects.filter(pk=third.pk).update(finished_at=timezone.now() - timedelta(days=31))

    def holders(kind: str, pk: int) -> list[str]:
        return ["a session speaks of it"] if (kind, pk) == ("plan", mine[0]) else []

    with registry.contributing("referrers", Referrer("lab", holders)):
        (found,) = retention.prune(timezone.now())

    assert (found.run, found.goes["plan"]) == (third.pk, 1)
    assert set(Plan.objects.values_list("pk", flat=True)) & set(mine) == {mine[0]}
    assert Plan.objects.count() == before - 1


def test_sales_without_prices_are_not_planned() -> None:
    make_version(by=make_user())

    run = ran()
    told = {one.name: (one.outcome, one.detail) for one in run.steps.all()}

    assert told[steps.SIMULATE][0] == "skip"
    assert "No price is known" in told[steps.SIMULATE][1]
    assert told[steps.COMPARE][0] == "skip"
    assert not Plan.objects.exists()
