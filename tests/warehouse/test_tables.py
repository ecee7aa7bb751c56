"""Tables of stores, products and days that come with sales."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.warehouse.models import CalendarDay, DatasetVersion, Product, SalesFact, Store
from tests.factories import make_user, run_job
from tests.warehouse.import_pages import SALES, accept, preview, shown, upload
from tests.warehouse.test_import_command import (
    folder,
    nothing_is_left,
    partitions,
    run_import,
)

__all__ = ["folder"]

STORES = "Store,Region,Floor Space,Zip\nA,north,120.5,01234\nB,south,,12345\nZ,west,80,1\n"
PRODUCTS = "sku,brand,cost,launch_date\n1,Acme,2,2023-05-01\n"
CALENDAR = "date,holiday,name,school\n2024-01-01,1,New Year,0\n2024-01-02,0,,1\n"
TABLES = {"stores": STORES, "products": PRODUCTS, "calendar": CALENDAR}


def written(folder: Path, sales: str = SALES.decode(), **tables: str) -> list[str]:
    """Write the files and return the arguments that name them."""
    (folder / "sales.csv").write_text(sales)
    arguments = [str(folder / "sales.csv")]
    for role, content in tables.items():
        (folder / f"{role}.csv").write_text(content)
        arguments += [f"--{role}", str(folder / f"{role}.csv")]
    return arguments


def posted(tables: dict[str, str]) -> dict[str, Any]:
    return {
        role: SimpleUploadedFile(f"{role}.csv", content.encode())
        for role, content in tables.items()
    }


def attributes(model: Any) -> dict[str, dict[str, Any]]:
    return dict(model.objects.values_list("code", "attributes"))


def holidays() -> list[float | None]:
    version = DatasetVersion.objects.latest("number")
    facts = SalesFact.objects.filter(version_id=version.pk).order_by("series_id", "t")
    return list(facts.values_list("holiday", flat=True))


def everything_is_kept() -> bool:
    stores = {"region": "north", "floor_space": 120.5, "zip": "01234"}
    assert attributes(Store) == {"A": stores, "B": {"region": "south", "zip": "12345"}}
    assert attributes(Product) == {"1": {"brand": "Acme", "cost": 2, "launch_date": "2023-05-01"}}
    days = list(CalendarDay.objects.order_by("day").values_list("holiday", "name", "attributes"))
    assert days == [(1, "New Year", {"school": 0}), (0, "", {"school": 1})]
    assert holidays() == [1, 0, 1]
    return True


def test_tables_by_command(folder: Path) -> None:
    code, told = run_import("shop", *written(folder, **TABLES))

    assert code == 0, told
    assert everything_is_kept()
    assert [one["message"] for one in told["problems"]] == [
        "3 stores of 'stores.csv' with 3 attributes: region, floor_space, zip.",
        "1 store of 'stores.csv' not in the sales, such as 'Z'.",
        "1 product of 'products.csv' with 3 attributes: brand, cost, launch_date.",
    ]


def test_tables_by_api(client: Client, transactional_db: None) -> None:
    client.force_login(make_user("alice"))
    file = SimpleUploadedFile("sales.csv", SALES)

    answer = client.post("/api/v1/datasets", {"name": "shop", "file": file, **posted(TABLES)})
    assert answer.status_code == 202, answer.content
    run_job(Job.objects.get(pk=answer.json()["job"]))

    assert everything_is_kept()
    found = client.get("/api/v1/datasets/shop/series?store.region=south").json()["items"]
    assert [one["unique_id"] for one in found] == ["B:1"]


def test_tables_by_page_and_the_filters_they_give(client: Client, transactional_db: None) -> None:
    client.force_login(make_user("alice"))

    looked = preview(client, upload(client, **posted(TABLES)).url)
    assert not Store.objects.exists()
    accept(client, looked)

    assert everything_is_kept()
    page = shown(client, "/datasets/shop/1/series/?store.region=north")
    assert "A:1" in page
    assert "B:1</a>" not in page
    assert 'name="store.region"' in page


def test_unchanged_sales_with_new_attributes_keep_those_that_were_there(folder: Path) -> None:
    run_import("shop", *written(folder, stores=STORES))

    code, told = run_import("shop", *written(folder, stores="store,region\nA,east\n"))

    assert code == 0, told
    assert told["version"] == 1
    assert [one["code"] for one in told["problems"]] == [
        "described_stores",
        "undescribed_stores",
        "unchanged",
    ]
    assert attributes(Store)["A"] == {"region": "east", "floor_space": 120.5, "zip": "01234"}
    assert attributes(Store)["B"]["region"] == "south"


def test_series_without_products_are_described_by_their_ids(folder: Path) -> None:
    sales = "unique_id,ds,y\na,2024-01-01,1\na,2024-01-02,2\n"

    code, told = run_import("shop", *written(folder, sales, products="unique_id,brand\na,Acme\n"))

    assert code == 0, told
    assert attributes(Product) == {"a": {"brand": "Acme"}}


def test_a_table_of_parquet_keeps_its_types(folder: Path) -> None:
    table = pl.DataFrame(
        {
            "store": ["A", "B"],
            "opened": [date(2020, 2, 1), None],
            "class": pl.Series(["large", None], dtype=pl.Categorical()),
            "outdoors": [True, False],
            "area": [80.5, float("nan")],
            "launch_date": [datetime(2020, 2, 1), None],
        }
    )
    table.write_parquet(folder / "stores.parquet")
    stores = ["--stores", str(folder / "stores.parquet")]

    code, told = run_import("shop", *written(folder), *stores)

    assert code == 0, told
    assert attributes(Store) == {
        "A": {
            "opened": "2020-02-01",
            "class": "large",
            "outdoors": "true",
            "area": 80.5,
            "launch_date": "2020-02-01",
        },
        "B": {"outdoors": "false"},
    }


def series_of(dates: list[str]) -> str:
    rows = "".join(f"a,{one},{place + 1}\n" for place, one in enumerate(dates))
    return f"unique_id,ds,y\n{rows}"


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["2024-01-01T22:00", "2024-01-01T23:00", "2024-01-02T00:00"], [0, 0, 1]),
        (["2023-12-28", "2024-01-04", "2024-01-11"], [1, None, None]),
        (["2023-12-01", "2024-01-01", "2024-02-01"], [None, 1, None]),
        (["2024-01-02", "2024-01-03", "2024-01-04"], [1, None, None]),
    ],
)
def test_holidays_are_joined_by_period(
    folder: Path, dates: list[str], expected: list[float | None]
) -> None:
    calendar = "day,is_holiday\n2024-01-01,0\n2024-01-02,1\n"
    code, plain = run_import("plain", *written(folder, series_of(dates)))
    assert code == 0, plain

    code, told = run_import("shop", *written(folder, series_of(dates), calendar=calendar))

    assert code == 0, told
    pk = DatasetVersion.objects.get(dataset__name="shop").pk
    facts = SalesFact.objects.filter(version_id=pk).order_by("t")
    assert list(facts.values_list("holiday", flat=True)) == expected
    assert told["content_hash"] != plain["content_hash"]


def test_holidays_of_the_sales_go_before_those_of_the_calendar(folder: Path) -> None:
    sales = "unique_id,ds,y,holiday\na,2024-01-01,1,0\na,2024-01-02,2,0\n"

    code, told = run_import("shop", *written(folder, sales, calendar=CALENDAR))

    assert code == 0, told
    assert [one["code"] for one in told["problems"]] == ["own_holidays"]
    assert holidays() == [0, 0]


MORE = "store,product,date,sales\nA,1,2024-01-02,4\nB,1,2024-01-02,6\nB,1,2024-01-03,7\n"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("append", [1, 0, 1, 0, None]), ("correct", [1, 0, 1, 0, None]), ("replace", [0, 0, None])],
)
def test_a_kept_calendar_is_joined_to_sales_that_bring_none(
    folder: Path, mode: str, expected: list[float | None]
) -> None:
    run_import("shop", *written(folder, calendar=CALENDAR))

    code, told = run_import("shop", *written(folder, MORE), "--mode", mode)

    assert code == 0, told
    assert holidays() == expected
    assert [one["message"] for one in told["problems"] if one["code"] == "kept_holidays"] == [
        "Holidays are those of the calendar that is kept with 'shop', 2024-01-01 to 2024-01-02. "
        "To change them, import with a calendar."
    ]


def test_a_kept_calendar_says_nothing_against_rows_that_are_there(folder: Path) -> None:
    own = "store,product,date,sales,holiday\nA,1,2024-01-01,3,0\nA,1,2024-01-02,4,0\n"
    run_import("shop", *written(folder, own, calendar=CALENDAR))

    more = "store,product,date,sales\nA,1,2024-01-01,3\nB,1,2024-01-01,1\n"
    code, told = run_import("shop", *written(folder, more), "--mode", "append")

    assert code == 0, told
    assert holidays() == [0, 0, 1]


def test_the_days_of_a_calendar_are_shown_and_taken_away(client: Client, folder: Path) -> None:
    run_import("shop", *written(folder, calendar=CALENDAR))
    client.force_login(User.objects.get(username="alice"))

    assert 'href="/datasets/shop/calendar/"' in shown(client, "/datasets/shop/")
    page = shown(client, "/datasets/shop/calendar/")
    assert "New Year" in page
    assert "school 1" in page
    assert "2 Jan 2024" in page
    assert "2 Jan 2024" not in shown(client, "/datasets/shop/calendar/?special=1")
    sent = client.get("/datasets/shop/calendar.csv")
    assert b"".join(sent).decode().splitlines() == [  # type: ignore[arg-type]
        "ds,holiday,name,school",
        "2024-01-01,1.0,New Year,0",
        "2024-01-02,0.0,,1",
    ]


WRONG = {
    "no key": ("stores", "city,region\nA,x\n", "No column of 'stores.csv' could be the store: 'c"),
    "two keys": ("stores", "shop,outlet\nA,x\n", "Several columns of 'stores.csv' could be the"),
    "twice": ("stores", "store\nA\nB\nA\n", "Line 4 of 'stores.csv', column 'store': 'A' stands"),
    "no code": ("stores", "store,x\n,1\n", "Line 2 of 'stores.csv', column 'store': '' is empty"),
    "one meaning": ("stores", "store,a b,a_b\nA,1,2\n", "'a b', 'a_b' of 'stores.csv' have one"),
    "cost": ("products", "item,cost\n1,dear\n", "Line 2 of 'products.csv', column 'cost': 'dear'"),
    "launch": ("products", "item,launch_date\n1,1.5.2023\n", "column 'launch_date': '1.5.2023' is"),
    "day": ("calendar", "date\n2024-01-01\nnever\n", "Line 3 of 'calendar.csv', column 'date': 'n"),
    "day twice": ("calendar", "date\n2024-01-01\n2024-01-01\n", "stands in line 2 already"),
    "holiday": ("calendar", "date,holiday\n2024-01-01,2\n", "'2' is not a number from 0 to 1"),
    "order": (
        "calendar",
        "date\n02/01/2024\n03/01/2024\n",
        "'calendar.csv': Column 'date' can be read",
    ),
    "either": ("products", 'item,cost\n1,"1,234"\n', "'products.csv': Line 2, column 'cost': '1"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_table_that_cannot_be_read_is_refused_in_words(
    folder: Path, upload_root: Path, case: str
) -> None:
    role, content, sentence = WRONG[case]
    before = partitions()

    code, told = run_import("shop", *written(folder, **{role: content}))

    assert code != 0
    assert sentence in told["error"]["detail"], told
    assert not Store.objects.exists()
    assert not CalendarDay.objects.exists()
    assert nothing_is_left(upload_root, before)


def test_the_page_tells_what_is_wrong_with_a_table(client: Client, transactional_db: None) -> None:
    client.force_login(make_user("alice"))
    address = upload(client, **posted({"products": "item,cost\n1,dear\n"})).url

    looked = preview(client, address)

    page = shown(client, f"/imports/{looked.pk}/preview/")
    assert "column &#x27;cost&#x27;: &#x27;dear&#x27; is not a number" in page
    assert not DatasetVersion.objects.exists()


def test_the_orange_juice_stores_are_described(folder: Path, shared_data: Path) -> None:
    juice = shared_data / "dominicks-oj"
    stores = ["--stores", str(juice / "storedemo.csv")]

    code, told = run_import("oj", str(juice / "oj_long.csv.gz"), *stores)

    assert code == 0, told
    assert (told["rows"], told["series"]) == (106_139, 913)
    assert attributes(Store)["2"]["age60"] == pytest.approx(0.232864733974575)
    assert all(len(one) == 11 for one in attributes(Store).values())
