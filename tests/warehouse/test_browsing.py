from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from django.test import Client

from forecastlab.warehouse.models import DatasetVersion, Product, Series, SeriesProfile, Store
from forecastlab.warehouse.queries import series_list
from tests.factories import make_group, make_sales, make_user, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client: Client) -> Client:
    client.force_login(make_user("alice"))
    return client


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer.content
    return " ".join(answer.content.decode().split())


def listed(page: str) -> list[str]:
    """Return the ids in the table of series, in their order."""
    return re.findall(r'/series/\d+/">([^<]+)</a></th>', page)


@pytest.fixture
def shop() -> DatasetVersion:
    """Eight series of 60 days, each with something of its own."""
    sales = np.tile(np.array([5.0, 6, 7, 8, 9, 12, 4]), 9)[:60, None] * np.ones((1, 8))
    sales = sales * np.array([1, 1, 1, 1, 1, 1, 1, 10.0])
    stockout = np.zeros(sales.shape)
    sales[10:20, 1] = np.nan  # no rows
    stockout[5:9, 2] = 0.75
    sales[:, 3] = 0
    sales[:, 4] = 7
    sales[:, 5] = np.where(np.arange(60) % 4 == 0, 3.0, 0.0)
    sales[30, 6] = 500
    return make_version(sales, stockout_share=stockout)


# -- the list of datasets ----------------------------------------------------------------------


def test_datasets_are_filtered_by_frequency_and_judged(alice: Client) -> None:
    make_version(name="daily")
    make_version(make_sales(60, 2), name="weekly", frequency="W")
    make_version(make_sales(10, 2), name="stub")

    everything = text(alice, "/datasets/")
    weekly = text(alice, "/datasets/?frequency=W")

    assert "weekly" in weekly
    assert "daily" not in weekly
    assert "Too short" in everything
    assert "Ready" in everything
    assert "match without this filter" in text(alice, "/datasets/?frequency=Y")


# -- the overview ------------------------------------------------------------------------------


def test_the_overview_says_what_is_there_and_what_to_do(
    alice: Client, shop: DatasetVersion
) -> None:
    page = text(alice, "/datasets/shop/")

    assert "Quality: Usable, with limits" in page
    assert "Series that never sold anything: 1 (12.5 %)." in page
    assert "Leave them out, unless they are about to be launched." in page
    assert "Series with the same quantity in every row: 1 (12.5 %)." in page
    assert "2.1 % of the days between the first and the last row of a series have no row." in page
    assert "Rows whose shelf was empty for 9/16 of the day or more" in page
    assert "(0.9 %). They are left out of judging." in page
    assert "Quantities far above the rest of their series: 1 (0.2 %)." in page
    assert f"/datasets/shop/{shop.number}/series/?trait=gaps" in page
    assert "Total sales hardly repeat every 7 days: strength" in page
    assert "Units sold per day, all series" in page
    assert "Best-selling tenth: 1 series" in page


def test_the_season_is_named_by_its_days(alice: Client) -> None:
    week = np.tile(np.array([1.0, 1, 1, 1, 1, 3, 1]), 10)
    make_version(week[:, None] * np.ones((1, 2)))

    page = text(alice, "/datasets/shop/")

    assert "strength 1.00 of 1" in page
    assert re.search(r"<span>Saturday</span>.*?× 2.33", page)


def test_a_season_that_too_few_periods_show_is_said_so(alice: Client) -> None:
    make_version(make_sales(121, 2), frequency="W")

    page = text(alice, "/datasets/shop/")

    assert "No season of 52 weeks can be seen: that takes 3 of them, and there are 121" in page


def test_a_version_with_nothing_but_few_days_is_too_short(alice: Client) -> None:
    make_version(make_sales(9, 2))

    page = text(alice, "/datasets/shop/")

    assert "Quality: Too short" in page
    assert "9 days are fewer than 2 seasons of 7 days." in page


# -- the browser of series ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("trait=gaps", ["S0:P1"]),
        ("trait=stockouts", ["S0:P2"]),
        ("trait=silent", ["S0:P3"]),
        ("trait=constant", ["S0:P4", "S0:P3"]),
        ("trait=seldom", ["S0:P5"]),
        ("trait=outliers", ["S0:P6"]),
        ("least=1000", ["S0:P7"]),
        ("search=p6", ["S0:P6"]),
        ("search=p6&trait=gaps", []),
    ],
)
def test_series_are_found_by_what_is_special(
    alice: Client, shop: DatasetVersion, query: str, found: list[str]
) -> None:
    page = text(alice, f"/datasets/shop/{shop.number}/series/?{query}")

    assert listed(page) == found
    assert ("8 match without these filters" in page) == (not found)


def test_series_are_sorted_by_every_figure(alice: Client, shop: DatasetVersion) -> None:
    url = f"/datasets/shop/{shop.number}/series/"

    assert listed(text(alice, url))[0] == "S0:P7"
    assert listed(text(alice, f"{url}?sort=series")) == [f"S0:P{place}" for place in range(8)]
    assert listed(text(alice, f"{url}?sort=-gaps"))[0] == "S0:P1"
    assert listed(text(alice, f"{url}?sort=-zeros"))[0] == "S0:P3"
    assert listed(text(alice, f"{url}?sort=-variation"))[-1] == "S0:P3"
    for figure in ("rows", "first", "last", "unknown", "negative", "stockouts", "outliers"):
        assert len(listed(text(alice, f"{url}?sort={figure}"))) == 8


