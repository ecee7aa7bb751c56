"""Series without dates: periods are numbers, and the frequency has to be said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forecastlab.warehouse import queries
from forecastlab.warehouse.domain.parsing import Reading
from forecastlab.warehouse.domain.problems import Problem
from forecastlab.warehouse.gateways import checking, staging
from forecastlab.warehouse.gateways.checking import Wanted
from forecastlab.warehouse.gateways.workplace import Staged
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import uploads
from tests.warehouse.test_import_command import folder, run_import

__all__ = ["folder"]

NUMBERED = ["--dates", "period numbers", "--frequency", "W"]
WIDE = ["--layout", "wide", *NUMBERED]
DATED = "unique_id,ds,y\na,2024-01-01,3\n"
M4 = ["--layout", "m4", "--frequency", "W"]


def checked(text: str, *, frequency: str = "W") -> tuple[Staged | None, list[Problem], list[int]]:
    upload = uploads.receive([text.encode()], file_name="periods.csv")
    mapping = uploads.mapped(upload, placed=(), signals=())
    found = staging.stage(upload.source, mapping, upload.place, Reading(periods=True))
    if found:
        return None, found, []
    wanted = Wanted(undated=True, frequency=frequency)
    staged, more = checking.check(upload.place, wanted, lambda done: None)
    numbers = [t for block in upload.place.blocks() for t in block["t"].to_list()]
    return staged, more, numbers


def test_periods_are_kept_as_they_are_numbered() -> None:
    staged, found, numbers = checked("unique_id,ds,y\nb,2,5\na,0,3\na,1,4\nb,0,1\n")

    assert staged is not None
    assert [one.code for one in found] == ["gaps"]
    assert (staged.epoch, staged.frequency, staged.periods) == (None, "W", 3)
    assert staged.calendar.label(2) == "2"
    assert numbers == [0, 1, 0, 2]


def test_a_repeated_or_negative_period_is_named(upload_root: Path) -> None:
    repeated = checked("unique_id,ds,y\na,1,5\na,1,3\n")[1]
    negative = checked("unique_id,ds,y\na,-1,5\na,1.5,3\n")[1]

    assert repeated[0].message.startswith("Series 'a' has 1 in 2 lines: 2, 3.")
    assert "Line 2, column 'ds': '-1' is not the number of a period" in negative[0].message
    assert negative[0].count == 2


def test_the_frequency_cannot_be_guessed() -> None:
    staged, found, _numbers = checked("unique_id,ds,y\na,1,5\n", frequency="")

    assert staged is None
    assert "say how long a period is with --frequency" in found[0].message


@pytest.mark.parametrize("frequency", ["H", "D", "M", "Y"])
def test_every_frequency_goes_without_dates(frequency: str) -> None:
    staged, found, numbers = checked("unique_id,ds,y\na,7,5\na,9,3\n", frequency=frequency)

    assert (staged is not None, numbers) == (True, [7, 9])
    assert "'a' from 8 (1 in a row)" in found[0].message


def imported(folder: Path, text: str, *asked: str) -> tuple[int, dict[str, Any]]:
    (folder / "sales.csv").write_text(text)
    return run_import("shop", str(folder / "sales.csv"), *asked)


def kept() -> list[tuple[str, int, float]]:
    version = DatasetVersion.objects.latest("number")
    names = dict(queries.series_frame(version).select("series_id", "unique_id").rows())
    return [(names[one], t, y) for one, t, y in queries.facts(version).rows()]


@pytest.mark.slow
def test_numbered_periods_are_added_to_and_corrected(folder: Path) -> None:
    imported(folder, "unique_id,ds,y\na,40,3\na,41,4\nb,41,1\n", *NUMBERED)

    code, told = imported(folder, "unique_id,41,42\na,4,5\nc,,6\n", *WIDE, "--mode", "append")
    assert code == 0, told
    assert kept() == [("a", 40, 3), ("a", 41, 4), ("a", 42, 5), ("b", 41, 1), ("c", 42, 6)]
    assert told["difference"]["rows"] == {"added": 2, "changed": 0, "removed": 0, "kept": 3}

    code, told = imported(folder, "unique_id,ds,y\na,41,9\n", *NUMBERED, "--mode", "append")
    assert "'a' has 41 in shop@2 already" in told["error"]["detail"]
    code, told = imported(folder, "unique_id,ds,y\na,41,9\n", *NUMBERED, "--mode", "correct")
    assert code == 0, told
    assert ("a", 41, 9) in kept()


@pytest.mark.parametrize(
    ("text", "asked", "sentence"),
    [
        ("V1,V2\na,3\n", [*M4, "--mode", "append"], "does not say of which periods its values are"),
        (
            "V1,V2\na,3\n",
            [*M4, "--mode", "correct"],
            "does not say of which periods its values are",
        ),
        (
            DATED,
            ["--frequency", "W", "--mode", "append"],
            "has dates and the other has only numbers",
        ),
        (
            "unique_id,ds,y\na,41,3\n",
            NUMBERED[:2],
            "Without dates there is nothing to guess the frequency",
        ),
    ],
)
def test_what_has_no_place_among_numbered_periods_is_refused(
    folder: Path, text: str, asked: list[str], sentence: str
) -> None:
    imported(folder, "unique_id,ds,y\na,40,3\n", *NUMBERED)

    code, told = imported(folder, text, *asked)

    assert code != 0
    assert sentence in told["error"]["detail"], told
    assert DatasetVersion.objects.count() == 1


def test_held_back_truth_is_not_buried_under_newer_rows(folder: Path) -> None:
    (folder / "test.csv").write_text("V1,V2\na,7\n")
    code, told = imported(folder, "V1,V2,V3\na,3,4\n", *M4, "--test", str(folder / "test.csv"))
    assert code == 0, told

    code, told = imported(folder, "unique_id,ds,y\na,3,9\n", *NUMBERED, "--mode", "append")

    assert code != 0
    assert "its last 1 periods are held back as the truth of the last fold" in str(told["error"])


@pytest.mark.parametrize("layout", ["long", "wide"])
def test_held_back_values_go_with_m4_alone(folder: Path, layout: str) -> None:
    text = {"long": "unique_id,ds,y\na,2024-01-01,3\n", "wide": "id,2024-01-01,2024-01-02\na,3,4\n"}
    (folder / "test.csv").write_text(text[layout])

    code, told = imported(folder, text[layout], "--test", str(folder / "test.csv"))

    assert code != 0
    assert told["error"]["field"] == "test"
    assert "import it after this one with --mode append" in str(told["error"])
    assert not DatasetVersion.objects.exists()
