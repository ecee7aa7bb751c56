"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import IO

from forecastlab.lib.errors import BadInput

COPIED_AT_ONCE = 1 << 20


class TargetUnusable(BadInput):
    """A file cannot be written there."""

    code = "output_unusable"


def write_whole(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write a file, or leave what was there; `mode` is narrowed by the umask, as always."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with os.fdopen(os.open(draft, flags, mode), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_first(path: Path, content: bytes, *, mode: int = 0o666) -> bytes:
    """Write a file unless there is one, and return what is in it: of several the first wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        write_whole(draft, content, mode=mode)
        os.link(draft, path)
    except FileExistsError:
        return path.read_bytes()
    finally:
        draft.unlink(missing_ok=True)
    return content


def check_target(path: Path, *, overwrite: bool, field: str = "output") -> None:
    """Raise TargetUnusable where a file cannot be written, or is there and is to stay."""
    if path.is_dir():
        raise TargetUnusable(f"'{path}' is a folder.", field=field)
    if not path.absolute().parent.is_dir():
        raise TargetUnusable(f"There is no folder '{path.absolute().parent}'.", field=field)
    if path.exists() and not overwrite:
        raise _there_already(path, field)


def copy_whole(stream: IO[bytes], path: Path, *, overwrite: bool, field: str = "output") -> None:
    """Write what a stream holds, or leave what was there; raises TargetUnusable."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as target:
            shutil.copyfileobj(stream, target, COPIED_AT_ONCE)
            target.flush()
            os.fsync(target.fileno())
        if overwrite:
            draft.replace(path)
        else:
            os.link(draft, path)
    except FileExistsError as error:
        raise _there_already(path, field) from error
    except OSError as error:
        message = f"'{path}' cannot be written: {error.strerror}."
        raise TargetUnusable(message, field=field) from error
    finally:
        draft.unlink(missing_ok=True)


def _there_already(path: Path, field: str) -> TargetUnusable:
    return TargetUnusable(f"'{path}' is there already.", hint="Or say --overwrite.", field=field)
