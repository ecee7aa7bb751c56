from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.storage import storages

from forecastlab.jobs.models import WorkerHeartbeat
from forecastlab.lib.contributions import StepContext, StepFailed
from showcase import gateways
from showcase.services import rows

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def make_context() -> StepContext:
    return StepContext(
        job_id=1,
        step="precheck",
        params={},
        now=AT,
        actor_id=None,
        report=lambda fraction=None, text="": None,
        fenced=nullcontext,
    )


def make_worker(*queues: str) -> None:
    WorkerHeartbeat.objects.create(
        name="-".join(queues), boot="1", queues=list(queues), started_at=AT, seen_at=AT
    )


def test_a_house_that_is_well_passes_with_its_figures() -> None:
    make_worker("fast")
    make_worker("heavy")

    done = rows.precheck(make_context())

    assert not done.warn
    assert "workers 2 ready" in done.detail
    assert "ms" in done.detail
    assert [one["name"] for one in done.data["checks"]] == [
        "Database",
        "Message broker",
        "Workers",
        "Storage",
        "Artefact store",
    ]


def test_a_queue_without_a_worker_is_a_warning() -> None:
    make_worker("heavy")

    done = rows.precheck(make_context())

    assert done.warn
    assert "No worker takes from the queue 'fast'." in done.detail


def test_a_house_just_started_gets_time_for_its_first_heartbeats(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows, "PATIENCE", 5.0)
    monkeypatch.setattr(rows, "POLL", 0.0)
    make_worker("heavy")
    asked: list[str] = []

    def report(_fraction: float | None = None, text: str = "") -> None:
        asked.append(text)
        make_worker("fast")

    done = rows.precheck(replace(make_context(), report=report))

    assert (done.warn, len(asked)) == (False, 1)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("free_bytes", "The disk cannot be read"),
        ("write_artefact", "The artefact store cannot be written"),
    ],
)
def test_what_no_run_can_do_without_fails_the_row(
    monkeypatch: pytest.MonkeyPatch, broken: str, message: str
) -> None:
    def refuse() -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gateways, broken, refuse)

    with pytest.raises(StepFailed, match=f"{message}: No space left on device"):
        rows.precheck(make_context())


def test_too_little_room_fails_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "free_bytes", lambda: 1_000_000)

    with pytest.raises(StepFailed, match=r"Only 1\.0.MB free; a run needs 500\.0.MB"):
        rows.precheck(make_context())


def test_the_probe_of_the_store_leaves_nothing_behind() -> None:
    gateways.write_artefact()

    assert storages["artefacts"].listdir("probe")[1] == []
