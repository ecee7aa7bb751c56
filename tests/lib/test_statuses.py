from __future__ import annotations

import pytest

from forecastlab.lib.statuses import look_of

STORED = [
    "queued",
    "pending",
    "running",
    "waiting",
    "succeeded",
    "failed",
    "cancelled",
    "interrupted",
    "pass",
    "warn",
    "skip",
    "fail",
]


@pytest.mark.parametrize("status", STORED)
def test_every_stored_status_has_a_look_of_its_own(status: str) -> None:
    assert look_of(status).word != status


def test_violet_is_for_what_waits_for_a_person_and_nothing_else() -> None:
    assert [status for status in STORED if look_of(status).tone == "ask"] == ["waiting"]


def test_an_unheard_of_status_is_shown_as_it_is() -> None:
    assert look_of("melted").word == "melted"
