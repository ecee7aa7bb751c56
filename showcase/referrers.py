from __future__ import annotations

from collections.abc import Iterable, Sequence

from forecastlab.lib.contributions import ArtefactReferrer, Referrer
from showcase.models import Bundle
from showcase.queries import holders


def _holders(kind: str, pk: int) -> Sequence[str]:
    if kind == "dataset_version":
        return holders.of_version(pk)
    return holders.of_run(pk) if kind == "run" else holders.of_object(kind, pk)


def _bundles() -> Iterable[str]:
    return Bundle.objects.values_list("digest", flat=True)


BUNDLES = ArtefactReferrer("bundles of workspaces", _bundles)
HOLDERS = Referrer("runs", _holders)
