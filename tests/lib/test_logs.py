from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from forecastlab.lib import logs


@pytest.fixture
def lines() -> Iterator[Any]:
    """Return what is written by the house's formatter, line by line, as objects."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    made = logs.config("INFO")["formatters"]["json"].copy()
    handler.setFormatter(made.pop("()")(**made))
    logging.getLogger("tests.logs").addHandler(handler)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    logging.getLogger("tests.logs").removeHandler(handler)


def test_a_line_is_one_object_with_the_bound_ids(lines: Any) -> None:
    with logs.bound(request="r1", job_id=7):
        logs.logger("tests.logs").info("claimed", step="train")

    (line,) = lines()
    assert (line["event"], line["step"], line["request"], line["job_id"]) == (
        "claimed",
        "train",
        "r1",
        7,
    )
    assert (line["level"], line["logger"]) == ("info", "tests.logs")
    assert "timestamp" in line


def test_a_plain_logger_writes_the_same_form(lines: Any) -> None:
    with logs.bound(request="r1"):
        logging.getLogger("tests.logs").warning("lost %s of %s", 1, 2, extra={"stream": "run.1"})

    (line,) = lines()
    assert (line["event"], line["request"], line["stream"]) == ("lost 1 of 2", "r1", "run.1")


def test_an_exception_is_part_of_its_line(lines: Any) -> None:
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError:
        logging.getLogger("tests.logs").exception("failed")

    (line,) = lines()
    assert "ZeroDivisionError: by nothing" in line["exception"]


@pytest.mark.parametrize(
    "told",
    [
        {"event": "x", "password": "hunter2"},
        {"event": "x", "headers": {"Authorization": "Bearer hunter2"}},
        {"event": "postgresql://lab:hunter2@127.0.0.1:5432/x failed"},
        {"event": "Authorization: Bearer hunter2"},
        {"event": "Not Found: /sign-in/link/hunter2"},
        {"event": "GET /x?token=hunter2&y=1"},
        {"event": "redis://:hunter2@127.0.0.1/0"},
    ],
)
def test_secrets_are_struck_out(told: dict[str, Any]) -> None:
    written = logs.strike_secrets(None, "info", told)

    assert "hunter2" not in json.dumps(written)


def test_what_is_no_secret_stays() -> None:
    told = {"event": "advanced", "job_id": 7, "route": "runs/<int:pk>/", "key": "value"}

    assert logs.strike_secrets(None, "info", dict(told)) == told


def test_who_listens_hears_plain_lines_without_ids_and_secrets() -> None:
    heard: list[str] = []

    with logs.bound(job_id=7), logs.heard_by(heard.append):
        logs.logger("tests.logs").warning("slow", seconds=3, url="postgres://u:pass@host/db")
    logs.logger("tests.logs").warning("nobody listens")

    assert heard == ["Warning: slow seconds=3 url=postgres://u:[secret]@host/db"]
