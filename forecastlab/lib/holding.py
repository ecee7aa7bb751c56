"""What holds an object, as the apps say that refer to it."""

from __future__ import annotations

from forecastlab.lib import registry
from forecastlab.lib.contributions import Referrer


def holders(kind: str, pk: int) -> list[str]:
    """Return why an object of this kind is needed, one sentence for each reason."""
    referrers = registry.contributed("referrers", Referrer)
    return [why for _app, one in referrers for why in one.holders(kind, pk)]
