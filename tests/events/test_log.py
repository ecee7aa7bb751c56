from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction

from forecastlab.events import queries
from forecastlab.events.services import log
from forecastlab.lib.contributions import NewEvent

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def append(*streams: str) -> None:
    with transaction.atomic():
        entries = [NewEvent(stream, "noted", {"n": n}) for n, stream in enumerate(streams)]
        log.append(entries, actor_id=None, at=NOW)


@pytest.mark.django_db
def test_a_stream_counts_from_one_without_gaps() -> None:
    append("run.1", "run.1")
    append("run.1")

    assert [event.seq for event in queries.after("run.1", 0)] == [1, 2, 3]
    assert queries.head("run.1") == 3


@pytest.mark.django_db
def test_streams_count_apart() -> None:
    append("run.2", "run.1", "run.2")

    assert [event.payload["n"] for event in queries.after("run.2", 0)] == [0, 2]
    assert [event.payload["n"] for event in queries.after("run.1", 0)] == [1]


@pytest.mark.django_db
def test_after_gives_only_what_follows() -> None:
    append(*["run.1"] * 5)

    assert [event.seq for event in queries.after("run.1", 3)] == [4, 5]
    assert [event.seq for event in queries.after("run.1", 0, limit=2)] == [1, 2]
    assert queries.after("run.9", 0) == []
    assert queries.head("run.9") == 0


@pytest.mark.django_db
def test_an_event_keeps_its_actor_and_its_time() -> None:
    alice = get_user_model().objects.create(username="alice")

    with transaction.atomic():
        log.append([NewEvent("run.1", "started", {"by": "alice"})], actor_id=alice.pk, at=NOW)

    (event,) = queries.after("run.1", 0)
    assert (event.kind, event.payload, event.actor, event.at) == (
        "started",
        {"by": "alice"},
        alice,
        NOW,
    )


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_transaction_leaves_no_gap() -> None:
    append("run.1")

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        append("run.1")
        raise ZeroDivisionError
    append("run.1")

    assert [event.seq for event in queries.after("run.1", 0)] == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_appending_outside_a_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError, match="belongs in the transaction"):
        log.append([NewEvent("run.1", "noted")], actor_id=None, at=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement", ["update events_event set kind = ''", "delete from events_event"]
)
def test_a_single_event_cannot_be_changed_or_deleted(statement: str) -> None:
    append("run.1")

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)

    assert queries.head("run.1") == 1


@pytest.mark.django_db(transaction=True)
def test_eight_writers_leave_no_gap_and_no_deadlock() -> None:
    start = threading.Barrier(8)

    def write(number: int) -> None:
        start.wait()
        for _ in range(20):
            # Each writer names its streams in another order.
            append(*(["run.1", "run.2"] if number % 2 else ["run.2", "run.1"]))
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))

    for stream in ("run.1", "run.2"):
        seqs = [event.seq for event in queries.after(stream, 0)]
        assert seqs == list(range(1, 161))


@pytest.mark.django_db(transaction=True)
def test_a_reader_never_sees_a_number_before_the_numbers_below_it() -> None:
    first_appended, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            append("run.1")
            first_appended.set()
            may_commit.wait(5)
        connection.close()

    def quick() -> None:
        first_appended.wait(5)
        append("run.1")
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(slow), pool.submit(quick)]
        first_appended.wait(5)
        seen_meanwhile = [event.seq for event in queries.after("run.1", 0)]
        may_commit.set()
        [one.result() for one in done]

    assert seen_meanwhile == []
    assert [event.seq for event in queries.after("run.1", 0)] == [1, 2]
