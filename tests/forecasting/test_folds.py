from __future__ import annotations

import numpy as np
import pytest

from forecastlab.forecasting.domain import folds
from forecastlab.forecasting.domain.folds import Fold, Folds, HeldBackTooShort, HistoryTooShort
from tests.factories import make_sales
from tests.forecasting.panels import judge, make_panel


def test_the_last_windows_follow_each_other_without_overlap() -> None:
    assert Folds(14, 3, 14, 0).windows(90) == (
        Fold(47, 48, 61),
        Fold(61, 62, 75),
        Fold(75, 76, 89),
    )


def test_a_gap_lies_between_what_is_known_and_what_is_judged() -> None:
    (only,) = Folds(7, 1, 7, 2).windows(90)

    assert (only.origin, only.start, only.end) == (80, 83, 89)


def test_steps_may_be_shorter_than_the_horizon() -> None:
    assert [one.end for one in Folds(14, 3, 7, 0).windows(90)] == [75, 82, 89]


@pytest.mark.parametrize(
    ("wanted", "windows"),
    [
        (Folds(13, 1, 13, 0, held_back=13), (Fold(86, 87, 99),)),
        (Folds(8, 2, 8, 0, held_back=13), (Fold(78, 79, 86), Fold(86, 87, 94))),
        (Folds(10, 1, 10, 3, held_back=13), (Fold(86, 90, 99),)),
    ],
)
def test_no_model_knows_what_is_held_back(wanted: Folds, windows: tuple[Fold, ...]) -> None:
    assert wanted.windows(100) == windows


def test_scales_are_made_from_what_lies_before_the_first_origin_or_what_is_held_back() -> None:
    assert Folds(14, 3, 14, 0).scaled_on(90) == 48
    assert Folds(13, 3, 13, 0, held_back=13).scaled_on(100) == 87


def test_a_window_longer_than_what_is_held_back_is_refused() -> None:
    with pytest.raises(HeldBackTooShort) as refusal:
        folds.check(Folds(13, 1, 13, 2, held_back=13), 200, "W")

    assert refusal.value.message.endswith("Use a horizon of at most 11 weeks.")
    assert refusal.value.field == "horizon"


def test_what_is_held_back_counts_where_folds_must_fit() -> None:
    folds.check(Folds(4, 2, 4, 0, held_back=13), 43, "W")
    with pytest.raises(HistoryTooShort, match=r"need 43 weeks; there are 42\. Use 1\."):
        folds.check(Folds(4, 2, 4, 0, held_back=13), 42, "W")


def test_too_many_folds_are_refused_with_the_number_that_fits() -> None:
    with pytest.raises(HistoryTooShort) as refusal:
        folds.check(Folds(14, 6, 14, 0), 90, "D")

    assert refusal.value.message == (
        "6 folds of 14 days need 114 days; there are 90. Use 4 or fewer."
    )
    assert refusal.value.field == "folds"


def test_a_horizon_longer_than_the_history_is_refused_with_one_that_fits() -> None:
    with pytest.raises(HistoryTooShort) as refusal:
        folds.check(Folds(100, 1, 100, 0), 90, "D")

    assert refusal.value.message == (
        "1 fold of 100 days needs 130 days; there are 90. Use 1 fold of at most 60 days."
    )
    assert refusal.value.field == "horizon"


def test_a_single_period_says_to_load_more() -> None:
    with pytest.raises(HistoryTooShort, match=r"there are 1\. Load a longer history\."):
        folds.check(Folds(14, 3, 14, 0), 1, "D")


def test_series_that_cannot_be_judged_are_named_with_the_reason() -> None:
    sales = make_sales(90, 6)
    sales[:, 1] = 0
    sales[:, 2] = np.nan
    sales[5, 2] = 3
    sales[:80, 3] = np.nan
    sales[60:, 4] = np.nan
    sales[48:, 4] = np.nan
    sales[0, 5] = 1
    panel = make_panel(sales)

    reasons = folds.unjudged(panel, Folds(14, 3, 14, 0), "D")

    assert reasons == {
        1: "all zeros",
        2: "one observation",
        3: "too short: 0 days before the first fold, 7 needed",
        4: "nothing to score in the folds",
    }


def test_series_that_cannot_be_judged_do_not_move_the_scores() -> None:
    sales = make_sales(90, 4)
    alone, _, _ = judge(make_panel(sales))
    with_dead = np.concatenate([sales, np.zeros((90, 1))], axis=1)

    both, evidence, _ = judge(make_panel(with_dead))

    assert both.standing.scores["naive"].pooled(evidence.judged) == pytest.approx(
        alone.standing.scores["naive"].pooled(np.ones(4, dtype=bool))
    )
