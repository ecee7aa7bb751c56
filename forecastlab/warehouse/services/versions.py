from __future__ import annotations

from datetime import datetime

from django.db import connection
from psycopg import sql

from forecastlab.events.services import log
from forecastlab.lib.contributions import NewEvent, StepContext, StepFailed
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.services import loading


def version_of(context: StepContext) -> DatasetVersion:
    """Return the version that a run works on: what `seed` simulated, else what was asked for."""
    wanted = context.results.get("seed", {}).get("version") or context.params.get("version")
    version = DatasetVersion.objects.select_related("dataset").filter(pk=int(wanted or 0)).first()
    if version is None:
        raise StepFailed(
            "The dataset version of this run is gone.", hint="Start a run over another version."
        )
    return version


def drop(version: DatasetVersion, *, at: datetime, actor_id: int | None) -> None:
    """Delete a version with its facts, and its dataset when it was the only one.

    Belongs in a transaction. Raises ProtectedError, with nothing deleted, while anything uses it.
    """
    dataset = Dataset.objects.select_for_update().get(pk=version.dataset_id)
    table = sql.Identifier(loading.partition(version))
    stream, number = dataset.stream, version.number
    version.delete()
    if not dataset.versions.exists():
        dataset.delete()
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE {}").format(table))
    gone = NewEvent(stream, "version.dropped", {"version": number})
    log.append([gone], actor_id=actor_id, at=at)
