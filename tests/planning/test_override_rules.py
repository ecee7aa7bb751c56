"""How overrides are spread, read from lines and frozen: no database."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from forecastlab.lib.errors import BadInput
from forecastlab.planning.domain import override_lines, overrides
from forecastlab.planning.domain.overrides import Frozen, Scope, Way

HEAD = "series,period,forecast,override,reason,revision\n"


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1.0, 1.0, 1.0], [34, 33, 33]),
        (100, [0.0, 0.0, 0.0], [34, 33, 33]),
        (100, [3.0, 1.0, 0.0], [75, 25, 0]),
        (7, [1.0, 1.0], [4, 3]),
        (0, [5.0, 1.0], [0, 0]),
        (1000, [1e-9, 1.0], [0, 1000]),
    ],
)
def test_parts_come_to_what_was_asked_for(
    total: int, weights: list[float], parts: list[int]
) -> None:
    assert overrides.spread(total, np.array(weights)).tolist() == parts


def test_rounding_keeps_the_total_of_any_group() -> None:
    draw = np.random.default_rng(11)
    for width in (1, 3, 17, 1000):
        weights = draw.gamma(0.3, 10, width)
        total = int(draw.integers(0, 10_000_000))

        parts = overrides.spread(total, weights)

        assert parts.sum() == total
        assert np.abs(parts - weights / weights.sum() * total).max() < 1


def test_ways_are_spread_by_the_models_proportions() -> None:
    model = np.array([[1.0, 3.0], [3.0, 3.0]])  # series x periods

    each = overrides.apply(Way.EACH, Decimal(100), model)
    total = overrides.apply(Way.TOTAL, Decimal(100), model)
    more = overrides.apply(Way.PERCENT, Decimal(-50), model)

    assert each.tolist() == [[25, 50], [75, 50]]
    assert total.tolist() == [[10, 30], [30, 30]]
    assert more.tolist() == [[0.5, 1.5], [1.5, 1.5]]


@pytest.mark.parametrize("text", ["", "twelve", "-1", "nan", "inf", "2e9", "1,5"])
def test_what_is_no_number_of_units_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        overrides.read_units(text)


def test_the_newest_freeze_holds_a_bucket() -> None:
    codes = {"unique_id": ["a", "b", "c"], "store": ["X", "X", "Y"]}
    freezes = [
        Frozen(1, Scope("store", "X"), 10, 11),
        Frozen(2, Scope("series", "b"), 11, 99),
    ]

    held = overrides.frozen_by(freezes, codes, range(9, 13))

    assert held.tolist() == [[0, 1, 1, 0], [0, 1, 2, 2], [0, 0, 0, 0]]


def test_every_bad_line_is_named_with_what_to_do() -> None:
    text = (
        HEAD
        + "a,2026-02-02,10,12,promotion,0\n"
        + "a,2026-02-03,10,n/a,,0\n"
        + "a,2026-02-04,10,-3,,0\n"
        + "\n"
        + "a,2026-02-05,10,3,whim,0\n"
        + ",2026-02-05,10,3,,0\n"
        + "a,2026-02-02,10,13,,0\n"
        + "a,2026-02-06,10,,,x\n"
        + "a,2026-02-07,10,,,4\n"
    )

    read = override_lines.read(text, reason="event")

    assert [(one.number, one.units, one.reason, one.revision) for one in read.lines] == [
        (2, 12.0, "promotion", 0),
        (10, None, "event", 4),
    ]
    told = {one.line: one.what for one in read.wrong}
    assert list(told) == [3, 4, 6, 7, 8, 9]
    assert told[3] == "'n/a' is not a number. Write units as 12 or 12.5."
    assert "Give 0 or more" in told[4]
    assert "There are: promotion, event" in told[6]
    assert "series is missing" in told[7]
    assert "Line 2 says something of a on 2026-02-02 already" in told[8]
    assert "revision" in told[9]


def test_a_spreadsheet_of_other_countries_is_read() -> None:
    text = "series;period;override\na;2026-02-02;12,5\nb;2026-02-02;12.5\n"

    read = override_lines.read(text, reason="event")

    assert [one.units for one in read.lines] == [12.5]
    assert [one.line for one in read.wrong] == [3]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe", "no text in UTF-8"),
        (b"", "no column 'series'"),
        (b"series,period\na,b\n", "no column 'override'"),
        (b"x" * 10_000_001, "larger than 10 MB"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        override_lines.read(override_lines.decoded(content), reason="")
