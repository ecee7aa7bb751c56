from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.forecasting.domain.batch_presets import PRESETS
from forecastlab.forecasting.domain.scopes import PARTS, SCOPES
from forecastlab.forecasting.forms import listed, read_list
from forecastlab.forecasting.management.batches import BatchCommand
from forecastlab.forecasting.models import Batch
from forecastlab.forecasting.services import batches
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse import queries as warehouse

PLAIN = ("preset", "scope", "region", "category", "by", "horizon", "folds", "metric")


class Command(BatchCommand):
    help = "Judge models on every part of a scope of a dataset, each by itself."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dataset", required=True, metavar="NAME[@VERSION]")
        parser.add_argument("--preset", help=", ".join(PRESETS))
        parser.add_argument("--scope", help=", ".join(SCOPES))
        parser.add_argument("--region", help="of the scope region")
        parser.add_argument("--category", help="of the scope category")
        parser.add_argument("--top", type=int, help="of the scope top_revenue: how many series")
        parser.add_argument("--series", metavar="A:B,C:D", help="of the scope list")
        parser.add_argument("--list", type=Path, metavar="FILE", help="the same, one a line")
        parser.add_argument("--by", help=f"how the scope is parted: {', '.join(PARTS)}")
        parser.add_argument("--models", metavar="a,b", help="1 to 10 models")
        parser.add_argument("--horizon", type=int, help="how many periods ahead")
        parser.add_argument("--folds", type=int, help="how many windows (3)")
        parser.add_argument("--metric", help="kept with the batch (wape)")
        parser.add_argument("--dry-run", action="store_true", help="print the plan, write nothing")

    def batch(self, options: dict[str, Any]) -> Batch:
        version = warehouse.resolve(options["dataset"], self.actor)
        return batches.start(version, _asked(options), by=self.actor, at=timezone.now())

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        if not options["dry_run"]:
            return super().run(options)
        version = warehouse.resolve(options["dataset"], self.actor)
        return batches.prepare(version, _asked(options)).shown()

    def describe(self, result: Mapping[str, Any]) -> str:
        if "batch" in result:
            return super().describe(result)
        parts = [f"{one['part']}: {one['series']} series" for one in result["parts"]]
        models = ", ".join(result["models"])
        return "\n".join([*parts, f"Would judge {models}: {result['total_items']} items"])


def _asked(options: dict[str, Any]) -> dict[str, Any]:
    series = [*listed(options["series"] or ""), *(_read(options["list"]))]
    asked = {name: options[name] for name in PLAIN}
    asked |= {"top_n": options["top"], "models": listed(options["models"] or "")}
    return {**asked, "series": series}


def _read(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        return read_list(path.read_bytes())
    except OSError as error:
        raise BadInput(f"'{path}' cannot be read: {error.strerror}.", field="list") from error
