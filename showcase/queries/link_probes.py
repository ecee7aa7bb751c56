"""The probes that the apps contribute, and whether they fit together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error

from forecastlab.lib import registry
from forecastlab.lib.contributions import LinkProbe

MODULE = "link_probes"


def by_kind() -> dict[str, LinkProbe]:
    """Return the contributed probes by the kind of object that they know."""
    return {one.kind: one for _app, one in registry.contributed(MODULE, LinkProbe)}


def problems(found: Iterable[tuple[str, LinkProbe]]) -> list[CheckMessage]:
    """Say which kinds of object are known by more than one probe."""
    contributors: dict[str, list[str]] = {}
    for app, one in found:
        contributors.setdefault(one.kind, []).append(app)
    return [
        Error(
            f"The link probe of '{kind}' is contributed by {', '.join(apps)}.",
            hint="Keep one of them: look at the link_probes.py of these apps.",
            id="showcase.E004",
        )
        for kind, apps in contributors.items()
        if len(apps) > 1
    ]


def check(**_kwargs: Any) -> list[CheckMessage]:
    return problems(registry.contributed(MODULE, LinkProbe))
