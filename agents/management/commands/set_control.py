from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive

from agents.queries import approval_json
from agents.services import controls, orders
from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.lib.errors import BadInput


class Command(ActingCommand):
    help = "Give an order to agents: nothing of theirs may happen for now, or may again."
    verb = "control.set"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("order", choices=controls.ORDERS)
        parser.add_argument(
            "--scope", default="lab", help="lab (default), dataset:NAME, actor:USER or ticket:REF"
        )
        parser.add_argument("--reason", default="")
        parser.add_argument("--until", default="", metavar="TIME", help="ISO 8601; else for good")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        made = orders.give(
            options["order"],
            controls.scope(options["scope"], by=self.actor),
            reason=options["reason"],
            by=self.actor,
            at=timezone.now(),
            expires_at=_moment(options["until"]),
        )
        return approval_json.control(made, options["scope"])


def _moment(text: str) -> Any:
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or is_naive(found):
        raise BadInput(f"'{text}' is no moment.", field="until", hint="Write 2026-01-31T12:00:00Z.")
    return found
