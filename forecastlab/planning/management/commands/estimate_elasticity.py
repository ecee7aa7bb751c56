from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.lib import figures
from forecastlab.planning.services import estimating
from forecastlab.warehouse import queries as warehouse


class Command(ActingCommand):
    help = "Estimate from a dataset what a price up by one percent does to its sales."
    verb = "plan.view"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dataset", required=True, metavar="NAME")
        parser.add_argument(
            "--shuffles", type=int, default=0, help="try so often with shuffled prices (0)"
        )
        parser.add_argument(
            "--held-back", type=int, default=0, help="compare with cuts in so many last periods (0)"
        )

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        version = warehouse.resolve(options["dataset"], self.actor)
        return estimating.report(
            version, shuffles=options["shuffles"], held_back=options["held_back"]
        )

    def describe(self, result: Mapping[str, Any]) -> str:
        lines = [_line(_("all"), result["elasticity"])]
        lines += [_line(name, one) for name, one in result["categories"].items()]
        if told := result.get("shuffled"):
            lines.append(
                _("shuffled prices: %(covering)s of %(of)s intervals cover 0")
                % {
                    "covering": told["category_intervals_covering_zero"],
                    "of": told["category_intervals"],
                }
            )
        if told := result.get("held_back"):
            lines.append(
                _("held back: %(cuts)s cuts of %(cut)s sold ×%(sold)s, expected ×%(expected)s")
                % {
                    "cuts": told["cuts"],
                    "cut": figures.percent(told["mean_cut"]),
                    "sold": figures.number(told["sold"], 2),
                    "expected": figures.number(told["expected"], 2),
                }
            )
        return "\n".join(lines)


def _line(name: str, one: Mapping[str, Any]) -> str:
    value, error = figures.signed(one["value"], 2), figures.number(one["standard_error"], 2)
    low, high = figures.number(one["low95"], 2), figures.number(one["high95"], 2)
    return f"{name:<24} {value:>7} ± {error}  ({low} … {high})"
