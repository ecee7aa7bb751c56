from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from forecastlab.lib.commands import HouseCommand
from showcase.services import verifying


class Command(HouseCommand):
    help = "Say whether an exported bundle is whole and unchanged; needs no database."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", type=Path)

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        return verifying.told(verifying.of_path(options["file"]))

    def describe(self, result: Mapping[str, Any]) -> str:
        parts = (
            (_("Missing"), result["missing"]),
            (_("Changed"), result["changed"]),
            (_("Not listed"), result["extra"]),
        )
        lines = [f"{word}: {path}" for word, paths in parts for path in paths]
        lines += [one["detail"] for one in result["problems"]]
        if not result["valid"]:
            return "\n".join([*lines, _("Not valid.")])
        whose = _("by this installation") if result["signature"]["known"] else _("elsewhere")
        text = _("Valid: %(files)s files of '%(workspace)s', signed %(whose)s (key %(key)s).")
        return text % {**result, "whose": whose, "key": result["signature"]["key_id"]}

    def succeeded(self, result: Mapping[str, Any]) -> bool:
        return bool(result["valid"])
