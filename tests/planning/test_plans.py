"""Plans: computed over real forecasts, kept, compared, taken away."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain.frames import products
from forecastlab.forecasting.domain.panel import Panel
from forecastlab.forecasting.models import ForecastIssue
from forecastlab.forecasting.services.reforecasting import Remaker
from forecastlab.lib import holding
from forecastlab.lib.errors import BadInput
from forecastlab.planning.models import Plan
from forecastlab.planning.queries import plan_words
from forecastlab.planning.services import computing, plans
from forecastlab.planning.services.plans import Draft
from forecastlab.warehouse.domain.options import Options
from forecastlab.warehouse.models import Product
from forecastlab.warehouse.services import imports, uploads
from tests.factories import make_group, make_run, make_user, make_version, run_job, work_off
from tests.forecasting.test_commands import run
from tests.showcase.test_api import call

pytestmark = pytest.mark.django_db(transaction=True)

DAYS, HORIZON, SLOPE = 120, 7, -2.0
FIRST = date(2026, 1, 5)
CUT = {"kind": "price", "change_pct": -0.1}


def priced_sales(days: int = DAYS, width: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Sales of which one percent on the price costs two percent; days down, series across."""
    draw = np.random.default_rng(3)
    price = np.where(draw.random((days, width)) < 0.25, 8.0, 10.0)
    return draw.poisson(60 * (price / 10) ** SLOPE).astype(float), price


@pytest.fixture
def issue() -> ForecastIssue:
    """A forecast by a model that knows nothing of prices."""
    sales, price = priced_sales()
    price[-1] = 10.0
    make_version(sales, price=price, by=make_user())
    work_off(make_run(models=["naive", "seasonal_naive"], horizon=HORIZON, folds=2))
    return ForecastIssue.objects.select_related("version__dataset", "backtest").get()


def compute(issue: ForecastIssue, *given: dict[str, Any]) -> dict[str, Any]:
    return computing.compute(issue, list(given)).result


# -- what comes of assumptions -------------------------------------------------------------------


@pytest.mark.slow
def test_what_comes_of_assumptions_by_learnt_effects(issue: ForecastIssue) -> None:
    found = compute(issue, CUT)
    effect = found["effects"][0]

    assert effect["low95"] < SLOPE < effect["high95"]
    assert [one["method"] for one in found["methods"]] == ["elasticity"]
    assert found["units"]["share"] == pytest.approx(0.9**SLOPE - 1, abs=0.05)
    # Revenue is at the changed price: more units, each a tenth cheaper.
    ratio = found["units"]["planned"] / found["units"]["without"]
    assert found["revenue"]["share"] == pytest.approx(0.9 * ratio - 1, abs=1e-6)
    assert found["revenue"]["without"] == pytest.approx(10 * found["units"]["without"])
    assert found["margin"] is None
    # Chances of the forecast cancel: the change is known far better than the forecast is.
    wide = sum(found["high80"]) - sum(found["low80"])
    assert found["units"]["low80"] < found["units"]["delta"] < found["units"]["high80"]
    assert found["units"]["high80"] - found["units"]["low80"] < wide / 3
    # The same again, to the last digit.
    assert compute(issue, CUT) == found


@pytest.mark.slow
def test_assumptions_hold_where_and_as_long_as_they_say(issue: ForecastIssue) -> None:
    found = compute(issue, CUT)

    # A few days only: the others stay.
    some = compute(issue, {**CUT, "start": 2, "end": found["labels"][2]})
    moved = np.array(some["planned"]) / np.array(some["without"])
    assert (moved != 1).tolist() == [False, True, True, False, False, False, False]

    # Of what is not there, no more is sold than there is.
    half = found["units"]["planned"] / 2
    short = compute(issue, CUT, {"kind": "inventory", "on_hand_units": half})
    assert short["units"]["planned"] == pytest.approx(half)
    assert short["stock"]["verdict"] == "stockout"
    assert short["stock"]["lost"] == pytest.approx(half)
    assert compute(issue, {"kind": "inventory", "on_hand_units": 10 * half})["units"]["delta"] == 0

    # One series alone; and what the planner says of a holiday.
    one = {**CUT, "scope": {"kind": "series", "value": "S0:P1"}}
    assert compute(issue, one)["series"] == 1
    said = {"kind": "holiday", "dates": [3], "uplift": 0.5}
    holiday = compute(issue, said)
    assert holiday["planned"][2] == pytest.approx(1.5 * holiday["without"][2])
    assert [one["method"] for one in holiday["methods"]] == ["assumed"]
    assert "+50%" in holiday["notes"][0]


