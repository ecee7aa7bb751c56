"""The rule that says why an alias is stale: first match wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forecastlab.forecasting.domain.staleness import Trained, judged

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def trained(name: int = 1, *, day: int = 0, **fields: Any) -> Trained:
    told = {"frame_version": 3, "until": 90, **fields}
    return Trained(name, trained_at=MONDAY + timedelta(days=day), **told)


RUN = trained()
BROKEN = trained(succeeded=False, verified=False)
DAMAGED = trained(verified=False)
NEWER = trained(2, day=1)
WIDER = trained(3, day=2, frame_version=4)


@pytest.mark.parametrize(
    ("run", "comparable", "reason", "newest"),
    [
        (RUN, [], None, None),
        (RUN, [RUN], None, None),
        (BROKEN, [WIDER], "run_not_success", None),
        (RUN, [NEWER, WIDER], "feature_frame_version_mismatch", 3),
        (RUN, [WIDER, trained(4, day=3)], "newer_success_run", 4),
        (DAMAGED, [NEWER], "newer_success_run", 2),
        (DAMAGED, [], "artefact_not_verified", None),
        # What failed, is older, learnt from less or has no frame of its own makes nothing stale.
        (RUN, [trained(2, day=1, succeeded=False, frame_version=4)], None, None),
        (WIDER, [RUN, NEWER], None, None),
        (RUN, [trained(2, day=1, until=76, frame_version=4)], None, None),
        (trained(frame_version=None), [NEWER], "newer_success_run", 2),
    ],
)
def test_the_first_reason_that_holds_is_told(
    run: Trained, comparable: list[Trained], reason: str | None, newest: int | None
) -> None:
    found = judged(run, comparable)

    assert (found and found.reason) == reason
    assert (found and found.newer) == newest


def test_other_frames_are_told_with_both_versions() -> None:
    found = judged(trained(frame_version=None), [WIDER])

    assert found is not None
    assert (found.frame, found.newer_frame) == (3, 4)
