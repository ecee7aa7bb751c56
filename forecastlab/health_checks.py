"""What `doctor` looks at beside readiness: the machine and how this installation is set up."""

from __future__ import annotations

import ctypes
import shutil
import stat
import sys

from django.conf import settings
from django.db import DatabaseError, connection

from forecastlab.lib.contributions import HealthCheck
from forecastlab.lib.embedded import shared_memory

OLDEST_POSTGRES = 160000
LEAST_DISK = 2 * 2**30
TESTED = ((3, 11), (3, 12))


def _python() -> str:
    if sys.version_info[:2] in TESTED:
        return ""
    running = ".".join(map(str, sys.version_info[:2]))
    return f"Python {running} is not among the tested 3.11 and 3.12."


def _environment() -> str:
    if settings.FORECASTLAB_ENVIRONMENT in {"demo", "staging", "production"}:
        return ""
    if not settings.FORECASTLAB_ENVIRONMENT:
        return (
            "FORECASTLAB_ENVIRONMENT is unset, so no effect runs. Set demo, staging or production."
        )
    return (
        f"FORECASTLAB_ENVIRONMENT is '{settings.FORECASTLAB_ENVIRONMENT}'. "
        "Set demo, staging or production."
    )


def _postgres_version() -> str:
    try:
        connection.ensure_connection()
    except DatabaseError:
        return ""  # the check of readiness says so
    found = connection.connection.info.server_version
    if found >= OLDEST_POSTGRES:
        return ""
    return f"PostgreSQL {found // 10000} is too old. Use 16 or newer (18 is tested)."


def _disk() -> str:
    folder = settings.FORECASTLAB_HOME
    if not folder.exists():
        return ""
    free = shutil.disk_usage(folder).free
    if free >= LEAST_DISK:
        return ""
    return f"Only {free / 2**30:.1f} GiB are free below {folder}. Make room for at least 2 GiB."


def _home() -> str:
    folder = settings.FORECASTLAB_HOME
    if not folder.exists():
        return ""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o066:
        return f"{folder} can be read by others (mode {mode:o}). Run chmod go-rw {folder}."
    return ""


def _libgomp() -> str:
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        return "The library libgomp is missing. On Debian: apt-get install libgomp1."
    return ""


CHECKS = (
    HealthCheck("python", _python),
    HealthCheck("environment", _environment),
    HealthCheck("database version", _postgres_version),
    HealthCheck("disk", _disk),
    HealthCheck("home", _home),
    HealthCheck("libgomp", _libgomp),
    HealthCheck("shared memory", shared_memory.problem),
)
