from __future__ import annotations

import os
import time
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

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            with Supervisor(settings.BASE_DIR, settings.FORECASTLAB_HOME, say=self._say) as ours:
                self._run(ours, port=options["port"])
        except home.AlreadyRunning as running:
            where = home.read_services(settings.FORECASTLAB_HOME).web_url
            raise CommandError(f"{running.message} It serves {where}") from running
        except HouseError as error:
            raise CommandError(error.message, returncode=error.exit_code) from error

    def _run(self, ours: Supervisor, *, port: int) -> None:
        began = time.monotonic()
        ours.start_servers(web_port=port)
        prepared = ours.prepare()
        base = settings.BASE_DIR
        ours.start_programs(
            [
                programs.web(base, port=ours.services.web_port),
                programs.clock(base, folder=ours.home / "beat"),
                *programs.workers(base),
            ]
        )
        if not ours.wait_for_page():
            return
        ours.mark_ready()
        self._say(f"Ready after {time.monotonic() - began:.1f} s at {ours.services.web_url}")
        for line in prepared.get("lines", []):
            self._say(line)
        self._say("Stop with Ctrl-C.")
        ours.watch()
        self._say("Stopping ...")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
