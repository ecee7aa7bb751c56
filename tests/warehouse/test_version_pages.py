"""The history of a dataset, and any two of its versions beside each other."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest
from django.test import Client

from forecastlab.accounts.models import User
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.queries import differences
from tests.factories import make_group, make_user, make_version

pytestmark = pytest.mark.django_db(transaction=True)
SALES = np.arange(20.0).reshape(10, 2)


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def client(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def three(alice: User) -> list[DatasetVersion]:
    """Three versions: a value changes, then a row goes and a series comes."""
    changed = SALES.copy()
    changed[3, 1] = 70.0
    wider = np.column_stack([changed, np.ones(10)])
    wider[9, 0] = np.nan
    return [make_version(one, by=alice) for one in (SALES, changed, wider)]


def test_the_history_lists_versions_with_what_differs(
    client: Client, three: list[DatasetVersion]
) -> None:
    first, second, _third = three
    difference = differences.between(first, second)
    DatasetVersion.objects.filter(pk=second.pk).update(parent=first, difference=difference)

    page = client.get("/datasets/shop/history/").content.decode()

    assert "1 row changed" in page
    assert "first version" in page
    assert "/datasets/shop/compare/?before=1&amp;after=2" in page
    assert "/datasets/shop/3/delete/" in page


def test_any_two_versions_are_compared(client: Client, three: list[DatasetVersion]) -> None:
    page = client.get("/datasets/shop/compare/?before=1&after=3").content.decode()

    assert "10 rows added, 1 row changed, 1 row removed" in page
    assert "S0:P2" in page
    assert "quantity 7 → 70" in page
    assert "quantity: changed in 1" in page


def test_a_comparison_is_taken_away_as_csv_and_parquet(
    client: Client, three: list[DatasetVersion]
) -> None:
    query = "?before=1&after=3"
    text = client.get(f"/datasets/shop/compare.csv{query}").getvalue()
    table = client.get(f"/datasets/shop/compare.parquet{query}").getvalue()

    rows = pl.read_csv(text)
    assert rows.columns[:5] == ["series", "ds", "change", "quantity before", "quantity after"]
    assert dict(rows["change"].value_counts().rows()) == {"added": 10, "changed": 1, "removed": 1}
    changed = rows.filter(pl.col("change") == "changed").row(0)
    assert changed[:5] == ("S0:P1", "2026-01-08", "changed", 7.0, 70.0)
    assert pl.read_parquet(io.BytesIO(table)).height == 12


def test_large_versions_are_compared_by_series(
    client: Client, three: list[DatasetVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(differences, "MOST_ROWS", 10)

    page = client.get("/datasets/shop/compare/?before=1&after=3").content.decode()

    assert "1 series added, 2 series changed" in page
    assert "too large to compare row by row" in page


def test_days_and_weeks_are_not_compared(client: Client, alice: User) -> None:
    make_version(SALES, by=alice)
    make_version(SALES, by=alice, frequency="W")

    page = client.get("/datasets/shop/compare/?before=1&after=2").content.decode()

    assert "Not compared: one holds days, the other weeks" in page
    assert client.get("/datasets/shop/compare.csv?before=1&after=2").status_code == 404


def test_equal_versions_do_not_differ(client: Client, alice: User) -> None:
    make_version(SALES, by=alice)
    make_version(SALES, by=alice)

    assert "No rows differ" in client.get("/datasets/shop/compare/").content.decode()


@pytest.mark.parametrize("query", ["?before=9&after=1", "?before=x", "?after=0", "?before=%00"])
def test_versions_that_are_not_there_are_not_found(
    client: Client, three: list[DatasetVersion], query: str
) -> None:
    for page in ("compare/", "compare.csv"):
        assert client.get(f"/datasets/shop/{page}{query}").status_code in {404, 422}


def test_a_stranger_finds_no_history(three: list[DatasetVersion]) -> None:
    three[0].dataset.readers.add(make_group("readers"))
    stranger = Client()
    stranger.force_login(make_user("charlie"))

    for page in ("history/", "compare/", "compare.csv", "settings/", "1/delete/"):
        assert stranger.get(f"/datasets/shop/{page}").status_code == 404
