from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.test import AsyncClient, Client
from django.utils import timezone

from forecastlab.warehouse.models import (
    DatasetVersion,
    Product,
    Series,
    SeriesProfile,
    Signal,
    Store,
)
from forecastlab.warehouse.queries import tables
from forecastlab.warehouse.services import imports, uploads
from forecastlab.warehouse.services.imports import Options
from tests.factories import make_group, make_sales, make_user, make_version, run_job

FORMULA = '=HYPERLINK("http://example.org"):1'
SALES = """store,product,date,sales,price,temperature
A,1,2024-01-01,3,1.5,-2
A,1,2024-01-02,,1.5,-1
B,=1+1,2024-01-02,5,2,0
"""


@pytest.fixture
def alice(client: Client, db: None) -> Client:
    client.force_login(make_user("alice"))
    return client


def content(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def table(client: Client, url: str) -> pl.DataFrame:
    """Return the table behind an address, which is the same as CSV and as Parquet."""
    parquet = pl.read_parquet(io.BytesIO(content(client.get(f"{url}.parquet"))))
    sheet = content(client.get(f"{url}.csv")).decode()
    assert sheet.splitlines()[0] == ",".join(parquet.columns)
    assert len(sheet.splitlines()) == parquet.height + 1
    return parquet


def imported(tmp_path: Path, text: str, *signals: str) -> DatasetVersion:
    file = tmp_path / "sales.csv"
    file.write_text(text)
    by, upload = make_user("owner"), uploads.receive_path(file)
    placed = ["store=store", "product=product", "ds=date", "quantity=sales"]
    options = Options(placed=placed, signals=list(signals))
    job = run_job(imports.start("shop", upload, options=options, by=by, at=timezone.now()))
    assert job.status == "succeeded", job.error
    return DatasetVersion.objects.get()


def test_all_rows_come_with_names_dates_columns_and_signals(
    client: Client, transactional_db: None, tmp_path: Path
) -> None:
    imported(tmp_path, SALES, "temperature:known")
    client.force_login(make_user("alice"))

    rows = table(client, "/datasets/shop/1/facts")

    assert rows.columns[:4] == ["unique_id", "store", "product", "ds"]
    assert rows.drop("held_back").to_dicts() == [
        {**key, **numbers}
        for key, numbers in zip(
            [
                {"unique_id": "A:1", "store": "A", "product": "1"},
                {"unique_id": "A:1", "store": "A", "product": "1"},
                {"unique_id": "B:=1+1", "store": "B", "product": "=1+1"},
            ],
            [
                {"ds": day(1), "quantity": 3.0, "price": 1.5, "temperature": -2.0},
                {"ds": day(2), "quantity": None, "price": 1.5, "temperature": -1.0},
                {"ds": day(2), "quantity": 5.0, "price": 2.0, "temperature": 0.0},
            ],
            strict=True,
        )
    ]


def day(number: int) -> Any:
    return pl.date(2024, 1, number).pipe(pl.select).item()


def test_what_was_taken_away_imports_to_the_same_version(
    client: Client, transactional_db: None, tmp_path: Path
) -> None:
    version = imported(tmp_path, SALES.replace("=1+1", "2"), "temperature:known")
    client.force_login(version.created_by)
    file = tmp_path / "again.csv"
    file.write_bytes(content(client.get("/datasets/shop/1/facts.csv")))

    placed = ["store=store", "product=product", "ds=ds", "quantity=quantity", "price=price"]
    options = Options(placed=placed, signals=["temperature:known"])
    upload = uploads.receive_path(file)
    run_job(
        imports.start("copy", upload, options=options, by=version.created_by, at=timezone.now())
    )

    copy = DatasetVersion.objects.get(dataset__name="copy")
    assert copy.content_hash == version.content_hash


def test_a_series_is_taken_away_alone(alice: Client) -> None:
    version = make_version(make_sales(30, 3))
    one = SeriesProfile.objects.get(version=version, unique_id="S0:P1").series_id

    rows = table(alice, f"/datasets/shop/1/series/{one}/facts")

    assert rows.height == 30
    assert set(rows["unique_id"]) == {"S0:P1"}


def test_the_list_is_taken_away_as_it_is_filtered_and_sorted(alice: Client) -> None:
    sales = make_sales(30, 4)
    sales[10:14, 1:3] = np.nan
    sales[0, 2] = 1000
    make_version(sales)

    url = "/datasets/shop/1/series.parquet?trait=gaps&sort=-quantity"
    rows = pl.read_parquet(io.BytesIO(content(alice.get(url))))

    assert rows["unique_id"].to_list() == ["S0:P2", "S0:P1"]
    assert rows["gaps"].to_list() == [4, 4]
    assert rows["pattern"].null_count() == 0
    assert table(alice, "/datasets/shop/1/series").height == 4


def test_the_overview_is_taken_away(alice: Client) -> None:
    version = make_version()

    rows = dict(table(alice, "/datasets/shop/1/overview").rows())

    assert rows["content_hash"] == version.content_hash
    assert rows["rows"] == str(version.rows)
    assert rows["zeros"] == str(version.profile["zeros"])


@pytest.mark.parametrize("name", ["facts", "series"])
def test_a_name_that_is_a_formula_is_marked_in_sheets_only(alice: Client, name: str) -> None:
    version = make_version(make_sales(10, 1))
    shop = version.dataset
    Series.objects.update(
        unique_id=FORMULA,
        store=Store.objects.create(dataset=shop, code="+1"),
        product=Product.objects.create(dataset=shop, code="@x"),
    )
    SeriesProfile.objects.update(unique_id=FORMULA)

    sheet = content(alice.get(f"/datasets/shop/1/{name}.csv")).decode()
    parquet = pl.read_parquet(io.BytesIO(content(alice.get(f"/datasets/shop/1/{name}.parquet"))))

    assert "'=HYPERLINK" in sheet
    assert ",'+1,'@x," in sheet
    assert set(parquet["unique_id"]) == {FORMULA}


def test_a_signal_may_have_the_name_of_a_column(alice: Client) -> None:
    version = make_version(make_sales(10, 1))
    Signal.objects.create(version=version, position=0, name="ds", known=True)

    assert "signal.ds" in table(alice, "/datasets/shop/1/facts").columns


def test_a_heading_that_is_a_formula_is_marked_in_sheets_only(alice: Client) -> None:
    version = make_version(make_sales(10, 1))
    for place, name in enumerate(["=HYPERLINK(1)", "@sig"]):
        Signal.objects.create(version=version, position=place, name=name, known=True)

    sheet = content(alice.get("/datasets/shop/1/facts.csv")).decode()
    parquet = pl.read_parquet(io.BytesIO(content(alice.get("/datasets/shop/1/facts.parquet"))))

    assert sheet.splitlines()[0].endswith(",'=HYPERLINK(1),'@sig")
    assert parquet.columns[-2:] == ["=HYPERLINK(1)", "@sig"]


def test_strangers_get_nothing(alice: Client) -> None:
    version = make_version(make_sales(10, 1), by=make_user("owner"))
    version.dataset.readers.add(make_group("readers"))
    series = SeriesProfile.objects.get().series_id

    for url in (
        "/datasets/shop/1/facts.csv",
        "/datasets/shop/1/series.csv",
        "/datasets/shop/1/overview.parquet",
        f"/datasets/shop/1/series/{series}/facts.csv",
        "/api/v1/datasets/shop/facts.csv",
        "/datasets/shop/1/secrets.csv",
        "/api/v1/datasets/shop/secrets.csv",
    ):
        assert alice.get(url).status_code == 404, url


def test_the_api_gives_the_same_bytes(alice: Client) -> None:
    make_version(make_sales(30, 2))

    for name in ("facts", "series", "overview"):
        page = content(alice.get(f"/datasets/shop/1/{name}.csv"))
        assert content(alice.get(f"/api/v1/datasets/shop/{name}.csv")) == page
    assert alice.get("/api/v1/datasets/shop/facts.xlsx").status_code == 404


def others_connected() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
async def test_the_rows_are_streamed_to_an_asynchronous_server(async_client: AsyncClient) -> None:
    alice = await sync_to_async(make_user)("alice")
    await sync_to_async(make_version)(make_sales(30, 2))
    await sync_to_async(async_client.force_login)(alice)
    before = await sync_to_async(others_connected)()

    answer = await async_client.get("/datasets/shop/1/facts.csv")
    sheet = b"".join([chunk async for chunk in answer.streaming_content]).decode()
    left = await sync_to_async(others_connected)()
    await sync_to_async(connections.close_all)()

    assert answer.is_async
    assert len(sheet.splitlines()) == 61
    assert left == before


def test_a_version_is_sent_in_blocks(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_version(make_sales(30, 9))
    monkeypatch.setattr(tables, "BLOCK_ROWS", 60)

    answer = alice.get("/datasets/shop/1/facts.csv")
    chunks = list(answer.streaming_content)

    assert len(chunks) == 5
    assert b"".join(chunks).decode().count("unique_id") == 1
    assert len(b"".join(chunks).decode().splitlines()) == 271
