from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import get_template

from forecastlab.lib import anchors
from forecastlab.lib.contributions import Done, PipelineStep
from showcase.domain import pipeline
from showcase.domain.pipeline import Row
from showcase.queries import labels
from showcase.queries import pipeline as contributed


def make_row(name: str, *, app: str = "toy", phase: str = "data", **options: Any) -> Row:
    step = PipelineStep(name, phase, name.title(), lambda _context: Done("ok"), **options)
    return Row(step, app)


def names(rows: list[Row]) -> list[str]:
    return [row.step.name for row in rows]


def test_rows_follow_their_anchors_and_ties_go_by_name() -> None:
    rows = [make_row("b"), make_row("a"), make_row("z", before=("a",)), make_row("c", after=("a",))]

    assert names(pipeline.in_order(rows)) == ["b", "z", "a", "c"]


def test_a_star_places_a_row_first_or_last() -> None:
    rows = [make_row("end", after=("*",)), make_row("z"), make_row("start", before=("*",))]

    assert names(pipeline.in_order(rows)) == ["start", "z", "end"]


def test_a_questioned_anchor_counts_only_when_it_is_there() -> None:
    follower = make_row("a", after=("b?",))

    assert names(pipeline.in_order([follower])) == ["a"]
    assert names(pipeline.in_order([follower, make_row("b")])) == ["b", "a"]


def test_an_unknown_anchor_is_named() -> None:
    with pytest.raises(anchors.UnknownAnchor, match="'a' is anchored to the unknown 'ghost'"):
        pipeline.in_order([make_row("a", after=("ghost",))])


def test_a_row_of_another_table_is_left_out_but_still_an_anchor() -> None:
    rows = [make_row("a"), make_row("long_only", after=("a",), tables=("long",))]
    rows.append(make_row("b", after=("long_only",)))

    assert names(pipeline.plan(rows, config={"table": "short"})) == ["a", "b"]
    assert names(pipeline.plan(rows, config={"table": "long"})) == ["a", "long_only", "b"]


def test_a_row_may_depend_on_the_config() -> None:
    rows = [make_row("a"), make_row("b", includes=lambda config: bool(config.get("wanted")))]

    assert names(pipeline.plan(rows, config={})) == ["a"]
    assert names(pipeline.plan(rows, config={"wanted": True})) == ["a", "b"]


def test_needs_reach_through_neighbours_but_not_to_the_first_row() -> None:
    rows = [
        make_row("start", before=("*",)),
        make_row("a"),
        make_row("b", after=("a?",)),
        make_row("c", after=("b",)),
        make_row("end", after=("*",)),
    ]

    assert pipeline.needs("c", rows) == {"a", "b"}
    assert pipeline.needs("end", rows) == set()


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([make_row("a", after=("ghost",))], "showcase.E001"),
        ([make_row("a", after=("b",)), make_row("b", after=("a",))], "showcase.E002"),
        ([make_row("a"), make_row("a", app="other")], "showcase.E003"),
    ],
)
def test_a_pipeline_that_does_not_fit_fails_the_system_check(rows: list[Row], code: str) -> None:
    (found,) = contributed.problems(rows)

    assert found.id == code


# -- the pipeline of this house ---------------------------------------------------------------


def test_the_rows_of_the_short_table_in_order() -> None:
    assert names(contributed.planned({"table": "short"})) == [
        "precheck",
        "reset",
        "seed",
        "status",
        "features",
        "train",
        "backtest",
        "register",
        "verify",
        "agent",
        "cleanup",
    ]


@pytest.mark.parametrize("row", contributed.contributed(), ids=lambda row: row.step.name)
def test_a_contributed_row_keeps_the_contract(row: Row) -> None:
    step = row.step

    assert step.title
    assert step.phase in labels.PHASES
    assert set(step.tables) <= set(pipeline.TABLES)
    assert 0 < step.lease_seconds <= 600
    assert step.weight > 0
    if step.drawing:
        get_template(step.drawing)


def test_phases_hold_together_in_order() -> None:
    rows = contributed.planned({"table": "short"})

    grouped = [row.step.name for phase in pipeline.phases(rows) for row in phase.rows]
    assert grouped == names(rows)


@pytest.mark.parametrize(
    "left_out", sorted({one.contributed_by for one in contributed.contributed()})
)
def test_the_rest_still_fits_together_without_the_rows_of_one_app(left_out: str) -> None:
    rest = [row for row in contributed.contributed() if row.contributed_by != left_out]

    assert contributed.problems(rest) == []
