from __future__ import annotations

from collections.abc import Sequence

from forecastlab.lib.contributions import Referrer
from showcase.queries import holders


def _holders(kind: str, pk: int) -> Sequence[str]:
    return holders.of_version(pk) if kind == "dataset_version" else ()


HOLDERS = Referrer("runs", _holders)
