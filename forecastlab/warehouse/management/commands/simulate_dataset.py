from __future__ import annotations

from datetime import UTC, date
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.jobs.models import Job
from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.domain.simulator.config import SimulationUnusable
from forecastlab.warehouse.management.waiting import LoadingCommand
from forecastlab.warehouse.services import simulations


class Command(LoadingCommand):
    help = "Simulate sales as the next version of a dataset."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--preset", default="demo_minimal", help=", ".join(configs.PRESETS))
        parser.add_argument("--seed", type=int, default=42)
        parser.add_argument(
            "--as-of", default="", metavar="DATE", help="the last day (default: today in UTC)"
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KNOB=VALUE",
            help=", ".join(
                f"{name} {knob.low:g} to {knob.high:g}" for name, knob in configs.KNOBS.items()
            ),
        )

    def start(self, options: dict[str, Any]) -> Job:
        now = timezone.now()
        config = simulations.build(
            options["preset"],
            seed=options["seed"],
            as_of=_day(options["as_of"]) or now.astimezone(UTC).date(),
            knobs=configs.parse_knobs(options["set"]),
        )
        return simulations.start(options["name"], config, by=self.actor, at=now)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise SimulationUnusable(
            f"'{text}' is not a date such as 2026-11-21.", field="as_of"
        ) from error
