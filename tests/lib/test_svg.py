from __future__ import annotations

from forecastlab.lib import svg


def test_a_sparkline_fills_its_box_and_ends_at_its_last_point() -> None:
    line = svg.sparkline([0, 10, 5], width=72, height=20)

    assert line is not None
    assert line.path == "M2.0 18.0L36.0 2.0L70.0 10.0"
    assert (line.x, line.y) == (70, 10)


def test_unknown_values_leave_a_gap() -> None:
    line = svg.sparkline([1, None, 2])

    assert line is not None
    assert line.path.count("M") == 2


def test_a_flat_line_runs_through_the_middle() -> None:
    line = svg.sparkline([4, 4])

    assert line is not None
    assert line.y == 10


def test_nothing_known_draws_nothing() -> None:
    assert svg.sparkline([None]) is None
