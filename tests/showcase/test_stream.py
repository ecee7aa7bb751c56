"""A run over Server-Sent Events: the frames, where a reader comes back, when it is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient, Client
from django.utils import timezone

from forecastlab.accounts.models import Token
from forecastlab.accounts.services import tokens
from showcase.models import Run
from showcase.services import runs
from tests.factories import make_run, make_user, work_off

T = TypeVar("T")
FRAME = {
    "event_type",
    "step_name",
    "step_index",
    "total_steps",
    "status",
    "detail",
    "duration_ms",
    "data",
    "timestamp",
    "phase_name",
    "phase_index",
    "phase_total",
    "run_id",
    "seq",
}


def frames(text: str) -> list[dict[str, Any]]:
    parts = [part.split("\n") for part in text.split("\n\n")]
    return [
        json.loads(line.removeprefix("data: "))
        for part in parts
        for line in part
        if line.startswith("data: ")
    ]


@pytest.mark.django_db
def test_a_run_is_told_in_frames_from_where_the_reader_stands() -> None:
    run = work_off(make_run(models=["naive"]))
    assert run.requested_by is not None
    client = Client()
    client.force_login(run.requested_by)
    address = f"/api/v1/runs/{run.pk}/stream"

    answer = client.get(address)

    assert answer.headers["Content-Type"] == "text/event-stream"
    told = frames(answer.text)
    assert all(set(one) == FRAME for one in told)
    assert [one["seq"] for one in told] == sorted({one["seq"] for one in told})
    begun, done, *_rest = told
    assert (begun["event_type"], begun["step_name"], begun["status"]) == (
        "step_start",
        "precheck",
        None,
    )
    steps = run.steps.count()
    assert (done["event_type"], done["step_index"], done["total_steps"]) == (
        "step_complete",
        1,
        steps,
    )
    checked = run.steps.get(name="precheck")
    assert (done["status"], done["phase_name"], done["phase_index"]) == (checked.outcome, "data", 1)
    assert (done["detail"], done["data"]) == (checked.detail, checked.data)
    assert [one["event_type"] for one in told] == [
        *["step_start", "step_complete"] * steps,
        "pipeline_complete",
    ]
    _is_summary_of(run, told[-1])

    rest = client.get(address, headers={"Last-Event-ID": str(told[-2]["seq"])})
    assert [one["event_type"] for one in frames(rest.text)] == ["pipeline_complete"]
    assert client.get(address, {"after": told[-1]["seq"]}).status_code == 204
    assert client.get(address, {"after": -1}).status_code == 422


def _is_summary_of(run: Run, end: dict[str, Any]) -> None:
    assert (end["step_name"], end["status"], end["run_id"]) == ("summary", "pass", run.pk)
    registered = run.steps.get(name="register").data
    assert {**end["data"], "run_config": None} == {
        "winner_model_type": "naive",
        "winner_wape": run.winner_wape,
        "winning_run_id": registered["run_id"],
        "alias": "shop-production",
        "wall_clock_s": pytest.approx(run.seconds, abs=0.001),
        "v2_run_id": None,
        "workspace_id": None,
        "run_config": None,
    }
    assert end["data"]["run_config"]["train_model_types"] == ["naive"]


def in_thread(function: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    """Run what needs the database on the thread of such things, and leave no connection there."""

    def closing(*args: Any, **options: Any) -> T:
        try:
            return function(*args, **options)
        finally:
            connection.close()

    return sync_to_async(closing)


def asked_for() -> tuple[Run, str]:
    alice = make_user()
    _token, secret = tokens.create(alice, name="reader", days=1, at=timezone.now())
    return make_run(by=alice, models=["naive"]), secret


async def opened(run: Run, secret: str) -> Any:
    answer: Any = await AsyncClient().get(
        f"/api/v1/runs/{run.pk}/stream", headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code == 200
    return (chunk.decode() async for chunk in answer.streaming_content)


@sync_to_async
def keeps_a_connection() -> bool:
    """Say whether the thread that makes the answers has one, which nobody else can use then."""
    return connection.connection is not None


async def read(chunks: Any, *, until: str = "") -> str:
    """Read until `until` has come, or to the end."""
    text = ""
    async with asyncio.timeout(20):
        async for chunk in chunks:
            text += chunk
            if until and until in text:
                break
    return text


@pytest.mark.django_db(transaction=True)
async def test_a_run_is_followed_with_a_token_to_its_end() -> None:
    run, secret = await in_thread(asked_for)()
    asking = {"Authorization": f"Bearer {secret}"}
    read_once = await AsyncClient().get(f"/api/v1/runs/{run.pk}", headers=asking)
    assert read_once.status_code == 200
    assert not await keeps_a_connection()
    chunks = await opened(run, secret)
    assert ": beat" in await read(chunks, until=": beat")
    assert not await keeps_a_connection()

    assert run.requested_by is not None
    await in_thread(runs.stop)(run, by=run.requested_by, at=timezone.now())

    (end,) = frames(await read(chunks))
    assert (end["event_type"], end["status"]) == ("pipeline_complete", "fail")


@pytest.mark.django_db(transaction=True)
async def test_a_stream_ends_when_its_token_is_revoked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecastlab.events.services.followers.RECHECK_PAUSE", 0.05)
    monkeypatch.setattr("forecastlab.events.services.followers.BEAT_PAUSE", 0.1)
    run, secret = await in_thread(asked_for)()
    chunks = await opened(run, secret)
    await read(chunks, until=": beat")

    await in_thread(Token.objects.update)(revoked_at=timezone.now())

    (end,) = frames(await read(chunks))
    assert (end["event_type"], end["step_name"], end["seq"]) == ("error", "pipeline", None)
    assert end["detail"] == "You may not read this run any more."