@pytest.mark.slow
def test_what_makes_no_sense_is_refused_with_its_field(issue: ForecastIssue) -> None:
    refused = [
        ({**CUT, "start": "2027-01-01"}, "assumptions.0.start", "It goes from"),
        ({**CUT, "change_pct": -1.5}, "assumptions.0.change_pct", "-0.9 to 5"),
        ({**CUT, "change_pct": 0}, "assumptions.0.change_pct", "does not change"),
        ({**CUT, "start": 3, "end": 2}, "assumptions.0.end", "before it starts"),
        ({**CUT, "scope": {"kind": "store", "value": "?"}}, "assumptions.0.scope", "No series"),
        ({"kind": "promotion"}, "assumptions.0.signal", "no signal 'promo'"),
        ({"kind": "holiday", "dates": [1]}, "assumptions.0.kind", "do not tell"),
        ({"kind": "holiday", "dates": []}, "assumptions.0.dates", "at least one"),
        ({"kind": "lifecycle", "stage": "old"}, "assumptions.0.stage", "There are: launch"),
        ({"kind": "weather"}, "assumptions.0.kind", "There are: price"),
        ({**CUT, "dates": [1]}, "assumptions.0.dates", "belongs to no"),
    ]
    for given, field, words in refused:
        with pytest.raises(BadInput) as caught:
            compute(issue, given)
        assert caught.value.field == field
        assert words in caught.value.message
    with pytest.raises(BadInput, match="assumes nothing"):
        compute(issue)


OFFER = {"kind": "promotion", "promotion": "pct_off", "discount": 0.2}


@pytest.mark.slow
@pytest.mark.parametrize(("falls", "units"), [(True, 1.3 * 0.8**SLOPE), (False, 1.3)])
def test_an_offer_moves_sales_by_its_price_where_prices_fall_in_offers(
    falls: bool, units: float
) -> None:
    """Prices of tills are what is paid, offers included; others are what is asked without them."""
    draw = np.random.default_rng(5)
    promo = (draw.random((DAYS, 6)) < 0.25).astype(float)
    price = np.where(draw.random((DAYS, 6)) < 0.3, 9.0, 10.0)
    if falls:
        price *= np.where(promo > 0, draw.choice([0.75, 0.8, 0.85], (DAYS, 6)), 1.0)
    sales = draw.poisson(60 * (price / 10) ** SLOPE * 1.3**promo).astype(float)
    price[-1], promo[-1] = 10.0, 0.0
    make_version(sales, price=price, promo=promo)
    work_off(make_run(models=["naive"], horizon=HORIZON, folds=2))
    issue = ForecastIssue.objects.select_related("version__dataset", "backtest").get()

    found = compute(issue, OFFER)

    ratio = found["units"]["planned"] / found["units"]["without"]
    assert ratio == pytest.approx(units, rel=0.12)
    # What is off comes off revenue once.
    assert found["revenue"]["share"] == pytest.approx(0.8 * ratio - 1, abs=1e-6)
    assert any("Prices fell in offers" in one for one in found["notes"]) == falls
    alone = compute(issue, {**OFFER, "discount": 0})
    assert alone["units"]["planned"] / alone["units"]["without"] == pytest.approx(1.3, rel=0.12)
    assert any("Say what is off" in one for one in alone["notes"]) == falls


