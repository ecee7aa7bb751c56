"""Files that are made to hurt: refused in one sentence, and nothing is left behind."""

from __future__ import annotations

import errno
import gzip
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from forecastlab.warehouse.gateways import files, texts
from forecastlab.warehouse.gateways.texts import NoRoom
from forecastlab.warehouse.models import Dataset
from forecastlab.warehouse.services import uploads
from tests.factories import make_user
from tests.warehouse.test_import_command import HEAD, nothing_is_left, partitions, run_import


@pytest.fixture
def folder(tmp_path: Path, worker: None) -> Path:
    make_user("alice")
    return tmp_path


def _daily(value: str, days: int = 28) -> str:
    return "".join(f"A,1,2024-01-{day:02},{value}\n" for day in range(1, days + 1))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("huge.csv", f"{HEAD}\n{_daily('1e308')}", "beyond 1e15"),
        ("old.csv", f"{HEAD}\n{_daily('1')}A,1,0001-01-01,1\n", "from 1800 to 2199"),
        ("far.csv", f"{HEAD}\n{_daily('1')}A,1,9999-12-31,1\n", "from 1800 to 2199"),
        ("mac.csv", f"{HEAD}\n{_daily('1')}".replace("\n", "\r"), "CR"),
        ("ours.csv", f"__line__,{HEAD}\n1,A,1,2024-01-01,3\n", "'__line__'"),
        ("wide.csv", f"{HEAD},{','.join(map(str, range(20_000)))}\n", "20,004 columns"),
        ("head.csv", f"{'x' * 200_000},{HEAD}\nx,A,1,2024-01-01,3\n", "first line"),
    ],
    ids=lambda one: str(one)[:8].strip(),
)
def test_a_hostile_text_is_refused(
    folder: Path, upload_root: Path, name: str, content: str, told: str
) -> None:
    path, before = folder / name, partitions()
    path.write_bytes(content.encode())

    code, answer = run_import("shop", str(path))

    assert code in (1, 2)
    assert told in answer["error"]["detail"]
    assert str(upload_root) not in answer["error"]["detail"]
    assert nothing_is_left(upload_root, before)


def test_a_zero_byte_far_down_is_named_with_its_line(folder: Path, upload_root: Path) -> None:
    path, before = folder / "sales.csv", partitions()
    path.write_text(f"{HEAD}\n" + "".join(f"S{one},1,2024-01-01,1\n" for one in range(9000)))
    with path.open("a") as stream:
        stream.write("A\x00,1,2024-01-01,1\n")

    code, answer = run_import("shop", str(path))

    assert code in (1, 2)
    assert "Line 9,002" in answer["error"]["detail"]
    assert "zero byte" in answer["error"]["detail"]
    assert nothing_is_left(upload_root, before)


def test_a_zero_byte_in_a_column_of_parquet_is_refused(folder: Path) -> None:
    path = folder / "sales.parquet"
    pl.DataFrame(
        {"store": ["A"], "date": ["2024-01-01"], "sales": [1], "a\x00": [1]}
    ).write_parquet(path)

    code, answer = run_import("shop", str(path))

    assert code == 2
    assert "cannot be used" in answer["error"]["detail"]


def test_a_file_that_unpacks_without_end_is_stopped(
    folder: Path, upload_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "ALWAYS_UNPACKED", 1 << 20)
    path, before = folder / "sales.csv.gz", partitions()
    path.write_bytes(gzip.compress(f"{HEAD}\n".encode() + b"\n" * (32 << 20)))

    code, answer = run_import("shop", str(path))

    assert code == 2
    assert "200 times its size" in answer["error"]["detail"]
    assert nothing_is_left(upload_root, before)


def test_a_packed_file_is_unpacked_and_translated_once(upload_root: Path) -> None:
    text = f"{HEAD}\nCafé,1,2024-01-01,3\n".encode("cp1252")
    upload = uploads.receive([gzip.compress(text)], file_name="sales.csv.gz")
    upload.place.source.write_bytes(b"\x1f\x8b and nothing that could be unpacked")

    again = uploads.again(upload.place.token, "sales.csv.gz")

    assert files.first_rows(again.source, 1)["store"].to_list() == ["Café"]


def test_a_full_disk_is_told_and_leaves_nothing(upload_root: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield HEAD.encode()
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(NoRoom, match="no room left on the disk of the server"):
        uploads.receive(chunks(), file_name="sales.csv")

    assert not list(upload_root.iterdir())


def test_codes_keep_the_zeros_they_begin_with(folder: Path) -> None:
    path = folder / "sales.csv"
    path.write_text(f"{HEAD}\n{_daily('1').replace('A,1,', '007,0012,')}")

    code, answer = run_import("shop", str(path))

    assert code == 0, answer
    assert Dataset.objects.get().series.get().unique_id == "007:0012"


def test_a_file_without_a_header_is_told_to_have_one(folder: Path, upload_root: Path) -> None:
    path, before = folder / "sales.csv", partitions()
    path.write_text(_daily("1"))

    code, answer = run_import("shop", str(path))

    assert code == 2
    assert "The first line has to name the columns" in answer["error"]["detail"]
    assert nothing_is_left(upload_root, before)


@pytest.mark.parametrize("divisor", ["nan", "inf", "1e-320", "1e308", "0", "-1"])
def test_a_divisor_that_leaves_no_number_is_refused(folder: Path, divisor: str) -> None:
    path = folder / "sales.csv"
    path.write_text(f"{HEAD}\n{_daily('1')}")

    code, answer = run_import("shop", str(path), "--map", f"quantity=sales/{divisor}")

    assert code == 2
    assert answer["error"]["code"] == "mapping_unusable"
    assert not Dataset.objects.exists()


def test_one_row_repeated_very_often_is_counted_and_its_first_lines_are_named(
    folder: Path, upload_root: Path
) -> None:
    path, before = folder / "sales.csv", partitions()
    path.write_text(f"{HEAD}\n{_daily('1')}" + "B,1,2024-01-01,1\n" * 3000)

    code, answer = run_import("shop", str(path))

    assert code in (1, 2)
    assert "in 3,000 lines: 30, 31, 32" in answer["error"]["detail"]
    assert len(answer["error"]["detail"]) < 400
    assert nothing_is_left(upload_root, before)


@pytest.mark.parametrize(
    "option",
    ["--dates=%%%", "--dates=%Q", "--dates=%Y%Y%Y", "--timezone=localtime", "--dates=%d.%m"],
)
def test_a_way_to_read_dates_that_reads_none_is_refused_at_once(folder: Path, option: str) -> None:
    path = folder / "sales.csv"
    path.write_text(f"{HEAD}\n{_daily('1')}")

    code, answer = run_import("shop", str(path), option)

    field = option[2:].partition("=")[0]
    assert (code, answer["error"]["code"]) == (2, "dates_unusable")
    assert answer["error"]["field"] == field
