from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from forecastlab.jobs.models import Job
from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.domain.simulator.presets import GENERATORS, PRESETS
from forecastlab.warehouse.management.waiting import LoadingCommand
from forecastlab.warehouse.services import simulations
from forecastlab.warehouse.services.simulations import Asked


class Command(LoadingCommand):
    help = "Simulate sales as the next version of a dataset."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--preset", default=configs.DEFAULT_PRESET, help=", ".join(PRESETS))
        parser.add_argument("--seed", type=int, default=configs.DEFAULT_SEED)
        parser.add_argument(
            "--as-of", default="", metavar="DATE", help="the last day (default: today in UTC)"
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KNOB=VALUE,...",
            help="may be given again: "
            + ", ".join(
                f"{name} {knob.low:g} to {knob.high:g}" for name, knob in configs.KNOBS.items()
            ),
        )
        parser.add_argument(
            "--enable",
            action="append",
            default=[],
            metavar="A,B",
            help="what else happens: " + ", ".join(GENERATORS),
        )
        parser.add_argument("--dry-run", action="store_true", help="print the size, draw nothing")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        if not options["dry_run"]:
            return super().run(options)
        name, config = options["name"], _asked(options).config(timezone.now())
        size = simulations.preview(name, config, by=self.actor)
        return {"dry_run": True, "dataset": name, **size.as_json()}

    def start(self, options: dict[str, Any]) -> Job:
        now = timezone.now()
        return simulations.start(
            options["name"], _asked(options).config(now), by=self.actor, at=now
        )

    def describe(self, result: Mapping[str, Any]) -> str:
        if "dry_run" not in result:
            return super().describe(result)
        told = {**result, "rows": f"{result['rows']:,}", "series": f"{result['series']:,}"}
        told["about"] = "" if result["exact"] else _("about ")
        line = _(
            "Would draw %(about)s%(rows)s rows, %(series)s series, %(first)s to %(last)s: about "
            "%(seconds)s seconds, %(megabytes)s MB."
        )
        return "\n".join([line % told, *result["notes"]])


def _asked(options: dict[str, Any]) -> Asked:
    return Asked(
        preset=options["preset"],
        seed=options["seed"],
        as_of=configs.parse_day(options["as_of"]),
        knobs=configs.parse_knobs([one for text in options["set"] for one in text.split(",")]),
        enabled=[name.strip() for text in options["enable"] for name in text.split(",")],
    )
