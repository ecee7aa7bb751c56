"""What every command of the house shares: `--json`, exit codes and how errors are told.

Exit code 0: done and true. 1: ran, but the answer is no. 2: bad input. With `--json` standard
output holds exactly one object in every case; progress and messages go to standard error.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from forecastlab.lib import cursors, texts
from forecastlab.lib.errors import BadInput, HouseError, Unavailable
from forecastlab.lib.outages import outage

INTERRUPTED = 130
NO = 1
_NO_TABLE = "42P01"
_START = "Start the services with scripts/run, or check DATABASE_URL and REDIS_URL."


class HouseCommand(BaseCommand):
    """Implement `run` (what `--json` prints) and `describe` (the same for people)."""

    requires_system_checks = []
    _json = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def prepare(self, options: dict[str, Any]) -> None:
        """Look up what `run` needs; may raise a HouseError."""

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        raise NotImplementedError

    def describe(self, result: Mapping[str, Any]) -> str:
        return "\n".join(f"{key}: {value}" for key, value in result.items())

    def succeeded(self, result: Mapping[str, Any]) -> bool:
        return True

    def say(self, text: str) -> None:
        """Tell progress."""
        self.stderr.write(text, style_func=str)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # An abbreviation would change its meaning when an option is added.
        parser = super().create_parser(prog_name, subcommand, allow_abbrev=False, **kwargs)
        parser.error = self._refuse_usage  # type: ignore[method-assign]
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        self._json = "--json" in argv
        super().run_from_argv(argv)

    def handle(self, *args: Any, **options: Any) -> None:
        self._json = bool(options.get("json"))
        with _Told(self):
            texts.check(options)
            self.prepare(options)
            result = self.run(options)
        self._print(result if self._json else self.describe(result))
        if not self.succeeded(result):
            raise SystemExit(NO)

    def _refuse_usage(self, message: str) -> NoReturn:
        self.refuse(BadInput(f"{message[:1].upper()}{message[1:]}.", hint="Try --help."))

    def refuse(self, error: HouseError) -> NoReturn:
        """Tell `error` and leave with its exit code."""
        if self._json:
            self._print({"error": error.as_json()})
        else:
            self.stderr.write(f"{error.title}: {error.message}")
        raise SystemExit(error.exit_code)

    def _print(self, result: Mapping[str, Any] | str) -> None:
        self.stdout.write(result if isinstance(result, str) else as_json(result))


class _Told(AbstractContextManager["_Told"]):
    """Turn what goes wrong inside into one told error; a bug keeps its traceback as well."""

    def __init__(self, command: HouseCommand) -> None:
        self.command = command

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        if isinstance(error, HouseError):
            self.command.refuse(error)
        if isinstance(error, KeyboardInterrupt):
            sys.exit(INTERRUPTED)
        down = unavailable(error)
        if down is not None:
            self.command.refuse(down)
        if isinstance(error, Exception) and self.command._json:
            crash = HouseError("The command broke; standard error says where.")
            self.command._print({"error": {**crash.as_json(), "code": "crash"}})
        return None


def add_page(parser: CommandParser) -> None:
    """Add the options of a list that is given in pages."""
    told = f"1 to {cursors.MOST} (default {cursors.USUAL})"
    parser.add_argument("--limit", type=int, default=cursors.USUAL, metavar="NUMBER", help=told)
    parser.add_argument("--cursor", default="", help="`next` of the page before")


def unavailable(error: BaseException | None) -> Unavailable | None:
    """Say in one sentence which service `error` means is down or not set up, if any."""
    if getattr(getattr(error, "__cause__", None), "sqlstate", "") == _NO_TABLE:
        hint = "Run manage.py migrate."
        return Unavailable("The database has no tables for this version.", hint=hint)
    down = outage(error)
    return type(down)(down.detail, hint=_START) if down else None


def as_json(result: Mapping[str, Any]) -> str:
    return json.dumps(_finite(result), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def _finite(value: Any) -> Any:
    """Replace what JSON has no word for (NaN, infinity) by null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value