@pytest.fixture
def planned_file(tmp_path: Path) -> Path:
    """Sales that follow prices and a leaflet, and what is known of both for two weeks more."""
    sales, price = priced_sales()
    rows = ["store,product,ds,quantity,price,promo"]
    for t in range(DAYS + 14):
        for series in range(6):
            known = t < DAYS
            promo = int(t % 9 == series)
            quantity = int(sales[t, series] * (1.3 if promo else 1)) if known else ""
            paid = price[t, series] if known else 10.0
            day = FIRST + timedelta(days=t)
            rows.append(f"S{series % 2},P{series // 2},{day},{quantity},{paid},{promo}")
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.slow
def test_models_that_read_prices_forecast_again(planned_file: Path, worker: None) -> None:
    make_user("alice")
    code, told = run("import_dataset", "shop", str(planned_file))
    assert code == 0, told
    asked = "--models", "naive,driver", "--horizon", str(HORIZON), "--folds", "2"
    code, told = run("run_showcase", "--dataset", "shop", *asked, "--wait")
    assert code == 0, told
    issue = ForecastIssue.objects.select_related("version__dataset", "backtest").get()
    assert issue.champions == {"driver": 6}
    Product.objects.filter(code="P0").update(attributes={"cost": 6.0, "category": "juice"})

    found = compute(issue, CUT)

    # Without the plan the model says again what was issued; with it, more.
    assert [one["method"] for one in found["methods"]] == ["model"]
    assert found["units"]["share"] == pytest.approx(0.9**SLOPE - 1, abs=0.1)
    assert found["units"]["share"] > 0.1
    # Margin is told of the two series of which the cost is known: 4 a unit becomes 3.
    assert found["margin"]["series"] == 2
    assert found["margin"]["delta"] < 0 < found["units"]["delta"]
    promoted = compute(issue, {"kind": "promotion", "promotion": "pct_off", "discount": 0.2})
    assert promoted["units"]["share"] > 0.05
    assert promoted["revenue"]["planned"] == pytest.approx(8 * promoted["units"]["planned"])
    # The past of the frame is not touched: the first day is forecast as without a later cut.
    later = compute(issue, {**CUT, "start": 5})
    assert later["planned"][:4] == later["without"][:4]
    assert later["planned"][4] > 1.05 * later["without"][4]


def imported_from(path: Path, by: User) -> None:
    upload = uploads.receive([path.read_bytes()], file_name=path.name)
    job = imports.start("shop", upload, options=Options(), by=by, at=timezone.now())
    assert run_job(job).status == "succeeded", job.error


@pytest.mark.slow
def test_trees_forecast_again_on_a_frame_that_differs_by_the_plan_alone(planned_file: Path) -> None:
    alice = make_user("alice")
    imported_from(planned_file, alice)
    work_off(make_run(models=["naive", "lightgbm"], horizon=HORIZON, folds=2))
    issue = ForecastIssue.objects.select_related("version__dataset").get()
    assert issue.champions == {"lightgbm": 6}
    asked = {"dataset": "shop", "name": "Ten off", "preview": True}

    told = call(alice, "POST", "/plans", {**asked, "assumptions": [CUT]})[1]
    later = call(alice, "POST", "/plans", {**asked, "assumptions": [{**CUT, "start": 5}]})[1]

    assert told["methods"] == [{"method": "model", "series": 6, "models": ["LightGBM"]}]
    assert told["units"]["share"] == pytest.approx(0.9**SLOPE - 1, abs=0.15)
    assert told["units"]["share"] > 0.05
    # Days before the cut know nothing of it.
    assert later["methods"] == told["methods"]
    assert later["planned"][:4] == later["without"][:4]
    assert later["planned"][4] > 1.02 * later["without"][4]
    _check_prices_of_all_stores(issue)


