"""A replay is held against its source: what counts, what does not, and how it is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from forecastlab.forecasting.domain.digests import Sum
from showcase.domain import evidence
from showcase.domain.evidence import Difference, Evidence, Row, Step

ROWS = {
    "precheck": Row(repeats=False),
    "backtest": Row(evidence=("per_model", "forecasts_sha256", "skipped")),
    "register": Row(evidence=("forecasts_sha256",)),
}
DATA: dict[str, Any] = {
    "per_model": {"naive": {"wape": 0.1 + 0.2, "coverage": {"80": 0.8}, "seconds": 1.5}},
    "forecasts_sha256": {"naive": "aa"},
    "skipped": [{"series": "S0:P1", "run_id": 7}],
    "backtest": 12,
}


def gathered(*, precheck: str = "pass", register: str = "pass", **data: Any) -> Evidence:
    steps = [
        Step("precheck", precheck, {"checks": ["2 ms"]}),
        Step("backtest", "pass", {**DATA, **data}),
        Step("register", register, {"forecasts_sha256": "bb", "software": {"numpy": "2.3"}}),
    ]
    return evidence.gathered(steps, ROWS, content_hash="cc", config_hash="dd")


def test_durations_numbers_of_rows_and_the_house_do_not_count() -> None:
    slower = {"naive": {**DATA["per_model"]["naive"], "seconds": 99.0}}
    other = gathered(
        precheck="warn",
        per_model=slower,
        backtest=77,
        skipped=[{"series": "S0:P1", "elsewhere": {"run_id": 8}}],
    )

    assert evidence.differences(gathered(), other) == []
    assert evidence.verdict([], proven=evidence.proves(other)) is True


@pytest.mark.parametrize(
    ("data", "difference"),
    [
        (
            {"per_model": {"naive": {"wape": 0.3, "coverage": {"80": 0.8}}}},
            Difference("backtest.per_model.naive.wape", 0.1 + 0.2, 0.3),
        ),
        (
            {"forecasts_sha256": {}},
            Difference("backtest.forecasts_sha256.naive", "aa", None),
        ),
        (
            {"skipped": []},
            Difference("backtest.skipped", [{"series": "S0:P1"}], []),
        ),
    ],
    ids=["the last digit of a metric", "forecasts", "skipped series"],
)
def test_what_differs_is_named_with_both_sides(
    data: dict[str, Any], difference: Difference
) -> None:
    found = evidence.differences(gathered(), gathered(**data))

    assert found == [difference]
    assert evidence.verdict(found, proven=True) is False


def test_sales_config_and_how_rows_ended_count() -> None:
    source = gathered()
    other = replace(gathered(register="fail"), content_hash="", config_hash="ee")

    found = evidence.differences(source, other)

    assert [one.what for one in found] == ["content_hash", "config_hash", "steps.register"]
    assert (found[0].expected, found[0].actual) == ("cc", None)


def test_sales_that_were_counted_anew_stand_for_what_was_stored() -> None:
    counted = [Step("status", "pass", {"sales_sha256": "ff"})]

    found = evidence.gathered(counted, ROWS, content_hash="cc", config_hash="dd")

    assert found.content_hash == "ff"


def test_other_software_is_named_but_the_numbers_decide() -> None:
    newer = replace(gathered(), software={"numpy": "2.4"})

    found = evidence.differences(gathered(), newer)

    assert found == [Difference("software.numpy", "2.3", "2.4")]
    assert evidence.verdict(found, proven=True) is True


def test_a_source_without_evidence_proves_nothing() -> None:
    failed = evidence.gathered(
        [Step("backtest", "fail", {})], ROWS, content_hash="cc", config_hash="dd"
    )

    assert not evidence.proves(failed)
    assert evidence.verdict(evidence.differences(failed, failed), proven=False) is None
    # What an earlier version of the product did not write down cannot differ.
    early = replace(gathered(), results={"backtest": {"skipped": DATA["skipped"]}}, software={})
    assert evidence.differences(early, gathered(skipped=DATA["skipped"])) != []
    assert evidence.differences(replace(early, results={"backtest": {}}), gathered()) == []


def test_changed_options_are_named() -> None:
    before = {"horizon": 7, "simulate": {"stores": 2, "seed": 42}, "name": "a", "version": 3}
    after = {"horizon": 14, "simulate": {"stores": 5, "seed": 42}, "name": "b", "version": 4}

    found = evidence.of_inputs(before, {**after, "window": 60})

    assert found == [
        Difference("config.horizon", 7, 14),
        Difference("config.simulate.stores", 2, 5),
        Difference("config.window", None, 60),
    ]


def test_of_very_many_differences_the_rest_is_counted() -> None:
    many = [Difference(f"steps.{n}", "pass", "fail") for n in range(evidence.MOST + 3)]

    told = evidence.shown(many)

    assert len(told) == evidence.MOST + 1
    assert told[-1] == {"what": "more", "expected": None, "actual": 3}


def test_a_digest_of_forecasts_says_nothing_of_the_order_of_series() -> None:
    numbers = np.array([[1.0, np.nan], [-0.0, 2.5]])
    one, other = Sum(), Sum()
    one.add(["a", "b"], numbers, ["naive", "theta"])
    other.add(["b", "a"], np.array([[0.0, 2.5], [1.0, -np.nan]]), ["theta", "naive"])

    assert one.hexdigest() == other.hexdigest()
    for changed in (["b", "c"], ["a", "b"]):
        third = Sum()
        third.add(changed, numbers, ["naive", "naive"])
        assert third.hexdigest() != one.hexdigest()
