from __future__ import annotations

from collections.abc import Iterable

from forecastlab.lib.contributions import ArtefactReferrer
from forecastlab.warehouse.models import DatasetVersion


def _truths() -> Iterable[str]:
    return [one or "" for one in DatasetVersion.objects.values_list("truth", flat=True)]


TRUTHS = ArtefactReferrer("truth of simulated versions", _truths)
