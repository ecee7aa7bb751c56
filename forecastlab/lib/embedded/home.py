"""The folder that holds one installation's data, and what `services.json` in it says."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

SERVICES = "services.json"


@dataclass(frozen=True, slots=True)
class Services:
    """Where the embedded services listen; ports are 0 before their first start."""

    postgres_port: int = 0
    postgres_password: str = ""
    redis_port: int = 0
    redis_password: str = ""
    web_port: int = 0
    supervisor_pid: int = 0
    secret_key: str = ""

    @property
    def database_url(self) -> str:
        return (
            f"postgresql://forecastlab:{self.postgres_password}"
            f"@127.0.0.1:{self.postgres_port}/forecastlab"
        )

    @property
    def redis_url(self) -> str:
        return f"redis://:{self.redis_password}@127.0.0.1:{self.redis_port}/0"


def path(base_dir: Path) -> Path:
    """The home of this clone: FORECASTLAB_HOME, else a folder of the user's named for the clone.

    Root's default lies outside the clone because PostgreSQL, which then runs as `nobody`, must be
    able to walk to it.
    """
    chosen = os.environ.get("FORECASTLAB_HOME")
    if chosen:
        return Path(chosen)
    if os.geteuid() != 0:
        return base_dir / ".forecastlab"
    mark = hashlib.sha256(str(base_dir).encode()).hexdigest()[:12]
    return Path("/var/lib/forecastlab") / mark


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
