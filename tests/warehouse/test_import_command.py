from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.core.management import call_command
from django.db import connection

from forecastlab.warehouse import queries
from forecastlab.warehouse.models import Dataset, DatasetVersion, ImportReport
from tests.factories import make_user

HEAD = "store,product,date,sales"
SALES = f"{HEAD}\nA,1,2024-01-01,3\nA,1,2024-01-02,4\nB,1,2024-01-01,5\n"


def run_import(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command with --json and return its exit code and the object it printed."""
    out, code = io.StringIO(), 0
    given = [*arguments, "--json", "--as", "alice"]
    try:
        call_command("import_dataset", *given, stdout=out, stderr=io.StringIO())
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    return code, json.loads(out.getvalue())


def partitions() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname LIKE 'warehouse_salesfact_v%'")
        return sorted(name for (name,) in cursor.fetchall() if not name.endswith("_pkey"))


def nothing_is_left(upload_root: Path, before: list[str]) -> bool:
    files = list(upload_root.rglob("*")) if upload_root.exists() else []
    return not files and not Dataset.objects.exists() and partitions() == before


@pytest.fixture
def folder(tmp_path: Path, worker: None) -> Path:
    make_user("alice")
    return tmp_path


def test_import_prints_what_was_loaded(folder: Path) -> None:
    path = folder / "sales.csv"
    path.write_text(SALES)

    code, told = run_import("shop", str(path))

    assert code == 0, told
    assert (told["dataset"], told["version"], told["rows"], told["series"]) == ("shop", 1, 3, 2)
    assert (told["first"], told["last"], told["frequency"]) == ("2024-01-01", "2024-01-02", "D")
    assert len(told["content_hash"]) == 64
    assert told["problems"] == []
    assert told["seconds"] > 0


@pytest.mark.parametrize(
    "name", ["plain.csv", "packed.csv.gz", "tabs.tsv", "table.parquet", "bom.csv", "semicolons.csv"]
)
def test_every_kind_of_file_holds_the_same_facts(folder: Path, name: str) -> None:
    path = folder / name
    match name:
        case "packed.csv.gz":
            path.write_bytes(gzip.compress(SALES.encode()))
        case "tabs.tsv":
            path.write_text(SALES.replace(",", "\t"))
        case "semicolons.csv":
            path.write_text(SALES.replace(",", ";"))
        case "bom.csv":
            path.write_text(SALES, encoding="utf-8-sig")
        case "table.parquet":
            pl.read_csv(io.StringIO(SALES), try_parse_dates=True).write_parquet(path)
        case _:
            path.write_text(SALES)

    code, told = run_import("shop", str(path))

    assert code == 0, told
    version = queries.resolve("shop", Dataset.objects.get().created_by)
    facts = queries.facts(version, ("quantity",))
    assert facts["quantity"].to_list() == [3.0, 4.0, 5.0]
    assert facts["t"].to_list() == [0, 1, 0]
    assert told["content_hash"] == (
        "af49f3478633a6be6df82beecd29572ce231a0d2d290462bb6e923165e3b476b"
    )


def test_order_of_rows_does_not_change_the_hash_and_makes_no_version(folder: Path) -> None:
    head, *rows = SALES.strip().split("\n")
    (folder / "a.csv").write_text(SALES)
    (folder / "b.csv").write_text("\n".join([head, *reversed(rows)]))
    _, first = run_import("shop", str(folder / "a.csv"))

    code, second = run_import("shop", str(folder / "b.csv"))

    assert code == 0
    assert (second["content_hash"], second["version"]) == (first["content_hash"], 1)
    assert [one["code"] for one in second["problems"]] == ["unchanged"]
    assert DatasetVersion.objects.count() == 1


def test_columns_without_a_value_do_not_change_the_hash(folder: Path) -> None:
    head, *rows = SALES.strip().split("\n")
    (folder / "a.csv").write_text(SALES)
    (folder / "b.csv").write_text(
        "\n".join([f"{head},price,holiday", *(f"{one},," for one in rows)])
    )
    _, first = run_import("shop", str(folder / "a.csv"))

    code, second = run_import("shop", str(folder / "b.csv"))

    assert code == 0, second
    assert (second["content_hash"], second["version"]) == (first["content_hash"], 1)


def test_new_sales_make_a_new_version_of_the_same_series(folder: Path) -> None:
    (folder / "a.csv").write_text(SALES)
    (folder / "b.csv").write_text(SALES + "B,1,2024-01-02,6\n")
    run_import("shop", str(folder / "a.csv"))

    _, told = run_import("shop", str(folder / "b.csv"))

    assert (told["version"], told["rows"], told["series"]) == (2, 4, 2)
    assert Dataset.objects.get().series.count() == 2
    assert queries.resolve("shop@1", Dataset.objects.get().created_by).rows == 3


def test_columns_are_mapped_divided_kept_as_signals_or_dropped(folder: Path) -> None:
    path = folder / "odd.csv"
    path.write_text(
        "id,when,sold,out,rain,colour\nx,2024-01-01,2,4,0.5,red\nx,2024-01-02,3,0,,blue\n"
    )
    mapping = ["--map", "series=id", "--map", "ds=when", "--map", "quantity=sold"]
    mapping += ["--map", "stockout_share=out/16", "--signal", "rain:observed"]

    code, told = run_import("shop", str(path), *mapping)

    assert code == 0, told
    assert "'colour'" in told["problems"][0]["message"]
    version = DatasetVersion.objects.get()
    facts = queries.facts(version, ("stockout_share", "signals"))
    assert facts["stockout_share"].to_list() == [0.25, 0.0]
    assert facts["signals"].to_list()[0] == [0.5]
    assert [(one.name, one.known) for one in version.signals.all()] == [("rain", False)]
    assert version.dataset.series.get().unique_id == "x"


def test_gaps_stay_missing_and_weeks_are_recognised(folder: Path) -> None:
    path = folder / "weeks.csv"
    rows = ["u,2024-01-04,1", "u,2024-01-11,2", "u,2024-01-25,0", "v,2024-01-11,4"]
    path.write_text("\n".join(["unique_id,ds,y", *rows]))

    _, told = run_import("shop", str(path))

    assert (told["frequency"], told["rows"], told["last"]) == ("W", 4, "2024-01-25")
    assert queries.facts(DatasetVersion.objects.get())["t"].to_list() == [0, 1, 3, 1]


def test_negative_sales_are_kept_unknown_or_refused(folder: Path) -> None:
    path = folder / "returns.csv"
    path.write_text(f"{HEAD}\nA,1,2024-01-01,-3\nA,1,2024-01-02,4\n")

    kept = run_import("kept", str(path))[1]
    run_import("missing", str(path), "--returns", "missing")
    code, refused = run_import("refused", str(path), "--returns", "reject")

    assert "1 negative quantity was kept" in kept["problems"][0]["message"]
    unknown = DatasetVersion.objects.get(dataset__name="missing")
    assert queries.facts(unknown)["quantity"].to_list() == [None, 4.0]
    assert (code, refused["error"]["detail"].split(":")[0]) == (2, "Line 2, column 'sales'")


def test_a_file_in_which_every_quantity_is_unknown_is_kept(folder: Path) -> None:
    path = folder / "unknown.csv"
    path.write_text(f"{HEAD}\nA,1,2024-01-01,n/a\nA,1,2024-01-02,\n")

    code, told = run_import("unknown", str(path))

    assert (code, told["rows"]) == (0, 2)
    assert DatasetVersion.objects.get().history == 2


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("sales.csv", SALES)
    return out.getvalue()


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + bytes(64), "is a PNG picture"),
    "book.xlsx": (_zip(), "an Excel workbook"),
    "zipped.csv": (_zip(), "is a ZIP archive"),
    "sixteen.csv": (SALES.encode("utf-16-le"), "It looks like UTF-16: say --encoding utf-16-le"),
    "binary.csv": (b"\x00\x01\x02", "is not text"),
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n\n", "is empty"),
    "empty.csv.gz": (gzip.compress(b""), "is empty"),
    "cut.csv.gz": (gzip.compress(SALES.encode() * 50)[:40], "is damaged"),
    "cut.parquet": (b"PAR1" + bytes(32), "is damaged"),
    "header.csv": (HEAD.encode(), "has a header and no rows"),
    "latin.csv": (
        f"{HEAD}\n".encode() + b"Caf\x81,1,2024-01-01,3\n",
        "Line 2 of 'latin.csv' is not UTF-8, and line 2 is not Windows-1252 either",
    ),
    "ragged.csv": (f"{HEAD}\nA,1,2024-01-01,3,9,9\n".encode(), "cannot be read"),
    "undated.csv": (b"store,product,sales\nA,1,3\n", "No column is the date"),
    "unsold.csv": (b"store,product,date\nA,1,2024-01-01\n", "No column is the quantity"),
    "unnamed.csv": (b"date,sales\n2024-01-01,3\n", "No column tells series apart"),
    "twice.csv": (
        b"store,product,date,sales,sales\nA,1,2024-01-01,3,4\n",
        "two columns named 'sales'",
    ),
    "day.csv": (
        f"{HEAD}\nA,1,2024-02-30,3\n".encode(),
        "Line 2, column 'date': '2024-02-30' is not",
    ),
    "nodate.csv": (f"{HEAD}\nA,1,,3\n".encode(), "Line 2, column 'date'"),
    "number.csv": (
        f"{HEAD}\nA,1,2024-01-01,three\n".encode(),
        "'three' is not a number, or beyond 1e15; leave it empty",
    ),
    "infinite.csv": (f"{HEAD}\nA,1,2024-01-01,inf\n".encode(), "'inf' is not a number"),
    "nostore.csv": (f"{HEAD}\n,1,2024-01-01,3\n".encode(), "Line 2, column 'store'"),
    "again.csv": (
        f"{HEAD}\nA,1,2024-01-01,3\nA,1,2024-01-02,3\nA,1,2024-01-01,4\n".encode(),
        "Series 'A:1' has 2024-01-01 in 2 lines: 2, 4.",
    ),
    "two-ways.csv": (f"{HEAD}\nA,1,01/02/2024,3\n".encode(), "the day or the month first"),
    "stray.csv": (
        (
            f"{HEAD}\n"
            + "".join(f"A,1,2024-{m:02}-{d:02},1\n" for m in (1, 4) for d in (1, 8, 15, 22))
            + "".join(f"B,{n},2024-01-01,1\nB,{n},2024-01-08,1\n" for n in range(40))
            + "B,9,2024-01-17,1\n"
        ).encode(),
        "does not begin a week",
    ),
    "share.csv": (
        b"store,product,date,sales,stockout\nA,1,2024-01-01,3,9\n",
        "is not a number from 0 to 1",
    ),
    "minutes.csv": (
        f"{HEAD}\nA,1,2024-01-01 00:00:00,3\nA,1,2024-01-01 00:30:00,3\n".encode(),
        "30 minutes apart",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_and_leaves_nothing(
    folder: Path, upload_root: Path, name: str
) -> None:
    content, sentence = BAD_FILES[name]
    (folder / name).write_bytes(content)
    before = partitions()

    code, told = run_import("shop", str(folder / name))

    assert code == 2, told
    assert sentence in told["error"]["detail"]
    assert nothing_is_left(upload_root, before)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["Shop!", "sales.csv"], "is not a name for a dataset"),
        (["shop", "absent.csv"], "There is no file"),
        (["shop", "."], "is a folder"),
        (["shop", "sales.csv", "--map", "colour=sales"], "'colour' is not a role"),
        (["shop", "sales.csv", "--map", "quantity"], "is not role=column"),
        (["shop", "sales.csv", "--map", "quantity=sold"], "no column 'sold'"),
        (["shop", "sales.csv", "--map", "price=sales", "--map", "quantity=sales"], "Two roles"),
        (["shop", "sales.csv", "--map", "price=sales", "--map", "price=date"], "Two columns"),
        (["shop", "sales.csv", "--map", "store=store/2"], "only numbers can be divided"),
        (["shop", "sales.csv", "--signal", "sales"], "does not say column:known"),
        (["shop", "sales.csv", "--frequency", "X"], "Accepted: H, D, W, M, Q, Y"),
        (["shop", "sales.csv", "--returns", "burn"], "Accepted: keep, missing, reject"),
        (["shop", "sales.csv", "--layout", "sideways"], "Accepted: long, wide, m4"),
    ],
)
def test_a_bad_argument_is_refused_and_leaves_nothing(
    folder: Path, upload_root: Path, arguments: list[str], sentence: str
) -> None:
    (folder / "sales.csv").write_text(SALES)
    name, file, *options = arguments
    before = partitions()

    code, told = run_import(name, str(folder / file), *options)

    assert (code, sentence in told["error"]["detail"]) == (2, True), told
    assert nothing_is_left(upload_root, before)


def test_a_refused_import_keeps_a_report_with_the_places(folder: Path) -> None:
    path = folder / "bad.csv"
    path.write_text(HEAD + "\n" + "".join(f"A,1,2024-01-01,x{n}\n" for n in range(30)))

    run_import("shop", str(path))

    report = ImportReport.objects.get()
    (problem,) = [one for one in report.problems if one["code"] == "bad_quantity"]
    assert (report.verdict, problem["count"], len(problem["places"])) == ("refused", 30, 20)
    assert problem["places"][0] == {"line": 2, "column": "sales", "value": "x0"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "options", "rows", "series"),
    [
        (
            "freshretail-city0/sales_daily.parquet",
            [
                *("--map", "store=store_id", "--map", "product=product_id", "--map", "ds=dt"),
                *("--map", "quantity=sale_amount"),
                *("--map", "stockout_share=stockout_hours_6_22/16"),
            ],
            897_660,
            9_974,
        ),
        ("dominicks-oj/oj_long.csv.gz", ["--signal", "deal:known"], 106_139, 913),
    ],
)
def test_real_sales_are_imported_whole(
    folder: Path, shared_data: Path, file: str, options: list[str], rows: int, series: int
) -> None:
    code, told = run_import("real", str(shared_data / file), *options)

    assert code == 0, told
    assert (told["rows"], told["series"]) == (rows, series)
    assert queries.facts(DatasetVersion.objects.get()).height == rows


def test_a_dry_run_says_what_would_change_and_stores_nothing(folder: Path) -> None:
    path = folder / "sales.csv"
    path.write_text(SALES)
    assert run_import("shop", str(path))[0] == 0
    before = partitions()
    path.write_text(f"{SALES}B,1,2024-01-02,9\n")

    code, told = run_import("shop", str(path), "--dry-run")

    assert (code, told["dry_run"], told["importable"]) == (0, True, True)
    assert (told["dataset"], told["rows"], told["series"]) == ("shop", 4, 2)
    assert told["changes"]["rows"]["added"] == 1
    path.write_text(f"{SALES}B,1,2024-01-02,many\n")
    code, told = run_import("shop", str(path), "--dry-run")
    assert (code, told["importable"]) == (1, False)
    assert "many" in next(one["message"] for one in told["problems"] if one["level"] == "error")
    assert partitions() == before
    assert DatasetVersion.objects.count() == 1


def test_a_dry_run_leaves_no_file(folder: Path, upload_root: Path) -> None:
    path = folder / "sales.csv"
    path.write_text(SALES)

    code, _told = run_import("shop", str(path), "--dry-run")

    assert code == 0
    assert nothing_is_left(upload_root, partitions())
