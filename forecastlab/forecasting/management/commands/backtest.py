from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.management.waiting import JudgingCommand, write
from forecastlab.forecasting.services import backtests, exports
from forecastlab.jobs.models import Job
from forecastlab.lib import figures
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.models import DatasetVersion

PLAIN = ("horizon", "folds", "step", "gap", "window", "metric")


class Command(JudgingCommand):
    help = "Judge models on the same rolling-origin folds over every series of a dataset."
    file_option = "forecasts"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--models", metavar="a,b", help="which models; else the default zoo")
        parser.add_argument("--folds", type=int, help="how many windows (3)")
        parser.add_argument("--step", type=int, help="periods from fold to fold (the horizon)")
        parser.add_argument("--gap", type=int, help="periods between origin and window (0)")
        parser.add_argument(
            "--window", type=int, help="learn from so many periods before each fold; else from all"
        )
        parser.add_argument("--metric", help="what models are ranked by (wape)")
        parser.add_argument("--policy", help="how what serves is chosen (ensemble_switch)")
        parser.add_argument("--season-length", type=int, help="periods in a season")
        parser.add_argument("--intervals", metavar="80,95", help="interval levels in percent")
        parser.add_argument(
            "--forecasts", type=Path, metavar="FILE", help="write every judged forecast here"
        )

    def judge(self, version: DatasetVersion, options: dict[str, Any]) -> Job:
        wanted = {
            **{name: options[name] for name in PLAIN},
            "season_length": options["season_length"],
            "policy": options["policy"],
            "models": _listed(options["models"]),
            "intervals": _levels(options["intervals"]),
        }
        return backtests.start(version, wanted, by=self.actor, at=timezone.now())

    def finish(self, job: Job, path: Path | None) -> Mapping[str, Any]:
        backtest = backtests.of_job(job)
        result: dict[str, Any] = backtest.result
        if path is None:
            return result
        frame = exports.judged(backtest)
        written = {"forecasts": str(path), "sha256": write(path, frame), "rows": frame.height}
        return {**result, **written}

    def describe(self, result: Mapping[str, Any]) -> str:
        if "models" not in result:
            return super().describe(result)
        metric = result["metric"]
        ranked = sorted(result["models"].items(), key=lambda one: _rank(one[1][metric]))
        lines = [
            f"{title_of(name):<20} WAPE {figures.number(one['wape'], 2):>8}  "
            f"MASE {figures.number(one['mase'], 3):>7}  bias {figures.signed(one['bias'], 1):>7}"
            f"{_beside(result['comparisons'].get(name))}"
            for name, one in ranked
        ]
        told = _("%(judged)s series judged, %(skipped)s could not be, %(seconds)s s") % {
            "judged": figures.number(result["judged"]),
            "skipped": figures.number(len(result["skipped"])),
            "seconds": result["seconds"],
        }
        renamed = [
            _("%(old)s runs as %(title)s") % {"old": old, "title": title_of(model)}
            for old, model in result["renamed"].items()
        ]
        return "\n".join([*lines, *renamed, told])


def _beside(compared: Mapping[str, Any] | None) -> str:
    level = compared is not None and not compared["told_apart"]
    return "  " + _("level with the best") if level else ""


def _rank(value: float | None) -> float:
    return float("inf") if value is None else abs(value)


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [one.strip() for one in text.split(",") if one.strip()]


def _levels(text: str | None) -> list[int] | None:
    listed = _listed(text)
    if listed is None:
        return None
    if not listed or not all(one.isdecimal() for one in listed):
        raise BadInput(f"'{text}' is no list of percents such as 80,95.", field="intervals")
    return [int(one) for one in listed]
