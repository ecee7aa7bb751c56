"""The kinds of streams that apps contribute, by prefix."""

from __future__ import annotations

from collections.abc import Mapping

from forecastlab.lib import registry
from forecastlab.lib.contributions import EventStream


def declared() -> Mapping[str, EventStream]:
    """Return every contributed stream by its prefix. Raises RegistryError for a second owner."""
    found: dict[str, EventStream] = {}
    for label, stream in registry.contributed("event_streams", EventStream):
        if stream.prefix in found:
            raise registry.RegistryError(
                f"'{label}' contributes the streams '{stream.prefix}.*', which have an owner"
            )
        found[stream.prefix] = stream
    return found
