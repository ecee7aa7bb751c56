from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management.base import CommandParser
from django.db import OperationalError, connection
from redis.exceptions import ConnectionError as RedisDown

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.lib.commands import HouseCommand
from forecastlab.lib.errors import BadInput, Conflict
from tests.factories import make_user


class Count(HouseCommand):
    result: Mapping[str, Any] = {"rows": 3}
    raises: BaseException | None = None

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--limit", type=int)
        parser.add_argument("--name", default="")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        self.say("counting")
        if self.raises:
            raise self.raises
        return self.result

    def describe(self, result: Mapping[str, Any]) -> str:
        return f"{result['rows']} rows"

    def succeeded(self, result: Mapping[str, Any]) -> bool:
        return bool(result["rows"])


def call(command: HouseCommand, *arguments: str) -> int:
    try:
        command.run_from_argv(["manage.py", "count", *arguments])
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def failing(error: BaseException) -> Count:
    command = Count()
    command.raises = error
    return command


def test_a_command_tells_people_a_sentence(capsys) -> None:
    code = call(Count())

    told = capsys.readouterr()
    assert (code, told.out, told.err) == (0, "3 rows\n", "counting\n")


def test_with_json_standard_output_is_one_object(capsys) -> None:
    code = call(Count(), "--json")

    assert code == 0
    assert json.loads(capsys.readouterr().out) == {"rows": 3}


def test_an_answer_that_is_no_leaves_with_1(capsys) -> None:
    command = Count()
    command.result = {"rows": 0}

    assert call(command, "--json") == 1
    assert json.loads(capsys.readouterr().out) == {"rows": 0}


def test_times_are_utc_money_is_text_and_what_has_no_number_is_null(capsys) -> None:
    command = Count()
    at = datetime(2026, 11, 21, 1, 2, 3, tzinfo=UTC)
    command.result = {"rows": 1, "at": at, "cost": Decimal("4.50"), "mase": [float("nan"), 0.5]}

    call(command, "--json")

    told = json.loads(capsys.readouterr().out)
    assert told == {"rows": 1, "at": "2026-11-21T01:02:03Z", "cost": "4.50", "mase": [None, 0.5]}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("No such file.", field="file", hint="Check the path."), 2),
        (Conflict("It runs already.", field="file"), 1),
    ],
)
def test_what_was_expected_to_go_wrong_is_told_with_its_code(error, code: int, capsys) -> None:
    left = call(failing(error), "--json")

    told = json.loads(capsys.readouterr().out)["error"]
    assert left == code
    assert told["code"] == error.code
    assert told["detail"] == error.message
    assert told["field"] == "file"


def test_people_read_errors_on_standard_error(capsys) -> None:
    left = call(failing(BadInput("No such file.", hint="Check the path.")))

    told = capsys.readouterr()
    assert left == 2
    assert told.out == ""
    assert "No such file. Check the path." in told.err


def test_bytes_that_are_no_text_are_refused_before_anything_is_done(capsys) -> None:
    left = call(Count(), "--json", "--name", os.fsdecode(b"caf\xe9"))

    error = json.loads(capsys.readouterr().out)["error"]
    assert (left, error["code"], error["field"]) == (2, "text_unusable", "name")


@pytest.mark.parametrize("arguments", [["--limit", "many"], ["--colour"], ["stray"]])
def test_wrong_arguments_are_bad_input(arguments: list[str], capsys) -> None:
    left = call(Count(), "--json", *arguments)

    assert left == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "bad_input"


def test_wrong_arguments_are_told_to_people_too(capsys) -> None:
    left = call(Count(), "--limit", "many")

    told = capsys.readouterr()
    assert left == 2
    assert told.out == ""
    assert "--limit" in told.err


@pytest.mark.parametrize(
    ("error", "named"),
    [(OperationalError("refused"), "database"), (RedisDown("refused"), "Redis")],
)
def test_a_service_that_is_down_is_one_sentence(error, named: str, capsys) -> None:
    left = call(failing(error), "--json")

    told = json.loads(capsys.readouterr().out)["error"]
    assert left == 2
    assert named in told["detail"]
    assert "scripts/run" in told["detail"]


@pytest.mark.django_db
def test_a_database_without_tables_is_told(capsys) -> None:
    class Missing(Count):
        def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM no_such_table")
            return {}

    left = call(Missing(), "--json")

    assert left == 2
    assert "manage.py migrate" in json.loads(capsys.readouterr().out)["error"]["detail"]


def test_a_bug_keeps_its_traceback_and_still_prints_one_object(capsys) -> None:
    with pytest.raises(ZeroDivisionError):
        call(failing(ZeroDivisionError()), "--json")

    assert json.loads(capsys.readouterr().out)["error"]["code"] == "crash"


def test_ctrl_c_leaves_quietly(capsys) -> None:
    assert call(failing(KeyboardInterrupt()), "--json") == 130


# -- acting ------------------------------------------------------------------------------------
class Start(ActingCommand):
    verb = "run.start"

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        return {"by": self.actor.username}


@pytest.mark.django_db
def test_a_command_acts_as_the_person_named(capsys) -> None:
    make_user("alice")

    code = call(Start(), "--json", "--as", "alice")

    assert code == 0
    assert json.loads(capsys.readouterr().out) == {"by": "alice"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "arguments", "code"),
    [
        ("viewer", ["--as", "alice"], "not_allowed"),
        ("planner", ["--as", "zoe"], "unknown_person"),
        ("planner", [], "bad_input"),
    ],
)
def test_who_may_not_act_is_refused(role, arguments, code, settings, capsys) -> None:
    settings.FORECASTLAB_ACTOR = ""
    make_user("alice", role=role)

    left = call(Start(), "--json", *arguments)

    assert left == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code
