from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from forecastlab.lib import registry
from forecastlab.lib.contributions import HealthCheck

pytestmark = pytest.mark.django_db


def missing() -> tuple[int, dict[str, str]]:
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()["missing"]


def test_the_process_says_that_it_is_alive_without_the_database(
    django_assert_num_queries: Any,
) -> None:
    with django_assert_num_queries(0):
        answer = Client().get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"alive": True})


def test_an_installation_with_everything_is_ready() -> None:
    assert missing() == (200, {})


def test_a_lost_database_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(connection, "cursor", lost)

    status, told = missing()

    assert status == 503
    assert "DATABASE_URL" in told["database"]


def test_a_lost_redis_is_missing(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    status, told = missing()

    assert (status, list(told)) == (503, ["redis"])
    assert "REDIS_URL" in told["redis"]


def test_a_migration_that_waits_is_named() -> None:
    MigrationRecorder.Migration.objects.filter(app="events").delete()

    status, told = missing()

    assert status == 503
    assert "events.0001_events" in told["migrations"]
    assert "manage.py migrate" in told["migrations"]


def test_a_contributed_check_counts() -> None:
    with registry.contributing("health_checks", HealthCheck("disk", lambda: "full", True)):
        assert missing() == (503, {"disk": "full"})


def test_requests_are_logged_by_route_and_questions_of_health_are_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Client().get("/healthz")
    Client().get("/sign-in/link/hunter2")

    told = [record.msg for record in caplog.records if record.name == "forecastlab.request"]
    assert [line["route"] for line in told] == ["sign-in/link/<str:secret>"]
    assert told[0]["request_id"]
    assert "hunter2" not in str(told)
