from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from django.test import Client

from forecastlab.warehouse.models import DatasetVersion, Product, Series, SeriesProfile
from tests.factories import make_group, make_sales, make_user, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client: Client) -> Client:
    client.force_login(make_user("alice"))
    return client


@pytest.fixture
def shop() -> DatasetVersion:
    """Two series of 200 days; the first has a gap, a promotion, a stock-out and a closed day."""
    sales = make_sales(200, 2)
    sales[150:160, 0] = np.nan
    price = np.full(sales.shape, 2.5)
    price[180:, :] = 1.75
    promo, opened, stockout = np.zeros(sales.shape), np.ones(sales.shape), np.zeros(sales.shape)
    promo[190] = 1
    opened[191] = 0
    stockout[192] = 0.5
    return make_version(sales, price=price, promo=promo, open=opened, stockout_share=stockout)


def url_of(version: DatasetVersion, place: int = 0) -> str:
    told = SeriesProfile.objects.filter(version=version).order_by("unique_id")[place]
    return f"/datasets/{version.dataset.name}/{version.number}/series/{told.series_id}/"


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer.content
    return " ".join(answer.content.decode().split())


def chart(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="series-chart" type="application/json">(.*?)</script>', page)
    assert found is not None
    return json.loads(found[1])


def test_the_chart_shows_gaps_and_marks(alice: Client, shop: DatasetVersion) -> None:
    page = text(alice, url_of(shop))

    drawn = chart(page)

    assert len(drawn["t"]) == 91
    at = drawn["t"].index("2026-07-14")  # period 190
    assert drawn["actual"][at - 40 : at - 30] == [None] * 10
    assert drawn["promo"][at]
    assert drawn["closed"][at + 1]
    assert drawn["stockout"][at + 2]
    assert [sum(drawn[one]) for one in ("promo", "closed", "stockout")] == [1, 1, 1]
    assert "Closed" in page
    assert "10 periods without a row" in page


def test_price_and_signals_have_drawings_of_their_own(alice: Client, shop: DatasetVersion) -> None:
    page = text(alice, url_of(shop))

    assert "price over time, between 1.75 and 2.50" in page
    assert "promo over time, between 0 and 1" in page
    assert "stock over time" not in page


def test_the_table_has_every_period_of_the_window_in_pages(
    alice: Client, shop: DatasetVersion
) -> None:
    first = text(alice, url_of(shop))
    second = text(alice, f"{url_of(shop)}?page=2")

    assert "1–50 of 91 periods" in first
    assert "2026-07-23" in first
    assert "51–91 of 91 periods" in second
    assert (first + second).count('<span class="tag">no row</span>') == 10


def test_the_window_is_chosen_and_moved(alice: Client, shop: DatasetVersion) -> None:
    whole = text(alice, f"{url_of(shop)}?window=200")
    page = text(alice, url_of(shop))
    earlier = re.search(r'href="([^"]+)">.{0,200}?Earlier', page)
    assert earlier is not None
    before = text(alice, url_of(shop) + earlier[1].replace("&amp;", "&"))

    assert len(chart(whole)["t"]) == 200
    assert "Earlier" not in whole
    assert chart(before)["t"][-1] < chart(page)["t"][0]
    assert "Later" in before
    assert "Later" not in page


@pytest.mark.parametrize("query", ["window=7", "window=x", "end=99999", "end=0", "page=x"])
def test_nonsense_in_the_address_counts_as_not_asked(
    alice: Client, shop: DatasetVersion, query: str
) -> None:
    assert len(chart(text(alice, f"{url_of(shop)}?{query}"))["t"]) == 91


def test_the_figures_say_what_kind_of_demand_it_is(alice: Client) -> None:
    sales = np.tile(np.array([[6.0, 0, 5, 1], [6, 0, 0, 30]]), (30, 1))
    version = make_version(sales)

    said = [text(alice, url_of(version, place)) for place in range(4)]

    assert "Regular, steady" in said[0]
    assert "Without" not in said[1]
    assert "None" in said[1]
    assert "With pauses, steady" in said[2]
    assert "Regular, varying" in said[3]


def test_it_leads_to_its_neighbours_its_forecasts_and_its_attributes(
    alice: Client, shop: DatasetVersion
) -> None:
    one = Series.objects.get(unique_id="S0:P0")
    one.product = Product.objects.create(
        dataset=shop.dataset, code="milk", attributes={"brand": "Acme <b>"}
    )
    one.save()

    page = text(alice, url_of(shop))

    assert f'rel="next" href="{url_of(shop, 1)}"' in page
    assert 'rel="prev"' not in page
    assert "/series/?dataset=shop&amp;search=S0%3AP0" in page
    assert "Acme &lt;b&gt;" in page
    assert f'href="{url_of(shop)}"' in text(alice, "/datasets/shop/1/series/")


def test_hours_and_series_without_dates_have_pages_too(alice: Client) -> None:
    hours = make_version(make_sales(900, 1), name="hours", frequency="H")
    numbers = make_version(make_sales(40, 1), name="numbers", frequency="W")
    DatasetVersion.objects.filter(pk=numbers.pk).update(epoch=None)

    assert len(chart(text(alice, url_of(hours)))["t"]) == 168
    assert chart(text(alice, url_of(numbers)))["t"][-1] == "39"


def test_what_is_not_there_is_not_found(alice: Client, shop: DatasetVersion) -> None:
    other = make_version(make_sales(40, 1), name="other")
    stranger = SeriesProfile.objects.get(version=other).series_id

    assert alice.get("/datasets/shop/1/series/0/").status_code == 404
    assert alice.get(f"/datasets/shop/1/series/{10**20}/").status_code == 404
    assert alice.get(f"/datasets/shop/1/series/{stranger}/").status_code == 404
    assert alice.post(url_of(shop)).status_code == 405
    assert alice.get(f"/api/v1/datasets/shop/series/{stranger}").status_code == 404
    shop.dataset.readers.add(make_group("readers"))
    url = url_of(shop)
    alice.force_login(make_user("charlie"))
    assert alice.get(url).status_code == 404


def test_the_api_gives_figures_and_rows(alice: Client, shop: DatasetVersion) -> None:
    one = SeriesProfile.objects.get(version=shop, unique_id="S0:P0").series_id
    url = f"/api/v1/datasets/shop/series/{one}"

    first = alice.get(f"{url}?limit=100").json()
    rest = alice.get(f"{url}?limit=100&cursor={first['next']}").json()

    assert first["gaps"] == 10
    assert first["pattern"] == "smooth"
    assert first["items"][0]["ds"] == "2026-01-05"
    assert len(first["items"]) + len(rest["items"]) == 190
    assert rest["next"] is None
