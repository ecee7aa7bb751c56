from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.knowledge.models import Document
from forecastlab.knowledge.queries import representations
from forecastlab.lib.commands import add_page


class Command(ActingCommand):
    help = "List the documents that the acting person may read."
    verb = "knowledge.read"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--search", default="", help="part of the title or the file's name")
        sources, statuses = Document.Source.values, [one.value for one in Document.Status]
        parser.add_argument("--source", default="", choices=sources)
        parser.add_argument("--status", default="", choices=statuses)
        add_page(parser)

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        names = ("search", "source", "status", "limit", "cursor")
        asked = {name: options[name] for name in names}
        found, following = representations.listed(self.actor, **asked)
        return {"items": found, "next": following}

    def describe(self, result: Mapping[str, Any]) -> str:
        lines = [
            f"{one['key']:50}  {one['status']:8} {one['passages']:5} passages  {one['title']}"
            for one in result["items"]
        ]
        return "\n".join(lines) or "No documents."
