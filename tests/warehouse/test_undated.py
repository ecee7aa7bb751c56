"""Series without dates: periods are numbers, and the frequency has to be said."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecastlab.warehouse.domain.parsing import Reading
from forecastlab.warehouse.domain.problems import Problem
from forecastlab.warehouse.gateways import checking, staging
from forecastlab.warehouse.gateways.checking import Wanted
from forecastlab.warehouse.gateways.workplace import Staged
from forecastlab.warehouse.services import uploads


def checked(text: str, *, frequency: str = "W") -> tuple[Staged | None, list[Problem], list[int]]:
    upload = uploads.receive([text.encode()], file_name="periods.csv")
    mapping = uploads.mapped(upload, placed=(), signals=())
    found = staging.stage(upload.source, mapping, upload.place, Reading(undated=True))
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
