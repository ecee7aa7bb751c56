"""A server whose database and Redis are gone says so, on pages and to programs."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.browser.server import Daphne

pytestmark = pytest.mark.django_db


@pytest.fixture
def page() -> Iterator[httpx.Client]:
    server = Daphne(
        "forecastlab.settings",
        DATABASE_URL="postgresql://lab:hunter2@127.0.0.1:1/lab",
        REDIS_URL="redis://:hunter2@127.0.0.1:1/0",
        FORECASTLAB_LOG_LEVEL="CRITICAL",
    ).start()
    with httpx.Client(base_url=server.url, timeout=30, cookies={"sessionid": "x" * 32}) as client:
        yield client
    server.kill()


@pytest.mark.slow
def test_a_server_without_services_lives_and_names_what_is_missing(page: httpx.Client) -> None:
    ready, shown, told = page.get("/readyz"), page.get("/"), page.get("/api/v1/me")

    assert page.get("/healthz").status_code == 200
    assert ready.status_code == 503
    assert {"database", "redis"} <= set(ready.json()["missing"])
    assert shown.status_code == 503
    assert "The database does not answer." in shown.text
    assert "Try again in a moment" in shown.text
    assert told.status_code == 503
    assert told.json()["code"] == "database_down"
    assert "hunter2" not in ready.text + shown.text + told.text
