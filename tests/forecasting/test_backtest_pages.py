"""The pages of a backtest: compared models, their series, the folds replayed, the champion map."""

from __future__ import annotations

import io

import polars as pl
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.forecasting.models import Backtest, Champion
from forecastlab.forecasting.services import backtests
from forecastlab.warehouse.models import Product, Series, Store
from tests.factories import make_group, make_sales, make_user, make_version, run_job

pytestmark = pytest.mark.django_db

MODELS = ["naive", "seasonal_naive", "moving_average", "ses", "ensemble"]


@pytest.fixture
def backtest() -> Backtest:
    """Six series of two stores and three products, judged and not issued."""
    by = make_user()
    version = make_version(make_sales(90, 6), by=by)
    version.dataset.readers.add(make_group("readers"))
    for place, series in enumerate(Series.objects.order_by("pk")):
        of = {"dataset": version.dataset}
        series.store, _ = Store.objects.get_or_create(code=f"north {place % 2}", **of)
        category = {"category": "dairy" if place // 2 else "bread"}
        series.product, _ = Product.objects.get_or_create(
            code=f"{place // 2}", defaults={"attributes": category}, **of
        )
        series.save()
    options = {"models": MODELS, "horizon": 7, "folds": 3}
    job = run_job(backtests.start(version, options, by=by, at=timezone.now()))
    assert job.status == "succeeded", job.error
    return backtests.of_job(job)


@pytest.fixture
def alice(backtest: Backtest, client: Client) -> Client:
    client.force_login(backtest.created_by)
    return client


def test_models_are_compared_best_first_with_ways_to_take_the_tables_away(
    backtest: Backtest, alice: Client
) -> None:
    listed = alice.get(reverse("forecasting:models"))
    page = alice.get(reverse("forecasting:backtest", args=[backtest.pk]))

    assert reverse("forecasting:backtest", args=[backtest.pk]) in listed.content.decode()
    found = page.context["page"]
    errors = [backtest.result["models"][row.name]["wape"] for row in found.rows]
    assert errors == sorted(errors)
    assert found.rows[0].name == backtest.best_model
    # The mean has one member, so both are best.
    assert [row.wape.is_best for row in found.rows] == [True, True, False, False, False]
    assert "Best and worst series" in page.content.decode()
    groups = page.context["groups"]
    assert [(one.name, one.series) for one in groups.heat] == [("dairy", 4), ("bread", 2)]
    assert groups.heat_columns[:2] == ["Mean of the best", "Seasonal naive"]
    assert [one.best for one in groups.heat] == ["Mean of the best", "Mean of the best"]
    shaded = [[best for _wape, best in one.cells] for one in groups.heat]
    assert shaded == [[True, True, False, False]] * 2
    assert [len(line["path"].split("L")) for line in groups.horizon["lines"]] == [7] * 4
    assert len(found.policies) == 5
    assert groups.inside_rows[0]["points"] == "42"
    stores = alice.get(page.request["PATH_INFO"], {"by": "store"}).context["groups"]
    assert [one.name for one in stores.heat] == ["north 0", "north 1"]
    assert stores.heat[0].url.endswith("/series/?store=north+0")
    shapes = {"models": 5, "scores": 5 * 6, "champions": 6, "judged": 5 * 6 * 21}
    for table, rows in shapes.items():
        url = reverse("forecasting:backtest-download", args=[backtest.pk, table, "parquet"])
        assert pl.read_parquet(io.BytesIO(alice.get(url).getvalue())).height == rows
    url = reverse("forecasting:backtest-download", args=[backtest.pk, "nonsense", "csv"])
    assert alice.get(url).status_code == 404


def test_a_group_leads_to_its_series_and_a_series_to_its_folds(
    backtest: Backtest, alice: Client
) -> None:
    url = reverse("forecasting:judged-series", args=[backtest.pk])
    everything = alice.get(url).context["list"]
    some = alice.get(url, {"category": "dairy", "store": "north 0"}).context["list"]

    assert len(everything.rows) == 6
    assert [row.unique_id for row in some.rows] == [
        one.series.unique_id
        for one in Champion.objects.filter(
            backtest=backtest,
            series__product__attributes__category="dairy",
            series__store__code="north 0",
        )
        .order_by("-value")
        .select_related("series")
    ]
    series_id = some.rows[0].series_id
    address = reverse("forecasting:judged-series-page", args=[backtest.pk, series_id])
    whole = alice.get(address).context["page"]
    replayed = alice.get(address, {"fold": "2", "model": ["naive", "ses"]})
    chart = replayed.context["page"].chart.plain

    assert [one["from"] for one in whole.chart.plain["folds"]] == [69, 76, 83]
    assert "forecast" not in whole.chart.plain
    assert (chart["t"][-1], len(chart["folds"])) == ("2026-03-28", 1)
    assert chart["judged"][75] is None
    assert chart["judged"][76] is not None
    assert {one["title"] for one in chart["overlays"]} <= {"Naive", "Exponential smoothing"}
    assert "The models knew sales up to Sat 21 Mar" in replayed.content.decode()
    download = reverse("forecasting:judged-series-download", args=[backtest.pk, series_id, "csv"])
    frame = pl.read_csv(io.BytesIO(alice.get(download).content))
    naive = frame.filter(pl.col("model") == "naive").sort("ds")["yhat"].to_list()
    replay = whole.replay
    assert naive == pytest.approx(replay.of("naive").ravel().tolist())
    errors = [
        one - other for one, other in zip(replay.served.flat, replay.actual.flat, strict=True)
    ]
    assert len(replay.residuals.bars) == 21
    assert [one.is_up for one in replay.residuals.bars] == [one > 0 for one in errors]


def test_the_champion_map_has_a_cell_for_every_series(backtest: Backtest, alice: Client) -> None:
    url = reverse("forecasting:champions", args=[backtest.pk])
    shown = alice.get(url).context["map"]
    one_store = alice.get(url, {"store": "1", "champion": "naive"}).context["map"]

    assert [store.code for store in shown.stores] == ["north 0", "north 1"]
    assert [product for product, _cells in shown.grid] == ["0", "1", "2"]
    serving = {one.series_id: one.model for one in Champion.objects.all()}
    signs = {one.name: one.sign for one in shown.legend}
    for _product, cells in shown.grid:
        for cell in cells:
            assert cell.sign == signs[serving[int(cell.url.split("/")[-2])]]
    assert [len(cells) for _product, cells in one_store.grid] == [1, 1, 1]
    Product.objects.filter(code="2").update(attributes={"category": ""})
    alone = alice.get(url, {"category": "2"}).context["map"]
    as_list = alice.get(reverse("forecasting:judged-series", args=[backtest.pk]), {"category": "2"})
    assert [product for product, _cells in alone.grid] == ["2"]
    assert alone.categories == ["2", "bread", "dairy"]
    assert len(as_list.context["list"].rows) == 2


@pytest.mark.parametrize("username", ["bob", "charlie"])
def test_only_readers_see_a_backtest(backtest: Backtest, username: str) -> None:
    client, user = Client(), make_user(username)
    if username == "bob":
        user.groups.add(make_group("readers"))
    client.force_login(user)
    series_id = Champion.objects.filter(backtest=backtest).first().series_id

    names = ["backtest", "judged-series", "champions"]
    answers = [client.get(reverse(f"forecasting:{one}", args=[backtest.pk])) for one in names]
    one_series = reverse("forecasting:judged-series-page", args=[backtest.pk, series_id])
    answers.append(client.get(one_series))

    assert {one.status_code for one in answers} == {200 if username == "bob" else 404}
