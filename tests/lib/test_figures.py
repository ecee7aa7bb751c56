from __future__ import annotations

import pytest

from forecastlab.lib import figures

NB = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (figures.number(1234567), "1,234,567"),
        (figures.number(0.905, 2), "0.91"),
        (figures.number(-12), "−12"),
        (figures.number(0.020312, figures.places_for(0.060469)), "0.02031"),
        (figures.number(2.5, figures.places_for(2.5)), "2.50"),
        (figures.number(None), "–"),
        (figures.number(float("nan")), "–"),
        (figures.signed(3), "+3"),
        (figures.signed(0.04, 1), "0.0"),
        (figures.percent(0.298), f"29.8{NB}%"),
        (figures.percent(0), f"0.0{NB}%"),
        (figures.percent(None), "–"),
        (figures.signed_percent(-0.003), f"−0.3{NB}%"),
        (figures.points(0.005), f"+0.5{NB}pt"),
        (figures.points(None), "–"),
        (figures.factor(1.3), f"×{NB}1.30"),
        (figures.of_total(5727, 9974), "5,727 of 9,974"),
        (figures.of_total(6_200_000, 9_900_000), "6.2 of 9.9 million"),
        (figures.size(1_200_000_000), f"1.2{NB}GB"),
        (figures.size(2_000), f"2{NB}kB"),
        (figures.short_hash("9f3c0000a41e"), "9f3c…a41e"),
        (figures.short_hash("abc"), "abc"),
    ],
)
def test_numbers_are_written_as_the_house_writes_them(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize(
    ("seconds", "duration", "clock"),
    [
        (0.42, f"0.4{NB}s", "0:00"),
        (25.1, f"25.1{NB}s", "0:25"),
        (59.96, f"1{NB}min 00{NB}s", "1:00"),
        (102, f"1{NB}min 42{NB}s", "1:42"),
        (185.4, f"3{NB}min 05{NB}s", "3:05"),
        (7500, f"2{NB}h 05{NB}min", "2:05:00"),
        (None, "–", "–"),
    ],
)
def test_spans_of_time_are_written_long_and_short(
    seconds: float | None, duration: str, clock: str
) -> None:
    assert figures.duration(seconds) == duration
    assert figures.clock(seconds) == clock
