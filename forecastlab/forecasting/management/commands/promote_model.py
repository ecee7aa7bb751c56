from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.forecasting.domain.gates import Name
from forecastlab.forecasting.queries import model_runs, promotions
from forecastlab.forecasting.services import promotion
from forecastlab.forecasting.services.promotion import Decision


class Command(ActingCommand):
    help = "Point an alias at a model run, past the gates; exit code 1 where one refuses."
    verb = "model.promote"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("model_run", type=int, metavar="MODEL_RUN")
        parser.add_argument("--alias", default="", help="its dataset's own if left out")
        parser.add_argument(
            "--acknowledge",
            action="append",
            default=[],
            metavar="GATE",
            help=f"promote although this gate refuses ({', '.join(Name)}); may be repeated",
        )
        parser.add_argument("--note", default="", help="why; kept with the promotion")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what the gates say, and change nothing"
        )

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        run = model_runs.find(options["model_run"], viewer=self.actor)
        if options["dry_run"]:
            return promotion.told(run, options["alias"])
        alias = promotion.find(run, options["alias"])
        decision = Decision(options["acknowledge"], options["note"])
        by = self.actor.pk
        return promotions.told(promotion.promote(alias, run, decision, by=by, at=timezone.now()))

    def describe(self, result: Mapping[str, Any]) -> str:
        gates = [
            f"{'holds' if one['holds'] else 'refuses'}  {one['gate']}: {one['detail']}"
            for one in result["gates"]
        ]
        done = "points at" if "promotion" in result else "would point at"
        return "\n".join([f"{result['alias']} {done} model run {result['to']}", *gates])
