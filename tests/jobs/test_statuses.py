from __future__ import annotations

from pathlib import Path

import pytest

from forecastlab.jobs.domain import planning, statuses
from forecastlab.jobs.domain.statuses import JOB, STEP, JobStatus, StepStatus
from forecastlab.lib import moves, state_tables
from forecastlab.lib.moves import IllegalMove

BASE_DIR = Path(__file__).resolve().parent.parent.parent


def test_what_is_over_moves_only_to_begin_anew() -> None:
    assert {"succeeded", "failed", "cancelled"} == statuses.TERMINAL
    for status in statuses.TERMINAL:
        assert set(JOB[status].values()) <= {"queued"}
    assert set(STEP[StepStatus.DONE].values()) == {"pending"}


@pytest.mark.parametrize("table", [JOB, STEP])
def test_every_status_can_be_reached_and_every_open_one_can_end(table: statuses.Table) -> None:
    reached = {target for moves in table.values() for target in moves.values()}
    first = next(iter(table))

    assert reached | {first} == set(table)
    for status in table:
        assert _ends_from(table, status)


def test_an_illegal_move_is_named() -> None:
    with pytest.raises(IllegalMove, match="'park' is not possible from 'succeeded'"):
        moves.after(JOB, JobStatus.SUCCEEDED, "park")


def test_a_claim_is_possible_wherever_the_table_says_so() -> None:
    assert moves.sources(STEP, "claim") == [StepStatus.PENDING, StepStatus.RUNNING]


def test_the_pause_doubles_with_jitter_and_is_bounded() -> None:
    pauses = [planning.pause_before(attempt) for attempt in range(1, 12)]

    for attempt, pause in enumerate(pauses):
        whole = min(60.0, 2.0**attempt)
        assert whole / 2 <= pause <= whole


def test_the_documented_tables_are_those_of_the_code() -> None:
    written = (BASE_DIR / "docs" / "reference" / "states.md").read_text()

    assert written == state_tables.document(), "run `python manage.py document_states`"


def _ends_from(table: statuses.Table, status: str) -> bool:
    seen, left = set(), [status]
    while left:
        here = left.pop()
        if here in {*statuses.TERMINAL, StepStatus.DONE}:
            return True
        new = set(table[here].values()) - seen
        seen |= new
        left += new
    return False
