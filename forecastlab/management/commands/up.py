from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from forecastlab.lib.embedded import home, programs
from forecastlab.lib.embedded.supervisor import Supervisor
from forecastlab.lib.errors import HouseError


class Command(BaseCommand):
    help = "Start everything: PostgreSQL and Redis unless configured, web, clock and workers."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        port = int(os.environ.get("FORECASTLAB_PORT", "0"))
        parser.add_argument("--port", type=int, default=port, help="port of the web pages")
        parser.add_argument("--first-run", action="store_true", help="begin a run if none ever was")
        parser.add_argument(
            "--dataset-file", type=Path, metavar="FILE", help="begin with a run over this file"
        )
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="ROLE=COLUMN[/NUMBER]",
            help="which column of the file plays which role, as in import_dataset",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        file = options["dataset_file"]
        if file and not file.is_file():
            raise CommandError(f"There is no file '{file}'.", returncode=2)
        try:
            with Supervisor(settings.BASE_DIR, settings.FORECASTLAB_HOME, say=self._say) as ours:
                self._run(ours, options)
        except home.AlreadyRunning as running:
            raise CommandError(f"{running.message} {_where()}") from running
        except HouseError as error:
            raise CommandError(error.message, returncode=error.exit_code) from error

    def _run(self, ours: Supervisor, options: Mapping[str, Any]) -> None:
        began = time.monotonic()
        ours.start_servers(web_port=options["port"])
        web = programs.web(ours.base_dir, port=ours.services.web_port)
        if not ours.is_new:
            ours.start_programs([web])  # loads while the rest is prepared
        prepared = ours.prepare(_wishes(ours, options))
        if ours.is_new:
            ours.start_programs([web])
        elif prepared["collected"]:
            ours.restart("web")  # it reads the names of the static files once
        clock = programs.clock(ours.base_dir, folder=ours.home / "beat")
        ours.start_programs([*programs.workers(ours.base_dir), clock])
        if not ours.wait_for_page():
            return
        ours.mark_ready()
        self._say(f"ForecastLab is ready after {time.monotonic() - began:.1f} s.")
        self._tell(ours, prepared)
        if options["dataset_file"]:
            ours.run_beside("first_run", *_file_arguments(options))
        ours.watch()
        self._say("Stopping ...")

    def _tell(self, ours: Supervisor, prepared: Mapping[str, Any]) -> None:
        self._say(f"  Pages:    {ours.services.web_url}/")
        if prepared["sign_in"]:
            self._say(f"  Sign in:  {prepared['sign_in']}")
            self._say("            (once, within ten minutes, on this machine;")
            self._say("            scripts/lab sign_in_link planner prints another)")
        if prepared["first_run"]:
            self._say(f"  The first run has begun:  {prepared['first_run']}")
        self._say("Stop with Ctrl-C.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _wishes(ours: Supervisor, options: Mapping[str, Any]) -> list[str]:
    if not ours.embedded:
        return []
    first = options["first_run"] and not options["dataset_file"]
    return ["--sign-in", *(["--first-run"] if first else [])]


def _file_arguments(options: Mapping[str, Any]) -> list[str]:
    placed = [part for one in options["map"] for part in ("--map", one)]
    return [str(options["dataset_file"].absolute()), *placed]


def _where() -> str:
    folder = settings.FORECASTLAB_HOME
    if home.ready_supervisor(folder):
        return f"Its pages: {home.read_services(folder).web_url}/"
    return "It is still starting, or runs a command of scripts/lab."
