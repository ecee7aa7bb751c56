"""Daphne over the database of the running test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from django.conf import settings
from django.db import connection

from forecastlab.lib.embedded import servers


class Daphne:
    """A server process for a site; `kill` and `start` again keep its address.

    `env` adds to its environment, or takes a service away from it.
    """

    def __init__(self, site: str, **env: str) -> None:
        self.port = servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        database = connection.settings_dict
        self._env = os.environ | {
            "DJANGO_SETTINGS_MODULE": site,
            "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(
                **database
            ),
            "FORECASTLAB_SECRET_KEY": settings.SECRET_KEY,
            "FORECASTLAB_DATABASE_POOL": "8",
            "FORECASTLAB_LOG_LEVEL": "WARNING",
            **env,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, within: float = 60) -> Daphne:
        command = [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1"]
        command += ["-p", str(self.port), "forecastlab.asgi:application"]
        self._process = subprocess.Popen(command, env=self._env)
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=5).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
            else:
                return self
        self.kill()
        raise AssertionError("the server did not answer")

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
