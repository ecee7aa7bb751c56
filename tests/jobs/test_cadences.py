"""When something comes again: fields of cron on the clock of a zone, through both changes of it."""

from __future__ import annotations

from datetime import datetime

import pytest

from forecastlab.jobs.domain.cadences import upcoming
from forecastlab.jobs.services import cadences
from forecastlab.jobs.services.cadences import BadCadence


def times(cron: str, after: str, count: int = 3, zone: str = "Europe/Berlin") -> list[str]:
    """The next times on the clock of the zone, with its offset."""
    cadence = cadences.read(cron, zone)
    found = upcoming(cadence, datetime.fromisoformat(f"{after}+00:00"), count)
    return [one.astimezone(cadence.zone).isoformat()[5:22].replace("T", " ") for one in found]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 6 * * *", ["11-22 06:30:00+01", "11-23 06:30:00+01"]),
        ("0 6,18 * * mon-fri", ["11-23 06:00:00+01", "11-23 18:00:00+01"]),
        ("*/20 5-6 * * *", ["11-22 05:00:00+01", "11-22 05:20:00+01"]),
        ("0 0 29 feb *", ["02-29 00:00:00+01", "02-29 00:00:00+01"]),
        ("0 6 * * sat-sun", ["11-22 06:00:00+01", "11-28 06:00:00+01"]),
        # As cron has it: on the first of a month, and on Mondays.
        ("0 6 1 * mon", ["11-23 06:00:00+01", "11-30 06:00:00+01"]),
        ("0 6 1 dec,jan *", ["12-01 06:00:00+01", "01-01 06:00:00+01"]),
    ],
)
def test_fields_say_when(cron: str, expected: list[str]) -> None:
    assert times(cron, "2026-11-22T03:30:00", 2) == expected


def test_due_now_means_the_next_time() -> None:
    assert times("0 6 * * *", "2026-11-22T06:00:00", 1, "UTC") == ["11-23 06:00:00+00"]


def test_a_time_that_the_clock_skips_comes_as_much_later() -> None:
    assert times("30 2 * * *", "2026-03-28T12:00:00", 2) == [
        "03-29 03:30:00+02",
        "03-30 02:30:00+02",
    ]


def test_a_time_that_comes_twice_counts_once() -> None:
    assert times("30 2 * * *", "2026-10-24T12:00:00", 2) == [
        "10-25 02:30:00+02",
        "10-26 02:30:00+01",
    ]


def test_what_comes_in_every_hour_comes_in_both_and_skips_none() -> None:
    assert times("*/30 * * * *", "2026-10-25T00:00:00", 4) == [
        "10-25 02:30:00+02",
        "10-25 02:00:00+01",
        "10-25 02:30:00+01",
        "10-25 03:00:00+01",
    ]
    assert times("0 * * * *", "2026-03-29T00:00:00", 2) == [
        "03-29 03:00:00+02",
        "03-29 04:00:00+02",
    ]


def test_a_midnight_that_the_clock_skips_or_repeats_is_one() -> None:
    assert times("0 0 * * *", "2026-04-23T12:00:00", 2, "Africa/Cairo") == [
        "04-24 01:00:00+03",
        "04-25 00:00:00+03",
    ]
    assert times("30 23 * * *", "2026-10-29T12:00:00", 2, "Africa/Cairo") == [
        "10-29 23:30:00+03",
        "10-30 23:30:00+02",
    ]


@pytest.mark.parametrize(
    ("cron", "why"),
    [
        ("", "does not have five fields. Minute, hour, day of the month"),
        ("@daily", "does not have five fields"),
        ("0 6 * *", "does not have five fields"),
        ("0 0 6 * * *", "does not have five fields"),
        ("60 6 * * *", "Minute: '60' is not from 0 to 59."),
        ("0 24 * * *", "Hour: '24' is not from 0 to 23."),
        ("0 6 0 * *", "Day of the month: '0' is not from 1 to 31."),
        ("0 6 * 13 *", "Month: '13' is not from 1 to 12, or jan to dec."),
        ("0 6 * * 7", "Day of the week: '7' is not from 0 to 6, or sun to sat."),
        ("0 6 * * monkey", "Day of the week: 'monkey' is not from 0 to 6"),
        ("mon 6 * * *", "Minute: 'mon' is not from 0 to 59."),
        ("*/0 * * * *", "Minute: the step of '*/0' is not from 1 to 60."),
        ("*/90 * * * *", "Minute: the step of '*/90' is not from 1 to 60."),
        ("5/15 * * * *", "Minute: '5/15' has a step, but no range"),
        ("1-5-7 * * * *", "Minute: '1-5-7' is not of the form"),
        ("1,,2 * * * *", "Minute: '' is not of the form"),
        ("1_0 * * * *", "Minute: '1_0' is not from 0 to 59."),
        ("٣ * * * *", "Minute: '٣' is not of the form"),
        ("0 6 L * *", "Day of the month: 'L' is not from 1 to 31."),
        ("0 6 30 feb *", "No day is ever like that."),
        ("0 " * 200, "does not have five fields"),
    ],
)
def test_what_says_nothing_is_explained(cron: str, why: str) -> None:
    with pytest.raises(BadCadence) as refused:
        cadences.first(cadences.read(cron, "UTC"), after=datetime.fromisoformat("2026-11-22T00Z"))

    assert why in refused.value.message
    assert refused.value.field == "cron"


@pytest.mark.parametrize("zone", ["", "Mars", "Europe", "../../etc/passwd", "/etc/localtime"])
def test_a_zone_that_there_is_not_is_refused(zone: str) -> None:
    with pytest.raises(BadCadence) as refused:
        cadences.read("0 6 * * *", zone)

    assert refused.value.field == "time_zone"
