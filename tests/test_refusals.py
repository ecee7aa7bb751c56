"""What goes wrong is answered as a page, a message for htmx or a problem, never as a traceback."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.views.decorators.http import require_POST
from redis.exceptions import ConnectionError as RedisConnectionError

from forecastlab import urls as ours
from forecastlab.lib.errors import BadInput, Conflict

HTMX = {"HX-Request": "true"}


class RunFinished(Conflict):
    """The run has ended."""


def refused(request: HttpRequest) -> HttpResponse:
    raise RunFinished(hint="Start a new one.")


def unusable(request: HttpRequest) -> HttpResponse:
    raise BadInput("Row 4: 'n/a' is not a number.", field="quantity")


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("the inside")


def without_database(request: HttpRequest) -> HttpResponse:
    raise OperationalError("connection to server at 127.0.0.1 failed: password hunter2")


def without_redis(request: HttpRequest) -> HttpResponse:
    raise RedisConnectionError("Error 111 connecting to 127.0.0.1")


def too_slow(request: HttpRequest) -> HttpResponse:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = '1ms'; select pg_sleep(1)")
    return HttpResponse()


@require_POST
def write(request: HttpRequest) -> HttpResponse:
    return HttpResponse("written")


VIEWS = (refused, unusable, broken, without_database, without_redis, too_slow, write)


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    table = ModuleType("site")
    handlers = {name: getattr(ours, name) for name in dir(ours) if name.startswith("handler")}
    vars(table).update(handlers)
    views = [path(view.__name__, view) for view in VIEWS]
    api = [path(f"api/v1/{view.__name__}", view) for view in VIEWS]
    table.urlpatterns = [*views, *api, *ours.urlpatterns]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = table


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


pytestmark = pytest.mark.django_db


def test_a_refusal_is_a_page_with_the_way_out(client: Client) -> None:
    answer = client.get("/refused")

    assert answer.status_code == 409
    assert "The run has ended." in answer.text
    assert "Start a new one." in answer.text
    assert "<html" in answer.text


def test_a_refusal_is_a_message_for_htmx(client: Client) -> None:
    answer = client.get("/refused", headers=HTMX)

    assert (answer.status_code, answer.headers["HX-Retarget"]) == (409, "#toasts")
    assert "The run has ended." in answer.text
    assert "<html" not in answer.text


def test_a_refusal_is_a_problem_for_a_program(client: Client) -> None:
    answer = client.get("/api/v1/unusable")

    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, problem["status"]) == (422, 422)
    assert (problem["code"], problem["field"]) == ("bad_input", "quantity")
    assert problem["detail"] == "Row 4: 'n/a' is not a number."
    assert problem["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize("url", ["/broken", "/api/v1/broken"])
def test_an_unforeseen_error_shows_nothing_of_the_inside(client: Client, url: str) -> None:
    answer = client.get(url)

    assert answer.status_code == 500
    assert "on our side" in answer.text
    assert "inside" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("url", ["/without_database", "/api/v1/without_database"])
def test_a_lost_database_is_named_with_what_to_do(client: Client, url: str) -> None:
    answer = client.get(url)

    assert answer.status_code == 503
    assert "The database does not answer." in answer.text
    assert "Try again" in answer.text
    assert "hunter2" not in answer.text


def test_a_lost_redis_is_named(client: Client) -> None:
    answer = client.get("/without_redis", headers=HTMX)

    assert answer.status_code == 503
    assert "Redis" in answer.text


def test_a_database_lost_below_the_view_is_named_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: Any, **__: Any) -> None:
        raise OperationalError("gone")

    client.cookies["sessionid"] = "x" * 32
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", lost)

    answer = client.get("/", headers={"Accept": "text/html"})

    assert answer.status_code == 503
    assert "The database does not answer." in answer.text


def test_a_query_that_took_too_long_is_not_called_an_outage(client: Client) -> None:
    assert client.get("/too_slow").status_code == 500


@pytest.mark.parametrize(
    ("url", "kind"), [("/nowhere", "text/html"), ("/api/v1/nowhere", "application/problem+json")]
)
def test_nothing_at_an_address(client: Client, url: str, kind: str) -> None:
    answer = client.get(url)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith(kind)
    assert "nothing at this address" in answer.text


@pytest.mark.parametrize("url", ["/write", "/api/v1/write"])
def test_a_wrong_method_says_which_one_is_right(client: Client, url: str) -> None:
    answer = client.get(url)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "Use POST." in answer.text


def test_a_form_without_its_token_says_what_to_do() -> None:
    answer = Client(enforce_csrf_checks=True).post("/write")

    assert answer.status_code == 403
    assert "Open the page again" in answer.text


def test_the_description_of_the_api_is_served_and_loads_nothing(client: Client) -> None:
    answer = client.get("/api/v1/openapi.json")

    assert answer.json()["info"]["title"] == "ForecastLab"
    assert client.get("/api/v1/docs").status_code == 404


def test_a_page_may_load_only_what_is_ours(client: Client) -> None:
    headers = client.get("/sign-in/").headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
