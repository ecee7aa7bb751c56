"""Two who come at once, over two connections: one wins, and the other is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from http import HTTPStatus
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from agents import tasks
from agents.models import Approval, Decision, Invocation, Session
from agents.services import (
    bulk_decisions,
    closing,
    controls,
    decisions,
    moves,
    orders,
    watching,
)
from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import HouseError
from tests.agents.asking import make_approval, make_approver
from tests.agents.door import Door
from tests.agents.factories import start
from tests.factories import make_user, make_version

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20.0
WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"


def answer(approval: Approval, verdict: str, by: User, version: int = 1) -> str:
    """Answer, and say how it went."""
    seen = {"version": version, "digest": approval.digest, "at": timezone.now()}
    try:
        decisions.decide(approval.pk, verdict, by=by, **seen)
    except HouseError as error:
        return f"{error.code}: {error.message}"
    return verdict


def behind(first: Callable[[], object], second: Callable[[], str]) -> str:
    """Let the second come while the first has written and not committed yet."""
    holds, told = Event(), Event()

    def begin() -> None:
        try:
            with transaction.atomic():
                first()
                holds.set()
                told.wait(PATIENCE)
        finally:
            holds.set()
            connection.close()

    def follow() -> str:
        try:
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(begin)
        assert holds.wait(PATIENCE)
        other = pool.submit(follow)
        _until_it_waits(other)
        told.set()
        one.result(PATIENCE)
        return other.result(PATIENCE)


def _until_it_waits(other: Future[str]) -> None:
    """Return once the second waits for a lock of the first, or is through without waiting."""
    ends = timezone.now() + timedelta(seconds=PATIENCE)
    while not other.done() and timezone.now() < ends:
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return


def test_of_two_who_answer_at_once_one_wins_and_the_other_is_told() -> None:
    approval = make_approval(make_user())
    alice, dora = approval.requested_by, make_approver()

    told = behind(
        lambda: answer(approval, "approve", alice), lambda: answer(approval, "reject", dora)
    )

    assert told.startswith("decided_already: alice has approved it before you.")
    assert Approval.objects.get().status == "approved"
    assert Decision.objects.count() == 1
    assert Invocation.objects.get().status == "awaiting"


def test_the_second_of_two_people_who_agree_at_once_looks_again() -> None:
    approval = make_approval(make_user(), tool={"risk": "high"}, environment="production")
    dora, emil = make_approver(), make_approver("emil")

    told = behind(
        lambda: answer(approval, "approve", dora), lambda: answer(approval, "approve", emil)
    )

    assert told.startswith("approval_changed: dora has approved it before you.")
    assert answer(approval, "approve", emil, version=2) == "approve"
    assert Approval.objects.get().status == "approved"


def test_an_answer_in_the_last_moment_is_not_overwritten_by_the_clock() -> None:
    approval = make_approval(make_user())

    def answer_in_time() -> None:
        assert answer(approval, "approve", approval.requested_by) == "approve"
        past = timezone.now() - timedelta(seconds=1)
        Approval.objects.filter(pk=approval.pk).update(expires_at=past)

    told = behind(answer_in_time, lambda: str(watching.expire(approval.pk, at=timezone.now())))

    assert told == "False"
    assert Approval.objects.get().status == "approved"
    assert [one.verdict for one in Decision.objects.all()] == ["approve"]


def test_the_clock_is_not_overwritten_by_an_answer() -> None:
    approval = make_approval(make_user())
    Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    told = behind(
        lambda: watching.expire(approval.pk, at=timezone.now()),
        lambda: answer(approval, "approve", approval.requested_by),
    )

    assert told.startswith("approval_expired")
    assert Approval.objects.get().status == "expired"
    assert Invocation.objects.get().status == "rejected"


def test_an_answer_waits_for_who_is_stopping_the_session() -> None:
    approval = make_approval(make_user())

    def stop() -> None:
        held = Session.objects.select_for_update().get()
        held.status, held.finished_at = "cancelled", timezone.now()
        held.save()

    told = behind(stop, lambda: answer(approval, "approve", approval.requested_by))

    assert told.startswith("session_over")
    assert Approval.objects.get().status == "open"
    assert not Decision.objects.exists()


def test_an_answer_by_the_api_and_the_clock_at_once_make_one_end() -> None:
    owner = make_user()
    door, ends = Door(owner), set()
    for late in (0.0, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2):
        approval = make_approval(owner)
        door.read("approval-read", approval.pk)
        soon = timezone.now() + timedelta(seconds=late)
        Approval.objects.filter(pk=approval.pk).update(expires_at=soon)
        with ThreadPoolExecutor(2) as pool:
            clock = pool.submit(_sweep_until_closed, approval)
            answered = pool.submit(_closing, lambda one=approval: door.decide(one.pk, "approve"))
            clock.result(PATIENCE)
        answer = answered.result(PATIENCE)
        approval.refresh_from_db()
        made = [one.verdict for one in approval.decisions.all()]

        ends.add(approval.status)
        if answer.status_code == HTTPStatus.OK:
            assert (approval.status, made) == ("approved", ["approve"])
        else:
            assert answer.json()["code"] == "approval_expired"
            assert (approval.status, made) == ("expired", ["expire"])
    assert "expired" in ends


def _sweep_until_closed(approval: Approval) -> None:
    def sweep() -> None:
        ends = timezone.now() + timedelta(seconds=PATIENCE)
        while Approval.objects.open().filter(pk=approval.pk).exists() and timezone.now() < ends:
            tasks.sweep_approvals()

    _closing(sweep)


def _closing(does: Callable[[], Any]) -> Any:
    try:
        return does()
    finally:
        connection.close()


def test_of_two_who_start_with_one_key_at_once_both_get_one_session(settings: Any) -> None:
    settings.FORECASTLAB_LLM = "planner"
    alice = make_user()
    make_version(by=alice)

    def begin() -> str:
        return start("Which model is best?", by=alice, key="schedule:7").ref

    told = behind(begin, begin)

    assert [told] == [one.ref for one in Session.objects.all()]


# -- several sessions in one transaction ----------------------------------------------------------


def apart(act: Callable[[], object]) -> None:
    """Do something in one transaction of a connection of its own."""
    try:
        with transaction.atomic():
            act()
    finally:
        connection.close()


def abort(_approvals: Sequence[Approval]) -> None:
    oscar = make_user("oscar", role="operator")
    orders.give("abort", controls.Scope("lab"), reason="", by=oscar, at=timezone.now())


def reject(approvals: Sequence[Approval]) -> None:
    seen = [bulk_decisions.Seen(one.pk, 1, one.digest) for one in approvals]
    told = bulk_decisions.decide(seen, "reject", by=make_approver(), at=timezone.now())
    assert not told.refused


@pytest.mark.parametrize("act", [abort, reject])
def test_what_changes_several_sessions_in_one_transaction_blocks_nobody_for_good(
    act: Callable[[Sequence[Approval]], None],
) -> None:
    approvals = [make_approval(make_user()), make_approval()]
    holds, told = Event(), Event()

    def tell() -> None:
        """Hold the last session, and then tell of an approval, as each decision does."""
        moves.lock(approvals[1].invocation.session_id)
        holds.set()
        told.wait(PATIENCE)
        news = [NewEvent(closing.STREAM, "approval.changed")]
        log.append(news, actor_id=None, at=timezone.now())

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(apart, tell)
        assert holds.wait(PATIENCE)
        other = pool.submit(apart, lambda: act(approvals))
        _until_it_waits(other)
        told.set()
        one.result(PATIENCE)
        other.result(PATIENCE)

    assert not Approval.objects.open().exists()
