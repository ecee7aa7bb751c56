"""Whether the machine lets processes share semaphores, without which no worker has a pool."""

from __future__ import annotations

from multiprocessing import get_context

from forecastlab.lib.errors import Unavailable


class SharedMemoryClosed(Unavailable):
    """The workers' pool cannot make a semaphore in /dev/shm."""

    code = "shared_memory_closed"


def problem() -> str:
    """Return "" when a semaphore can be made, else what is wrong and what to do."""
    try:
        get_context("spawn").Lock()
    except OSError as error:
        return (
            f"The workers' pool cannot make a semaphore in /dev/shm: {error.strerror or error}. "
            "Let everybody write there: mount -t tmpfs -o mode=1777 tmpfs /dev/shm "
            "(chmod 1777 /dev/shm if it is mounted), as root."
        )
    return ""


def check() -> None:
    """Raise SharedMemoryClosed, instead of workers that crash again and again."""
    found = problem()
    if found:
        raise SharedMemoryClosed(found)
