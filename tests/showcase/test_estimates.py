from __future__ import annotations

import pytest

from showcase.domain import estimates
from showcase.domain.estimates import Estimate, Past


def test_under_five_samples_there_is_no_estimate() -> None:
    assert estimates.of_step(None) is None
    assert estimates.of_step(Past(4, 2, 3, 4)) is None
    assert estimates.of_step(Past(5, 2, 3, 4)) == Estimate(2, 4, 5)


def test_what_has_passed_is_taken_off_but_never_below_zero() -> None:
    assert estimates.of_step(Past(5, 10, 10, 14), elapsed=12) == Estimate(0, 2, 5)


def test_the_rest_is_the_sum_of_its_steps_and_unknown_with_one_unknown() -> None:
    known = Estimate(2, 4, 9)

    assert estimates.of_steps([known, Estimate(1, 1, 6)]) == Estimate(3, 5, 6)
    assert estimates.of_steps([known, None]) is None
    assert estimates.of_steps([]) is None


def test_a_range_is_rounded_to_what_a_reader_can_use() -> None:
    assert estimates.bounds(Estimate(14.6, 20.2, 9)) == (15, 20, "s")
    assert estimates.bounds(Estimate(47, 82, 9)) == (50, 80, "s")
    assert estimates.bounds(Estimate(170, 260, 9)) == (3, 4, "min")
    assert estimates.bounds(Estimate(0, 0.2, 9)) == (0, 1, "s")


def test_a_duration_is_so_many_times_the_median_unless_nobody_can_say() -> None:
    usual = Past(5, 8, 10, 12)

    assert estimates.times_usual(14, usual) == pytest.approx(1.4)
    assert estimates.times_usual(14, Past(4, 8, 10, 12)) is None
    assert estimates.times_usual(0.9, Past(5, 0.1, 0.3, 0.4)) is None
    assert estimates.times_usual(None, usual) is None
