"""Who works here: the name under which this process takes leases."""

from __future__ import annotations

import os
import socket
import uuid

_node: tuple[str, str] | None = None


def boot(name: str) -> str:
    """Name this process and, by inheritance, its pool; return the id of this boot."""
    global _node
    _node = (name, uuid.uuid4().hex[:12])
    return _node[1]


def identity() -> str:
    """Return `name/boot/pid`; a process that is no worker has no boot and no heartbeat."""
    name, boot_id = _node or (socket.gethostname(), "")
    return f"{name}/{boot_id}/{os.getpid()}"
