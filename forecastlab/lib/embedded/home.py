"""The folder that holds one installation's data, and what `services.json` in it says."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from forecastlab.lib.errors import Conflict

SERVICES = "services.json"
LOCK = "supervisor.lock"


class AlreadyRunning(Conflict):
    """Another supervisor runs in this home."""


@dataclass(frozen=True, slots=True)
class Services:
    """Where the embedded services listen; ports are 0 before their first start.

    `supervisor_pid` is 0 until everything that it starts is ready.
    """

    postgres_port: int = 0
    postgres_password: str = ""
    redis_port: int = 0
    redis_password: str = ""
    web_port: int = 0
    supervisor_pid: int = 0
    secret_key: str = ""

    @property
    def database_url(self) -> str:
        return self.postgres_url("forecastlab")

    @property
    def redis_url(self) -> str:
        return f"redis://:{self.redis_password}@127.0.0.1:{self.redis_port}/0"

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def postgres_url(self, database: str) -> str:
        return (
            f"postgresql://forecastlab:{self.postgres_password}"
            f"@127.0.0.1:{self.postgres_port}/{database}"
        )


def path(base_dir: Path) -> Path:
    """The home of this clone: FORECASTLAB_HOME, else a folder of the user's named for the clone.

    Root's default lies outside the clone because PostgreSQL, which then runs as `nobody`, must be
    able to walk to it.
    """
    chosen = os.environ.get("FORECASTLAB_HOME")
    if chosen:
        return Path(chosen).absolute()
    if os.geteuid() != 0:
        return base_dir / ".forecastlab"
    mark = hashlib.sha256(str(base_dir).encode()).hexdigest()[:12]
    return Path("/var/lib/forecastlab") / mark


def create(home: Path) -> None:
    """Make the home for its owner alone; under root others may walk through it, not look.

    The walk is PostgreSQL's, which runs as `nobody` then and owns its folder inside.
    """
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    for part in ("logs", "redis", "beat", "artefacts", "static"):
        (home / part).mkdir(exist_ok=True)
        (home / part).chmod(0o700)


def lock(home: Path) -> int:
    """Take the home for this process's life; raise AlreadyRunning, saying who has it.

    The kernel drops the lock with the process, so one that was killed blocks nobody.
    """
    descriptor = os.open(home / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as held:
        owner = os.read(descriptor, 20).decode() or "unknown"
        os.close(descriptor)
        raise AlreadyRunning(f"Process {owner} already runs the services in {home}.") from held
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def ready_supervisor(home: Path) -> int:
    """The process that holds the home's lock and has everything up, else 0."""
    try:
        holder = int((home / LOCK).read_text() or 0)
        with (home / LOCK).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return holder if read_services(home).supervisor_pid == holder else 0
    except (OSError, ValueError):
        return 0
    return 0


def read_services(home: Path) -> Services:
    try:
        stored = json.loads((home / SERVICES).read_text())
    except (OSError, ValueError):
        return Services()
    known = {name: stored[name] for name in asdict(Services()) if name in stored}
    return Services(**known)


def write_services(home: Path, services: Services) -> None:
    """Write `services.json` so that a reader sees the old or the new text, never a part."""
    home.mkdir(parents=True, exist_ok=True)
    partial = home / f"{SERVICES}.{os.getpid()}"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(services), file, indent=2)
    partial.replace(home / SERVICES)


def secret_key(home: Path) -> str:
    """The stored key, else one for this process alone (checks and builds need no stored one)."""
    return read_services(home).secret_key or secrets.token_urlsafe(50)
