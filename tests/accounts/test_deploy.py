"""What an installation with external services and https looks like from the outside."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings


def manage(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env={**os.environ, **env},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


HTTPS = {
    "FORECASTLAB_HTTPS": "1",
    "FORECASTLAB_HOSTS": "lab.example",
    "FORECASTLAB_ORIGINS": "https://lab.example",
    "FORECASTLAB_SECRET_KEY": "k3" * 30 + "-a.long:one_of,many;letters",
}


@pytest.mark.slow
def test_the_deploy_checks_are_clean() -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", **HTTPS)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.slow
def test_cookies_travel_over_https_only() -> None:
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "LANGUAGE_COOKIE_SECURE")
    asked = f"from django.conf import settings; print([getattr(settings, n) for n in {names}])"

    with_https = manage("shell", "-v0", "-c", asked, **HTTPS).stdout
    without = manage("shell", "-v0", "-c", asked).stdout

    assert "[True, True, True]" in with_https
    assert "[False, False, False]" in without
