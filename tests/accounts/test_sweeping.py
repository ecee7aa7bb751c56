from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.utils import timezone

from forecastlab.accounts import tasks
from forecastlab.accounts.models import IdempotencyKey, SignInLink, SignInTries
from forecastlab.accounts.services import sweeping
from tests.factories import make_user

pytestmark = pytest.mark.django_db
KINDS = (IdempotencyKey, SignInTries, SignInLink, Session)


def make_traces(*, days_ago: int, key: str) -> None:
    at = timezone.now() - timedelta(days=days_ago)
    user = make_user(key)
    IdempotencyKey.objects.create(user=user, key=key, created_at=at)
    SignInTries.objects.create(key=key, last_at=at)
    SignInLink.objects.create(user=user, digest=key, created_at=at, expires_at=at)
    Session.objects.create(session_key=key, session_data="", expire_date=at + timedelta(days=1))


def counted() -> list[int]:
    return [kind.objects.count() for kind in KINDS]


def test_what_no_longer_matters_is_forgotten() -> None:
    make_traces(days_ago=3, key="old")
    make_traces(days_ago=0, key="new")

    tasks.sweep_accounts()

    assert counted() == [1, 1, 1, 1]
    assert Session.objects.get().session_key == "new"


@pytest.mark.django_db(transaction=True)
def test_a_second_sweep_at_once_does_nothing() -> None:
    make_traces(days_ago=3, key="old")

    def sweep() -> None:
        try:
            sweeping.sweep(timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [sweeping.LOCK])
        pool.submit(sweep).result()
        assert counted() == [1, 1, 1, 1]
