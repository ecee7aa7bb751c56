"""Commands that act for a person.

This sits here, not in lib, because it looks people up; every app above accounts may use it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.management.base import CommandParser

from forecastlab.accounts.models import User
from forecastlab.accounts.services import access, people
from forecastlab.lib.commands import HouseCommand


class ActingCommand(HouseCommand):
    """A command with `--as USER`: `run` finds the person, who holds `verb`, in `self.actor`."""

    verb: ClassVar[str]
    actor: User

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--as", dest="as_user", default="", metavar="USER", help="who acts")

    def prepare(self, options: dict[str, Any]) -> None:
        self.actor = people.actor(options["as_user"])
        access.check(self.actor, self.verb)
