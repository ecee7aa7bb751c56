"""The folder in which one export is prepared, and which goes away with its job.

It lies beside the artefacts, so that every worker finds it. Its name is drawn anew whenever a job
begins: a worker that was thought dead and wakes up late writes into a folder that nobody reads.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from forecastlab.lib.contributions import StepContext, StepFailed, StepResult
from forecastlab.warehouse.services import space
from forecastlab.warehouse.services.space import Step

ROOT = "exports"
DRAFT = ".draft-"
ZIP = ".bundle.zip"


class BenchGone(StepFailed):
    """The folder in which the export was prepared is gone. Export it again."""

    code = "export_folder_gone"


@dataclass(frozen=True, slots=True)
class Bench:
    """Names inside one folder; files get them when they are whole."""

    job_id: int
    token: str

    @property
    def folder(self) -> Path:
        return of_job(self.job_id) / self.token

    @property
    def zip(self) -> Path:
        return self.folder / ZIP

    def path(self, name: str) -> Path:
        return self.folder / name

    def files(self) -> dict[str, Path]:
        """Return the files by their path in the folder, whole ones only."""
        found = (one for one in self.folder.rglob("*") if one.is_file())
        return {
            one.relative_to(self.folder).as_posix(): one
            for one in sorted(found)
            if not one.name.startswith(".")
        }

    def write(self, name: str, chunks: Iterable[bytes]) -> int:
        """Write a file and return its size; it is there whole or not at all."""
        with self.draft(self.path(name)) as stream:
            return sum(stream.write(chunk) for chunk in chunks)

    @contextmanager
    def draft(self, target: Path) -> Any:
        """Open what becomes `target` when the block ends well."""
        if not self.folder.is_dir():
            raise BenchGone
        target.parent.mkdir(exist_ok=True)
        draft = target.with_name(f"{DRAFT}{secrets.token_hex(8)}")
        try:
            with draft.open("xb") as stream:
                yield stream
                _sync(stream)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)


def begun(job_id: int) -> Bench:
    """Make an empty bench for a job."""
    bench = Bench(job_id, secrets.token_hex(16))
    bench.folder.mkdir(parents=True, mode=0o700)
    return bench


def of_job(job_id: int) -> Path:
    return Path(settings.ARTEFACT_ROOT) / ROOT / str(job_id)


def discard(job_id: int) -> None:
    """Delete all that a job has prepared; repeating it is free."""
    shutil.rmtree(of_job(job_id), ignore_errors=True)


def jobs() -> list[int]:
    """Return the jobs that have a folder."""
    root = Path(settings.ARTEFACT_ROOT) / ROOT
    if not root.is_dir():
        return []
    return [int(one.name) for one in root.iterdir() if one.name.isdecimal()]


def guarded(step: Step) -> Step:
    """Let a step that cannot write fail at once and say why."""
    with_room = space.guarded(step)

    @wraps(step)
    def run(context: StepContext) -> StepResult:
        try:
            return with_room(context)
        except FileNotFoundError as error:
            raise BenchGone from error

    return run


def _sync(stream: IO[bytes]) -> None:
    stream.flush()
    os.fsync(stream.fileno())
