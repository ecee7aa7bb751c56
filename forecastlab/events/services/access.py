"""Who may read a stream: whatever the app that owns its prefix says."""

from __future__ import annotations

from typing import Any

from forecastlab.events.services import streams


def can_read(user: Any, stream: str) -> bool:
    """Return whether `user` may read `stream`; unknown prefixes are nobody's."""
    if not (user.is_authenticated and user.is_active):
        return False
    prefix, _, key = stream.partition(".")
    declared = streams.declared().get(prefix)
    return bool(key) and declared is not None and declared.can_read(user, key)