def _check_prices_of_all_stores(issue: ForecastIssue) -> None:
    """A price that is cut in every store is compared with what the others ask then."""
    remaker, other = Remaker(issue), Remaker(issue)
    panel = remaker.source.part(0, 6).panel
    place, ahead = panel.signals.names.index("price"), slice(panel.periods, None)

    def cut(panel: Panel) -> Panel:
        values = panel.signals.values.copy()
        values[place, ahead] *= 0.9
        return replace(panel, signals=replace(panel.signals, values=values))

    given = panel.signals.values[place, ahead].astype(float)
    asked = (0, 6), ["lightgbm"] * 6, cut
    alone = remaker.remake(*asked)
    remaker.reprice(panel.series, (given * 0.9 - given)[:HORIZON])
    everywhere = remaker.remake(*asked)
    other.learned["lightgbm"] = {
        **remaker.learned["lightgbm"],
        **{f"product.{name}": one for name, one in products.learned(cut(panel), 28).items()},
    }

    np.testing.assert_array_equal(everywhere.given, alone.given)
    np.testing.assert_allclose(everywhere.changed, other.remake(*asked).changed, rtol=1e-9)
    assert not np.allclose(everywhere.changed, alone.changed)


# -- kept plans ----------------------------------------------------------------------------------


ASKED = {"dataset": "shop", "name": "Ten off", "assumptions": [CUT], "tags": ["may", "price"]}


@pytest.fixture
def people(issue: ForecastIssue) -> tuple[User, User, User]:
    """Alice who owns the dataset, Vera who may read it, Charlie who may not."""
    alice = User.objects.get(username="alice")
    viewer, stranger = make_user("vera", role="viewer"), make_user("charlie")
    issue.version.dataset.readers.add(make_group("readers"))
    viewer.groups.add(make_group("readers"))
    return alice, viewer, stranger


def saved_by(user: User, **other: Any) -> dict[str, Any]:
    status, saved = call(user, "POST", "/plans", {**ASKED, **other})
    assert status == 201, saved
    return saved


@pytest.mark.slow
def test_a_plan_is_saved_by_planners_and_read_from_its_snapshot(
    people: tuple[User, User, User],
) -> None:
    (alice, viewer, stranger), asked = people, ASKED

    assert call(viewer, "POST", "/plans", asked)[0] == 403
    assert call(stranger, "POST", "/plans", asked)[0] == 404
    status, preview = call(alice, "POST", "/plans", {**asked, "preview": True})
    assert (status, Plan.objects.count()) == (200, 0)
    status, saved = call(alice, "POST", "/plans", asked)
    assert status == 201, saved
    assert saved["units_delta"] == preview["units"]["delta"] > 0
    assert (saved["status"], saved["source"], saved["tags"]) == ("ready", "user", ["may", "price"])
    assert saved["assumptions"][0]["first_step"] == 1
    assert call(alice, "POST", "/plans", {**asked, "name": " "})[1]["field"] == "name"
    late = {**asked, "assumptions": [{**CUT, "start": "2030-01-01"}]}
    assert call(alice, "POST", "/plans", late)[1]["field"] == "assumptions.0.start"

    # It is read from its snapshot, by number or the id of older texts.
    page = reverse("planning:plan", args=[saved["id"]])
    client = Client()
    client.force_login(viewer)
    with CaptureQueriesContext(connection) as queries:
        shown = client.get(page)
    assert shown.status_code == 200
    assert not [one for one in queries.captured_queries if "salesfact" in one["sql"]]
    assert call(viewer, "GET", f"/plans/{saved['scenario_id']}")[1]["result"] == saved["result"]
    assert call(stranger, "GET", f"/plans/{saved['id']}")[0] == 404


