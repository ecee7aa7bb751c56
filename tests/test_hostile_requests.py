"""What no row could keep, or nobody would send by accident, is refused: never a 500."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories import make_user, make_version

pytestmark = pytest.mark.django_db

BODIES: dict[str, Callable[[], str]] = {
    "a zero byte": lambda: json.dumps({"dataset": "sh\x00op"}),
    "a zero byte deep inside": lambda: json.dumps({"simulate": {"a": [{"b": "\x00"}]}}),
    "a zero byte in a name": lambda: json.dumps({"\x00": 1}),
    "half a character": lambda: '{"dataset": "\\ud800"}',
    "a list": lambda: "[]",
    "nothing": lambda: "null",
    "a number": lambda: "1",
    "a text": lambda: '"shop"',
    "very deep": lambda: '{"a":' * 50_000,
    "very long": lambda: json.dumps({"name": "x" * 3_000_000}),
}


@pytest.fixture
def client() -> Client:
    alice = make_user()
    make_version(by=alice)
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    return client


@pytest.mark.parametrize("path", ["runs", "forecasts", "backtests"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_kept_is_refused(
    client: Client, path: str, body: Callable[[], str]
) -> None:
    answer = client.post(f"/api/v1/{path}", body(), content_type="application/json")

    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["title"]


def test_the_refusal_of_a_body_names_the_field(client: Client) -> None:
    answer = client.post("/api/v1/runs", {"dataset": "\x00"}, content_type="application/json")

    assert (answer.json()["code"], answer.json()["field"]) == ("text_unusable", "dataset")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/datasets?search=%00",
        "/api/v1/datasets/a%00b",
        "/api/v1/runs?cursor=" + "9" * 5000,
        "/api/v1/jobs?kind=%00",
        "/api/v1/model-runs?dataset=a%00",
        "/api/v1/forecasts/series?dataset=%00&unique_id=x",
        "/datasets/?search=%00",
        "/datasets/shop/?search=a%00b",
        "/jobs/?kind=%00",
        "/models/?dataset=%00",
        "/runs/?search=" + "x" * 2001,
        "/runs/new/?from=" + "9" * 5000,
        "/sign-in/?next=%00",
    ],
)
def test_an_address_that_no_row_could_match_is_refused(client: Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 422, answer.text


def test_a_number_of_an_event_beyond_any_is_refused(client: Client) -> None:
    answer = client.get(f"/live/poll?stream=dataset.1&after={'9' * 30}")

    assert answer.status_code in (404, 422)


def test_a_file_name_without_end_is_refused(client: Client) -> None:
    file = SimpleUploadedFile("sales.csv", b"store,date,sales\nA,2024-01-01,1\n")
    file._name = "x" * 3000  # type: ignore[attr-defined] # the setter would cut it off

    answer = client.post("/api/v1/datasets", {"name": "shop", "file": file})

    assert answer.status_code == 400


def test_a_zero_byte_in_a_form_of_the_api_is_refused(client: Client) -> None:
    file: Any = SimpleUploadedFile("sales.csv", b"store,date,sales\nA,2024-01-01,1\n")

    answer = client.post("/api/v1/datasets", {"name": "shop", "map": "store=\x00", "file": file})

    assert (answer.status_code, answer.json()["code"]) == (422, "text_unusable")


def test_markup_in_an_address_is_shown_as_text(client: Client) -> None:
    answer = client.get(f"/runs/?search={quote('<script>alert(1)</script>')}")

    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/runs/new/", {"sales": "dataset:\x00"}),
        ("/runs/new/", {"sales": "dataset:shop", "horizon": "no", "from": "9" * 5000}),
        ("/runs/new/", {"sales": "scenario:demo_minimal", "stores": "NaN"}),
        ("/simulations/new/", {"name": "shop\x00", "preset": "\x00"}),
        ("/simulations/new/", {"name": "shop", "seed": "9" * 5000, "as_of": "0000-00-00"}),
        ("/simulations/new/", {"name": "shop", "stores": "1e3", "sparsity": "nan"}),
    ],
    ids=["a zero byte", "a run beyond any", "no number", "more zeros", "no seed", "no knob"],
)
def test_a_form_that_no_page_would_send_is_refused(
    client: Client, path: str, form: dict[str, str]
) -> None:
    answer = client.post(path, urlencode(form), "application/x-www-form-urlencoded")

    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("wanted", ["runs", "<script>", "https://example.org", "//example.org"])
def test_signing_in_never_leads_to_what_is_no_address_of_ours(client: Client, wanted: str) -> None:
    answer = client.get("/sign-in/", {"next": wanted})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
