from __future__ import annotations

from showcase.domain import estimates
from showcase.domain.estimates import Estimate


def test_percentiles_lie_between_neighbours() -> None:
    assert estimates.percentile([1, 2, 3, 4], 0.25) == 1.75
    assert estimates.percentile([5], 0.75) == 5


def test_under_five_samples_there_is_no_estimate() -> None:
    assert estimates.of_step([1, 2, 3, 4]) is None
    assert estimates.of_step([1, 2, 3, 4, 5]) == Estimate(2, 4, 5)


def test_what_has_passed_is_taken_off_but_never_below_zero() -> None:
    assert estimates.of_step([10, 10, 10, 10, 20], elapsed=12) == Estimate(0, 0, 5)


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
