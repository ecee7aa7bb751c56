from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.warehouse.domain.simulator.config import parse_knobs
from showcase import gateways
from showcase.domain.config import LONGEST_TIMES, METRICS, completed
from showcase.management.following import RunCommand
from showcase.services import configs, run_presets, runs

PLAIN = ("scenario", "dataset", "seed", "as_of", "focus", "models", "horizon", "folds")
MORE = ("step", "gap", "window", "metric", "policy", "name", "table", "keep", *LONGEST_TIMES)
WAITS = ("approval_patience_s",)
FLAGS = ("keep_going", "reset")


def _planned(plan: Mapping[str, Any]) -> list[str]:
    """Say what a plan tells beside its steps."""
    judged = [f"{one['first']} to {one['last']}" for one in plan["folds"]]
    took = plan["estimate"]
    lines = [
        f"Models: {', '.join(plan['config']['models'])}",
        f"Folds: {'; '.join(judged)}",
        f"History: {plan['history']['needed']} periods needed, {plan['history']['there']} there",
        f"Took before: {took['low']:.0f} to {took['high']:.0f} s in {took['runs']} runs"
        if took
        else "Took before: no estimate yet",
    ]
    return [*lines, *plan["warnings"]]


class Command(RunCommand):
    help = "Run the pipeline over a dataset, or over sales simulated for a scenario."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--scenario", help="simulate the sales of this scenario")
        parser.add_argument("--dataset", metavar="NAME[@VERSION]", help="run over these sales")
        parser.add_argument("--table", help="which rows of the pipeline: short, long")
        parser.add_argument("--seed", help="of what is simulated; 42")
        parser.add_argument("--set", action="append", default=[], metavar="KNOB=VALUE")
        parser.add_argument("--as-of", metavar="DATE", help="today, in UTC")
        parser.add_argument("--focus", metavar="STORE:PRODUCT")
        parser.add_argument("--models", metavar="A,B", help="the default zoo, if left out")
        parser.add_argument("--horizon", metavar="PERIODS")
        parser.add_argument("--folds", metavar="NUMBER")
        parser.add_argument("--step", metavar="PERIODS", help="between folds; the horizon")
        parser.add_argument("--gap", metavar="PERIODS", help="before each fold; 0")
        parser.add_argument("--window", metavar="PERIODS", help="learnt from; all of them")
        parser.add_argument("--metric", help=", ".join(METRICS))
        parser.add_argument("--policy", help="what serves is chosen by; ensemble_switch")
        parser.add_argument("--name", help="what the run is called")
        parser.add_argument(
            "--keep", nargs="?", const=True, metavar="NAME", help="keep the run, under this name"
        )
        parser.add_argument(
            "--reset", action="store_true", help="delete earlier simulated sales first"
        )
        parser.add_argument(
            "--config", metavar="FILE", help="options as JSON; those given beside it win"
        )
        parser.add_argument("--preset", metavar="NAME", help="options that you saved; likewise")
        parser.add_argument(
            "--keep-going", action="store_true", help="skip only what needs a failed step"
        )
        parser.add_argument("--step-timeout", metavar="SECONDS", help="for each step")
        parser.add_argument(
            "--approval-patience-s", metavar="SECONDS", help="wait for people to decide; 0"
        )
        parser.add_argument("--run-timeout", metavar="SECONDS", help="for all of it, once begun")
        parser.add_argument(
            "--fresh", action="store_true", help="compute what an equal run has found, too"
        )
        parser.add_argument("--dry-run", action="store_true", help="print the plan, write nothing")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        asked = {key: options[key] for key in (*PLAIN, *MORE, *WAITS) if options[key] is not None}
        asked |= {key: True for key in FLAGS if options[key]}
        asked |= {"reuse": False} if options["fresh"] else {}
        asked |= {"simulate": parse_knobs(options["set"])} if options["set"] else {}
        if options["preset"]:
            asked = completed(asked, run_presets.named(options["preset"], by=self.actor).options)
        if options["config"]:
            asked = completed(asked, gateways.read_options(Path(options["config"])))
        if options["dry_run"]:
            return configs.prepare(asked, by=self.actor, at=timezone.now()).shown()
        run = runs.start(asked, by=self.actor, at=timezone.now())
        return self.told(run, wait=options["wait"])

    def describe(self, result: Mapping[str, Any]) -> str:
        if "steps" not in result:
            return f"Run {result['run']} has been asked for, carried by job {result['job']}."
        lines = [
            f"{step['index']:2d} {step['name']:12s} {step.get('status', ''):8s} "
            f"{step.get('detail', '')}".rstrip()
            for step in result["steps"]
        ]
        if result.get("dry_run"):
            return "\n".join(["Would run:", *lines, *_planned(result)])
        head = f"Run {result['run']}: {result['status']}"
        winner = result.get("winner")
        told = f"{winner['model']}: {winner['metric']} {winner['value']:.2f}" if winner else ""
        return "\n".join([head, *lines, told]).rstrip()
