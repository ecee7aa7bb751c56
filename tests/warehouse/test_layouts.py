from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from forecastlab.warehouse import queries
from forecastlab.warehouse.domain import layouts
from forecastlab.warehouse.models import DatasetVersion, ImportReport
from tests.factories import make_user
from tests.warehouse.test_import_command import run_import

DATED = "shop,sku,2024-01-01,2024-01-02,2024-01-03\nA,1,3,4,\nB,1,,5,0\n"
ACROSS = "date,A,B\n2024-01-01,3,\n2024-01-02,4,5\n2024-01-03,,0\n"
LONG_PAIRS = (
    "store,product,date,sales\n"
    "A,1,2024-01-01,3\nA,1,2024-01-02,4\nB,1,2024-01-02,5\nB,1,2024-01-03,0\n"
)
TRAINING = "V1,V2,V3,V4,V5\nw1,1,2,3,4\nw2,7,8,,\n"
TEST = "V1,V2,V3\nw1,5,6\nw2,9,10\n"


@pytest.fixture
def folder(tmp_path: Path, worker: None) -> Path:
    make_user("alice")
    for name, text in {
        "dated.csv": DATED,
        "across.csv": ACROSS,
        "long.csv": LONG_PAIRS,
        "train.csv": TRAINING,
        "test.csv": TEST,
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def facts() -> dict[str, list[tuple[int, float, bool]]]:
    version = DatasetVersion.objects.get()
    found = queries.facts(version, ("quantity", "held_back"))
    named = found.join(queries.series_frame(version), on="series_id")
    return {
        str(name[0]): part.sort("t").select("t", "quantity", "held_back").rows()
        for name, part in named.group_by("unique_id")
    }


@pytest.mark.parametrize(
    ("headings", "row", "layout"),
    [
        (["store", "product", "date", "sales"], ["A", "1", "2024-01-01", "3"], "long"),
        (["unique_id", "ds", "y"], ["a", "2024-01-01", "3"], "long"),
        (["date", "sales"], ["2024-01-01", "3"], "long"),
        (["id", "2024-01-01", "2024-01-02"], ["a", "1", "2"], "wide"),
        (["sku", "Jan 2024", "Feb 2024", "Mar 2024"], ["a", "1", "2", "3"], "wide"),
        (["id", "2024-W01", "2024-W02"], ["a", "1", "2"], "wide"),
        (["date", "A", "B"], ["2024-01-01", "1", ""], "wide"),
        (["date", "A", "note"], ["2024-01-01", "1", "rain"], "long"),
        (["V1", "V2", "V3"], ["w1", "1", ""], "m4"),
        (["id", "id", "2024-01-01"], ["a", "a", "1"], "long"),
    ],
)
def test_the_layout_is_guessed_from_headings_and_first_rows(
    headings: list[str], row: list[str], layout: str
) -> None:
    unique = len(set(headings)) == len(headings)
    first = pl.DataFrame([row], schema=headings, orient="row") if unique else pl.DataFrame()

    assert layouts.guess(headings, first) == layout


def test_a_row_a_series_holds_the_same_facts_as_the_long_file(folder: Path) -> None:
    _, long = run_import("long", str(folder / "long.csv"))

    code, wide = run_import("wide", str(folder / "dated.csv"))

    assert code == 0, wide
    assert (wide["rows"], wide["series"], wide["frequency"]) == (4, 2, "D")
    assert wide["content_hash"] == long["content_hash"]


def test_a_row_a_date_has_its_headings_as_series(folder: Path) -> None:
    code, told = run_import("wide", str(folder / "across.csv"))

    assert code == 0, told
    assert facts() == {
        "A": [(0, 3.0, False), (1, 4.0, False)],
        "B": [(1, 5.0, False), (2, 0.0, False)],
    }


def test_what_is_guessed_can_be_said(folder: Path) -> None:
    path = folder / "odd.csv"
    path.write_text("colour,code,01/02/2024,01/03/2024\nred,x,3,4\nblue,y,5,6\n")
    asked = ["--layout", "wide", "--map", "series=code", "--dates", "month first"]

    code, told = run_import("odd", str(path), *asked)

    assert code == 0, told
    assert set(facts()) == {"x", "y"}
    assert (told["first"], told["last"]) == ("2024-01-02", "2024-01-03")
    assert "'colour'" in told["problems"][0]["message"]


def test_a_wide_parquet_file_is_read(folder: Path) -> None:
    pl.DataFrame({"id": ["a", "b"], "2024-01-01": [1, 2], "2024-01-02": [None, 3.5]}).write_parquet(
        folder / "wide.parquet"
    )

    code, told = run_import("wide", str(folder / "wide.parquet"))

    assert (code, told.get("rows")) == (0, 3), told


def test_a_bad_value_is_named_by_line_and_heading(folder: Path) -> None:
    path = folder / "bad.csv"
    path.write_text("id,2024-01-01,2024-01-02\na,1,2\nb,x,3\n")

    code, told = run_import("bad", str(path))

    assert code == 2
    assert "Line 3, column '2024-01-01': 'x' is not a number" in told["error"]["detail"]


def test_a_heading_that_is_no_date_among_dates_is_named(folder: Path) -> None:
    path = folder / "bad.csv"
    path.write_text("id,2024-01-30,2024-01-32,2024-02-01\na,1,2,3\n")

    code, told = run_import("bad", str(path))

    assert code == 2
    assert "'2024-01-32' is not a date" in told["error"]["detail"]


def test_series_without_dates_end_together_and_are_continued(folder: Path) -> None:
    asked = ["--test", str(folder / "test.csv"), "--frequency", "W"]

    code, told = run_import("m4", str(folder / "train.csv"), *asked)

    assert code == 0, told
    assert (told["rows"], told["series"], told["first"], told["last"]) == (10, 2, "0", "5")
    assert facts() == {
        "w1": [(t, t + 1.0, t > 3) for t in range(6)],
        "w2": [(2, 7.0, False), (3, 8.0, False), (4, 9.0, True), (5, 10.0, True)],
    }
    assert DatasetVersion.objects.get().held_back == 2


@pytest.mark.parametrize(
    ("arguments", "field", "sentence"),
    [
        (["train.csv"], "frequency", "Without dates there is nothing to guess"),
        (["long.csv", "--test", "test.csv"], "test", "The layout is long"),
        (["long.csv", "--layout", "sideways"], "layout", "Accepted: long, wide, m4"),
        (["dated.csv", "--map", "price=sku"], "map", "cannot be price"),
        (["dated.csv", "--signal", "sku:known"], "signal", "there are no signals"),
        (["dated.csv", "--layout", "wide", "--map", "series=no"], "map", "no column 'no'"),
        (["train.csv", "--frequency", "W", "--map", "ds=V2"], "map", "has no dates"),
        (["train.csv", "--frequency", "W", "--test", "absent.csv"], "test", "There is no file"),
        (["train.csv", "--frequency", "W", "--test", "picture.csv"], "test", "is a PNG picture"),
    ],
)
def test_a_layout_that_does_not_fit_is_refused_and_leaves_nothing(
    folder: Path, upload_root: Path, arguments: list[str], field: str, sentence: str
) -> None:
    (folder / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    given = [str(folder / one) if one.endswith(".csv") else one for one in arguments]

    code, told = run_import("shop", *given)

    assert code == 2, told
    assert sentence in told["error"]["detail"]
    assert told["error"].get("field") == field
    assert not upload_root.exists() or not list(upload_root.iterdir())


def test_held_back_values_of_an_unknown_series_are_refused(folder: Path) -> None:
    (folder / "test.csv").write_text("V1,V2\nw1,5\nw9,9\n")
    asked = ["--test", str(folder / "test.csv"), "--frequency", "W"]

    code, told = run_import("m4", str(folder / "train.csv"), *asked)

    assert code == 2
    assert "Line 3 of 'test.csv': series 'w9' is not in 'train.csv'" in told["error"]["detail"]
    (problem,) = [one for one in ImportReport.objects.get().problems if one["level"] == "error"]
    assert problem["places"][0]["line"] == 3


def test_a_bad_held_back_value_is_named_in_its_own_file(folder: Path) -> None:
    (folder / "test.csv").write_text("V1,V2\nw1,5\nw2,x\n")
    asked = ["--test", str(folder / "test.csv"), "--frequency", "W"]

    code, told = run_import("m4", str(folder / "train.csv"), *asked)

    assert code == 2
    assert "Line 3, column 'V2 of test.csv': 'x' is not a number" in told["error"]["detail"]