@pytest.mark.slow
def test_plans_are_cloned_ranked_and_tagged(people: tuple[User, User, User]) -> None:
    alice, viewer, _stranger = people
    saved = saved_by(alice)

    # Cloned, it comes to the same; a worse one comes after it.
    status, clone = call(alice, "POST", f"/plans/{saved['id']}/clone", {"name": "Again"})
    assert (status, clone["cloned_from"]) == (201, saved["id"])
    assert clone["result_hash"] == saved["result_hash"]
    worse = saved_by(alice, name="Dearer", assumptions=[{**CUT, "change_pct": 0.2}], tags=[])
    ids = [worse["id"], saved["scenario_id"], clone["id"]]
    status, ranked = call(viewer, "POST", "/plans/compare", {"plans": ids, "by": "units"})
    assert status == 200, ranked
    assert [one["rank"] for one in ranked["ranked"]] == [1, 1, 3]
    assert (ranked["ranked_by"], ranked["ranked"][-1]["name"]) == ("units_delta", "Dearer")
    assert call(viewer, "POST", "/plans/compare", {"plans": ids[:1]})[0] == 422
    assert call(viewer, "POST", "/plans/compare", {"plans": ids, "by": "luck"})[0] == 422

    # Lists, by tag; name and tags change, numbers do not.
    assert [one["id"] for one in call(viewer, "GET", "/plans?tag=may")[1]["items"]] == [
        clone["id"],
        saved["id"],
    ]
    changed = call(alice, "PATCH", f"/plans/{saved['id']}", {"tags": ["june"]})[1]
    assert (changed["tags"], changed["name"]) == (["june"], "Ten off")
    assert changed["result_hash"] == saved["result_hash"]


@pytest.mark.slow
def test_plans_are_taken_away_hold_what_is_below_and_go(
    issue: ForecastIssue, people: tuple[User, User, User]
) -> None:
    alice, viewer, _stranger = people
    saved, other = saved_by(alice), saved_by(alice, name="Other")
    client = Client()
    client.force_login(viewer)

    # Taken away: a line for each series and day.
    table = client.get(reverse("planning:plan-download", args=[saved["id"], "csv"]))
    lines = list(csv.DictReader(io.StringIO(b"".join(table.streaming_content).decode())))
    assert len(lines) == 6 * HORIZON
    total = sum(float(one["planned"]) - float(one["forecast"]) for one in lines)
    assert total == pytest.approx(saved["units_delta"])
    whole = json.loads(client.get(reverse("planning:plan-json", args=[saved["id"]])).content)
    assert whole["result_hash"] == saved["result_hash"]

    # What people planned holds the judgement and the sales below it, until it is deleted.
    assert "2 plans start from" in " ".join(holding.holders("backtest", issue.backtest_id))
    assert "plans start from" in " ".join(holding.holders("dataset_version", issue.version_id))
    for one in (saved, other):
        assert call(viewer, "DELETE", f"/plans/{one['id']}")[0] == 403
        assert call(alice, "DELETE", f"/plans/{one['id']}")[0] == 204
    assert not [one for one in holding.holders("backtest", issue.backtest_id) if "plan" in one]


