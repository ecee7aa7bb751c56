"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


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
