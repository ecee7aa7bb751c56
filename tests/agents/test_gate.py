"""The gate as a table, as properties, and beside the scoring that it descends from."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.domain import gate, parity
from agents.domain.gate import LANES, Around, BadRule, Factor, Facts, Rule, Ruling, Stricter

LOW = Rule("low", 88)
MEDIUM = Rule("medium", 70)
SURE_MEDIUM = Rule("medium", 90)
HIGH = Rule("high", 50)
READ = Rule("low", 95, has_effect=False)
DEMO = Around("demo")
FEW = Facts(count=3, unit="series", phrase="shop")

ADMIN, VERIFIED, HURRY = {"user_role": "admin"}, {"workspace_verified": 1}, {"time_sensitive": True}
ALL = {**ADMIN, **VERIFIED, **HURRY}


@pytest.mark.parametrize(
    ("tool", "arguments", "context", "score"),
    [
        ("delete_project", {}, {}, 40),
        ("delete_project", {}, ALL, 60),
        ("sign_contract", {"amount": 5000}, {}, 35),
        ("sign_contract", {}, ALL, 70),
        ("sign_contract", {"amount": 5000, "is_bulk": True, "recipient_count": 101}, {}, 15),
        ("approve_expense", {}, {}, 60),
        ("approve_expense", {"amount": 1000}, {}, 60),
        ("approve_expense", {"amount": 1000.01}, {}, 45),
        ("approve_expense", {"amount": 5000}, ALL, 65),
        ("approve_expense", {"amount": Decimal(99_999)}, {}, 60),
        ("approve_expense", {"amount": "99999"}, {}, 60),
        ("approve_expense", {"amount": -5000}, {}, 60),
        ("send_bulk_notification", {}, {}, 60),
        ("send_bulk_notification", {"is_bulk": True}, ALL, 80),
        ("send_bulk_notification", {"recipient_count": 101}, {}, 50),
        ("send_notification", {"recipient_count": 100}, {}, 80),
        ("send_notification", {"recipient_count": 101}, {}, 70),
        ("send_notification", {}, ALL, 100),
        ("update_task_status", {}, ALL, 100),
        ("update_task_status", {}, {}, 85),
        ("who_knows", {}, {}, 70),
        ("who_knows_bulk", {"amount": 2000, "recipient_count": 500}, {}, 35),
        ("who_knows", {}, {"user_role": "Admin"}, 70),
    ],
)
def test_the_older_scoring_is_reproduced(
    tool: str, arguments: dict[str, Any], context: dict[str, Any], score: int
) -> None:
    assert parity.score(tool, arguments, context) == score


@pytest.mark.parametrize(
    ("score", "auto", "inline", "lane"),
    [
        (85, 85, 60, "auto"),
        (84, 85, 60, "inline"),
        (60, 85, 60, "inline"),
        (59, 85, 60, "review"),
        (70, 95, 70, "inline"),
        (80, 80, 50, "auto"),
        (50, 80, 50, "inline"),
        (49, 80, 50, "review"),
    ],
)
def test_a_band_begins_at_its_threshold(score: int, auto: int, inline: int, lane: str) -> None:
    assert gate.band(score, auto, inline) == lane


def test_the_pair_of_thresholds_is_checked_as_a_pair() -> None:
    gate.check_thresholds(55, 50)

    for auto, inline in ((70, 80), (101, 60), (85, -1)):
        with pytest.raises(BadRule):
            gate.check_thresholds(auto, inline)


RULINGS: dict[str, tuple[Rule, Facts, Around, str, str]] = {
    "a read": (READ, FEW, DEMO, "auto", "no_effect"),
    "a read where no effect may happen": (READ, FEW, Around("", control="hold"), "auto", ""),
    "low risk": (LOW, FEW, DEMO, "auto", "score_auto"),
    "low risk with a low score": (replace(LOW, base_score=84), FEW, DEMO, "inline", "score_inline"),
    "medium risk": (MEDIUM, FEW, DEMO, "inline", "score_inline"),
    "medium risk with a high score": (SURE_MEDIUM, FEW, DEMO, "auto", "score_auto"),
    "medium risk in production": (SURE_MEDIUM, FEW, Around("production"), "inline", "environment"),
    "high risk, whatever the score": (Rule("high", 100), FEW, DEMO, "inline", "high_risk"),
    "high risk in production": (Rule("high", 100), FEW, Around("production"), "review", ""),
    "an agent that doubts": (SURE_MEDIUM, FEW, Around("demo", confidence=0.69), "inline", "doubt"),
    "an agent that is sure": (SURE_MEDIUM, FEW, Around("demo", confidence=1.0), "auto", ""),
    "an agent that says nonsense": (
        SURE_MEDIUM,
        FEW,
        Around("demo", confidence=float("nan")),
        "inline",
        "doubt",
    ),
    "far reach": (LOW, Facts(count=101), DEMO, "review", "reach"),
    "reach that nobody knows": (LOW, Facts(is_clear=False), DEMO, "review", "unclear"),
    "irreversible": (replace(LOW, is_reversible=False), FEW, DEMO, "inline", "irreversible"),
    "irreversible without a phrase": (
        replace(LOW, is_reversible=False),
        Facts(),
        DEMO,
        "refuse",
        "no_phrase",
    ),
    "two people": (replace(LOW, approvals_needed=2), FEW, DEMO, "inline", "two_people"),
    "an unknown action": (replace(LOW, is_known=False), FEW, DEMO, "refuse", "unknown"),
    "denied": (replace(READ, is_denied=True), FEW, DEMO, "refuse", "denied"),
    "a person who may not": (READ, FEW, Around("demo", may_do=False), "refuse", "not_allowed"),
    "no environment": (LOW, FEW, Around(""), "refuse", "no_environment"),
    "a misspelt environment": (LOW, FEW, Around("prod"), "refuse", "no_environment"),
    "a hold": (LOW, FEW, Around("demo", control="hold"), "refuse", "control"),
    "orders that cannot be read": (LOW, FEW, Around("demo", control="unknown"), "refuse", ""),
    "a resume": (LOW, FEW, Around("demo", control="resume"), "auto", ""),
    "a spent budget": (LOW, FEW, Around("demo", budget="spent"), "refuse", "budget"),
    "a budget that nobody knows": (LOW, FEW, Around("demo", budget="unknown"), "refuse", "budget"),
}


@pytest.mark.parametrize("name", RULINGS)
def test_the_strictest_rule_wins(name: str) -> None:
    rule, facts, around, lane, code = RULINGS[name]

    ruling = gate.judge(rule, facts, around)

    assert ruling.lane == lane
    assert not code or (code, lane) in [(one.code, one.lane) for one in ruling.reasons]


@pytest.mark.parametrize(
    "value",
    [Decimal("2000.01"), 2001, 5000.0, "9e9", "-2500", "n/a", float("nan"), "Infinity"],
)
def test_money_counts_however_it_is_written(value: object) -> None:
    ruling = gate.judge(SURE_MEDIUM, Facts(value=value), DEMO)

    assert (ruling.score, ruling.lane) == (75, "inline")


def test_little_money_does_not_count() -> None:
    scores = {gate.judge(MEDIUM, Facts(value=one), DEMO).score for one in (None, 2000, "2000.00")}

    assert scores == {70}


def test_a_policy_may_count_every_amount_of_money() -> None:
    rule = gate.tightened(SURE_MEDIUM, Stricter(value_limit=Decimal(0)))

    assert gate.judge(rule, Facts(value=1), DEMO).lane == "inline"


def test_two_people_decide_on_high_risk_in_production() -> None:
    there = gate.judge(HIGH, FEW, Around("production"))
    here = gate.judge(HIGH, FEW, DEMO)

    assert (there.approvals_needed, there.who) == (2, "reviewer")
    assert (here.approvals_needed, here.who) == (1, "reviewer")
    assert gate.judge(MEDIUM, FEW, DEMO).who == "owner_or_reviewer"


def test_clocks_follow_lane_and_priority() -> None:
    asked = {
        "urgent": gate.judge(HIGH, FEW, DEMO),
        "high": gate.judge(replace(MEDIUM, base_score=50), FEW, DEMO),
        "normal": gate.judge(replace(LOW, base_score=55), FEW, DEMO),
    }
    inline = gate.judge(MEDIUM, FEW, DEMO)

    hours = {name: one.due_after.total_seconds() / 3600 for name, one in asked.items()}
    assert {name: one.priority for name, one in asked.items()} == {name: name for name in asked}
    assert hours == {"urgent": 4, "high": 24, "normal": 48}
    assert {one.expires_after.days for one in asked.values()} == {7}
    assert (inline.expires_after.seconds, inline.due_after.seconds) == (3600, 1800)
    assert gate.judge(replace(LOW, base_score=29), FEW, DEMO).priority == "urgent"


def test_people_are_told_of_what_runs_at_medium_risk() -> None:
    assert gate.judge(SURE_MEDIUM, FEW, DEMO).notifies
    assert not gate.judge(LOW, FEW, DEMO).notifies
    assert not gate.judge(MEDIUM, FEW, DEMO).notifies


def test_a_hurry_makes_nothing_surer_and_an_unknown_action_never_runs() -> None:
    told = gate.judge(replace(LOW, is_known=False, base_score=100), FEW, DEMO)

    assert told.lane == "refuse"
    assert "time_sensitive" not in Around.__dataclass_fields__


# -- properties -----------------------------------------------------------------------------------

percents = st.integers(0, 100)
some_percent = st.none() | percents
risks = st.sampled_from(gate.RISKS)
yes_or_no = st.booleans()
signals = st.lists(st.builds(Factor, st.text("ab", max_size=2), st.integers(-60, 60)), max_size=4)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    inline, auto = sorted((draw(percents), draw(percents)))
    return Rule(
        risk=draw(risks),
        base_score=draw(percents),
        auto_threshold=auto,
        inline_threshold=inline,
        exposure_limit=draw(st.integers(0, 200)),
        has_effect=draw(yes_or_no),
        is_reversible=draw(yes_or_no),
        asks_phrase=draw(yes_or_no),
        approvals_needed=draw(st.sampled_from([1, 2])),
    )


facts = st.builds(
    Facts,
    count=st.integers(0, 300),
    value=st.none() | st.decimals(allow_nan=True) | st.text(max_size=4),
    signals=signals,
    is_clear=yes_or_no,
    phrase=st.sampled_from(["", "shop"]),
)
arounds = st.builds(
    Around,
    environment=st.sampled_from(["", "demo", "staging", "production"]),
    may_do=yes_or_no,
    is_reviewer_asking=yes_or_no,
    control=st.sampled_from(["", "resume", "hold", "drain", "abort", "unknown"]),
    budget=st.sampled_from(["", "spent", "unknown"]),
    confidence=st.none() | st.floats(0, 1),
)
policies = st.builds(
    Stricter,
    risk=st.sampled_from(["", *gate.RISKS]),
    base_score=some_percent,
    auto_threshold=some_percent,
    inline_threshold=some_percent,
    exposure_limit=st.none() | st.integers(0, 200),
    value_limit=st.none() | st.decimals(1, 5000),
    approvals_needed=st.sampled_from([None, 1, 2]),
    is_denied=yes_or_no,
)
STRICTER = (
    ("control", "hold"),
    ("budget", "spent"),
    ("environment", ""),
    ("confidence", 0.0),
    ("may_do", False),
    ("is_reviewer_asking", False),
)


def is_no_milder(before: Ruling, after: Ruling) -> bool:
    return LANES.index(after.lane) >= LANES.index(before.lane)


@settings(max_examples=150, deadline=None)
@given(rules(), facts, arounds)
def test_factors_add_up_to_a_score_from_0_to_100(rule: Rule, known: Facts, around: Around) -> None:
    ruling = gate.judge(rule, known, around)

    assert 0 <= ruling.score <= 100
    assert sum(one.points for one in ruling.factors) == ruling.score
    assert any(one.lane == ruling.lane for one in ruling.reasons)
    assert rule.risk != "high" or ruling.lane != "auto"
    assert ruling.due_after <= ruling.expires_after


@settings(max_examples=150, deadline=None)
@given(rules(), policies, facts, arounds)
def test_a_policy_never_loosens(rule: Rule, policy: Stricter, known: Facts, around: Around) -> None:
    plain = gate.judge(rule, known, around)
    ruled = gate.judge(gate.tightened(rule, policy), known, around)

    assert is_no_milder(plain, ruled)
    assert ruled.approvals_needed >= plain.approvals_needed
    assert ruled.score <= plain.score or plain.score == 0


@settings(max_examples=150, deadline=None)
@given(rules(), facts, arounds, st.sampled_from(STRICTER))
def test_nothing_that_is_added_around_loosens(
    rule: Rule, known: Facts, around: Around, change: tuple[str, Any]
) -> None:
    name, value = change

    stricter = replace(around, **{name: value})

    assert is_no_milder(gate.judge(rule, known, around), gate.judge(rule, known, stricter))


@settings(max_examples=100, deadline=None)
@given(rules(), facts, arounds, st.floats(0, 1), st.floats(0, 1))
def test_a_surer_agent_opens_nothing_that_one_without_doubt_would_not(
    rule: Rule, known: Facts, around: Around, one: float, other: float
) -> None:
    low, high = sorted((one, other))

    silent = gate.judge(rule, known, replace(around, confidence=None))
    sure = gate.judge(rule, known, replace(around, confidence=high))
    unsure = gate.judge(rule, known, replace(around, confidence=low))

    assert is_no_milder(silent, sure)
    assert is_no_milder(sure, unsure)