@pytest.mark.slow
def test_a_large_plan_is_computed_by_a_job(
    issue: ForecastIssue, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = User.objects.get(username="alice")
    at_once = compute(issue, CUT)
    monkeypatch.setattr(plans, "MOST_AT_ONCE", 0)

    asked = {"dataset": "shop", "name": "Large", "assumptions": [CUT]}
    status, told = call(alice, "POST", "/plans", asked)

    assert (status, told["status"], told["result"]) == (202, "queued", None)
    with pytest.raises(plans.TooLarge):
        plans.preview(issue, [CUT])
    plan = Plan.objects.get()
    run_job(plan.job)
    plan.refresh_from_db()
    assert (plan.status, plan.result["units"]) == ("ready", at_once["units"])
    assert plan.job.status == "succeeded"

    # What dies is told, and can be tried again.
    other = plans.save(issue, Draft("Broken", [CUT]), by=alice, at=timezone.now())
    Plan.objects.filter(pk=other.pk).update(assumptions=[{"kind": "price"}])
    run_job(other.job)
    other.refresh_from_db()
    assert other.status == "failed"
    assert other.problem
    client = Client()
    client.force_login(alice)
    assert "Try again" in client.get(other.get_absolute_url()).content.decode()
    Plan.objects.filter(pk=other.pk).update(assumptions=plan.assumptions)
    client.post(reverse("planning:plan-retry", args=[other.pk]))
    other.refresh_from_db()
    run_job(other.job)
    other.refresh_from_db()
    assert (other.status, other.result_hash) == ("ready", plan.result_hash)


@pytest.mark.slow
def test_the_form_previews_adds_and_saves_without_a_script(issue: ForecastIssue) -> None:
    client, viewer = Client(), Client()
    client.force_login(User.objects.get(username="alice"))
    viewer.force_login(make_user("vera", role="viewer"))
    page = reverse("planning:plan-new")
    asked = {"dataset": "shop", "scope_kind": "all", "price_change": "-10", "kept": "[]"}

    assert viewer.get(page).status_code == 403
    assert b"Fill in what is assumed" in client.get(page).content
    fragment = client.get(page, asked, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "revenue" in fragment
    assert "<html" in client.get(page, asked).content.decode()
    wrong = client.get(page, {**asked, "price_change": "much"}).content.decode()
    assert "Give a number." in wrong
    nobody = client.get(page, {**asked, "scope_kind": "store", "scope_value": "?"}).content.decode()
    assert "No series that is forecast belongs to the store" in nobody
    assert "None of them has a store." in nobody
    other = {**asked, "scope_kind": "series", "scope_value": "s0:p3"}
    assert "There is S0:P3, S0:P0, S0:P1" in client.get(page, other).content.decode()

    # Added, it is assumed beside what comes next; taken out, it is not.
    added = client.get(page, {**asked, "add": "1"})
    kept = added.context["kept_json"]
    assert json.loads(kept)[0]["change_pct"] == -0.1
    more = {"dataset": "shop", "scope_kind": "all", "on_hand_units": "500", "kept": kept}
    both = client.get(page, more).context["result"]
    assert both["stock"]["units"] == 500
    assert both["effects"]
    dropped = client.get(page, {**more, "drop": "0"}).context["result"]
    assert not dropped["effects"]


@pytest.mark.slow
def test_a_plan_is_kept_and_changed_by_its_pages(issue: ForecastIssue) -> None:
    client, page = Client(), reverse("planning:plan-new")
    client.force_login(User.objects.get(username="alice"))
    offer = {"kind": "promotion", "promotion": "bogo", "discount": 0.2, "uplift": 0.3}
    kept = json.dumps([CUT, offer])
    more = {"dataset": "shop", "scope_kind": "all", "on_hand_units": "500", "kept": kept}

    assert client.post(page, {**more, "name": ""}).status_code == 422
    saved = client.post(page, {**more, "name": "Both", "tags": "a, b"})
    plan = Plan.objects.get()
    assert saved.url == plan.get_absolute_url()
    assert (plan.tags, len(plan.assumptions)) == (["a", "b"], 3)
    shown = client.get(saved.url).content.decode()
    assert "Runs out" in shown
    assert "Stock of 500 units" in shown
    assert "Promotion (Two for one, " in shown
    client.post(reverse("planning:plan-edit", args=[plan.pk]), {"name": "Renamed"})
    client.post(reverse("planning:plan-clone", args=[plan.pk]))
    listed = client.get(reverse("planning:plans"), {"search": "renam"}).content.decode()
    assert listed.count("Renamed</a>") == 2
    pair = list(Plan.objects.values_list("pk", flat=True))
    compared = client.get(reverse("planning:plan-compare"), {"plan": pair}).content.decode()
    assert "The best plans are level" in compared
    assert client.get(reverse("planning:plan-compare"), {"plan": pair[:1]}).status_code == 302
    client.post(reverse("planning:plan-delete", args=[plan.pk]))
    assert not Plan.objects.filter(pk=plan.pk).exists()


@pytest.mark.parametrize(
    ("changes", "shares"),
    [((40.0, 10.0, -80.0), [1, 0.25, 0]), ((-10.0, -40.0, None), [0.75, 0, 0]), ((0.0,), [0])],
)
def test_a_plan_that_gains_less_has_a_shorter_bar(
    changes: tuple[float | None, ...], shares: list[float]
) -> None:
    rows = [{"name": "plan", "units": one} for one in changes]

    assert [one["share"] for one in plan_words.ranked(rows, "units")] == shares
