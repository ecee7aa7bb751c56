from __future__ import annotations

from forecastlab.lib.contributions import StepContext, StepFailed
from forecastlab.warehouse.models import DatasetVersion


def version_of(context: StepContext) -> DatasetVersion:
    """Return the version that a run works on: what `seed` simulated, else what was asked for."""
    wanted = context.results.get("seed", {}).get("version") or context.params.get("version")
    version = DatasetVersion.objects.select_related("dataset").filter(pk=wanted).first()
    if version is None:
        raise StepFailed(
            "The dataset version of this run is gone.", hint="Start a run over another version."
        )
    return version