def test_series_are_filtered_by_store_product_and_their_attributes(
    alice: Client, shop: DatasetVersion
) -> None:
    dataset = shop.dataset
    stores = [
        Store.objects.create(dataset=dataset, code=one, attributes={"region": region})
        for one, region in (("north-1", "north"), ("south-1", "south"))
    ]
    brands = [
        Product.objects.create(dataset=dataset, code=one, attributes={"brand": one.upper()})
        for one in ("milk", "tea")
    ]
    for place, one in enumerate(Series.objects.order_by("unique_id")):
        one.store, one.product = stores[place % 2], brands[place // 4]
        one.save()
    url = f"/datasets/shop/{shop.number}/series/"

    page = text(alice, url)

    assert '<select name="store"' in page
    assert '<select name="product.brand"' in page
    assert len(listed(text(alice, f"{url}?store=north-1"))) == 4
    both = text(alice, f"{url}?store.region=north&product.brand=MILK&sort=series")
    assert listed(both) == ["S0:P0", "S0:P2"]
    assert not listed(text(alice, f"{url}?product.colour=red"))
    assert len(listed(text(alice, f"{url}?product=tea"))) == 4


def test_every_chip_switches_one_filter_and_keeps_the_others(
    alice: Client, shop: DatasetVersion
) -> None:
    url = f"/datasets/shop/{shop.number}/series/"

    page = alice.get(f"{url}?search=S0&trait=gaps").content.decode()

    assert 'href="?search=S0&amp;trait=gaps&amp;trait=stockouts"' in page
    assert 'href="?search=S0" aria-current="true"' in page
    assert f'href="{url}?' not in page.replace("hx-get", "")


def test_nonsense_in_the_address_counts_as_not_asked(alice: Client, shop: DatasetVersion) -> None:
    url = f"/datasets/shop/{shop.number}/series/"

    for query in (
        "least=much",
        "least=1e999",
        "least=nan",
        "sort=colour",
        "page=x",
        "page=99",
        "trait=blue",
    ):
        assert len(listed(text(alice, f"{url}?{query}"))) == 8


def test_the_list_is_paged_without_reading_facts(
    alice: Client, django_assert_max_num_queries: Any
) -> None:
    version = make_version(make_sales(20, 120))
    url = f"/datasets/shop/{version.number}/series/?sort=series"

    with django_assert_max_num_queries(10) as asked:
        second = text(alice, f"{url}&page=2")

    assert len(listed(second)) == 25
    assert "26–50 of 120 series" in second
    assert not [one for one in asked.captured_queries if "salesfact" in one["sql"]]


def test_the_pages_hold_every_series_once_from_either_end(alice: Client) -> None:
    version = make_version(make_sales(20, 110))
    url = f"/datasets/shop/{version.number}/series/"

    for sort in ("series", "-quantity", "variation", "-variation"):
        pages = [listed(text(alice, f"{url}?sort={sort}&page={number}")) for number in range(1, 6)]
        found = [one for page in pages for one in page]
        whole = series_list.matching(version, series_list.Wanted(sort=sort))
        assert found == list(whole.values_list("unique_id", flat=True))


def test_the_fragment_is_not_a_page(alice: Client, shop: DatasetVersion) -> None:
    url = f"/datasets/shop/{shop.number}/series/"

    fragment = alice.get(url, headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in fragment
    assert 'class="spark"' in fragment


def test_strangers_and_wrong_methods_are_refused(alice: Client, shop: DatasetVersion) -> None:
    shop.dataset.readers.add(make_group("readers"))
    url = f"/datasets/shop/{shop.number}/series/"

    assert alice.post(url).status_code == 405
    assert alice.get("/datasets/shop/9/series/").status_code == 404
    alice.force_login(make_user("charlie"))
    assert alice.get(url).status_code == 404
    assert alice.get(f"/api/v1/datasets/shop@{shop.number}/series").status_code == 404


# -- the API -----------------------------------------------------------------------------------


def test_the_api_gives_the_same_list(alice: Client, shop: DatasetVersion) -> None:
    first = alice.get("/api/v1/datasets/shop/series?limit=3&sort=series").json()
    second = alice.get(
        f"/api/v1/datasets/shop/series?limit=3&sort=series&cursor={first['next']}"
    ).json()
    gappy = alice.get("/api/v1/datasets/shop/series?trait=gaps").json()["items"]

    assert [one["unique_id"] for one in first["items"]] == ["S0:P0", "S0:P1", "S0:P2"]
    assert second["items"][0]["unique_id"] == "S0:P3"
    assert len(gappy) == 1
    assert gappy[0]["gaps"] == 10
    assert gappy[0]["pattern"] == "smooth"
    assert alice.get("/api/v1/datasets/shop/series?sort=colour").status_code == 422
    assert alice.get("/api/v1/datasets/shop/series?trait=blue").status_code == 422
    assert alice.get("/api/v1/datasets/shop/series?cursor=x").status_code == 422


def test_the_api_gives_the_overview(alice: Client, shop: DatasetVersion) -> None:
    told = alice.get("/api/v1/datasets/shop/overview").json()

    assert told["verdict"] == "limited"
    assert told["figures"]["gaps"] == 10
    assert {"code": "gaps", "tone": "warn"}.items() <= told["findings"][0].items()


# -- what the figures are made of --------------------------------------------------------------


def test_profiles_leave_with_their_version(shop: DatasetVersion) -> None:
    told = SeriesProfile.objects.get(version=shop, unique_id="S0:P1")

    assert (told.rows, told.first, told.last, told.gaps) == (50, 0, 59, 10)
    shop.delete()
    assert not SeriesProfile.objects.exists()
