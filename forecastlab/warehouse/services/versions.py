from __future__ import annotations

from datetime import datetime

from django.db import OperationalError, connection
from django.db.models import RestrictedError
from django.utils.translation import gettext as _
from psycopg import sql
from psycopg.errors import LockNotAvailable

from forecastlab.events.services import log
from forecastlab.lib import holding
from forecastlab.lib.contributions import Gone, NewEvent, StepContext, Transient
from forecastlab.lib.errors import Conflict, NotFound
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.services import loading

KIND = "dataset_version"
SHOWN = 5
# Facts are dropped when nobody reads any; who waits longer than this would hold up the readers.
PATIENCE = "5s"
_KEEP = "SELECT 1 FROM warehouse_dataset WHERE id = %s FOR KEY SHARE"


class Held(Conflict):
    """Something still needs this version."""

    code = "held"


class VersionGone(NotFound):
    """This version has just been deleted. Use another one."""

    code = "version_gone"


class BeingRead(Transient):
    """Sales are being read just now, so no version can be deleted. Try again in a moment."""

    code = "being_read"


def version_of(context: StepContext) -> DatasetVersion:
    """Return the version that a run works on: what `seed` simulated, else what was asked for."""
    wanted = context.results.get("seed", {}).get("version") or context.params.get("version")
    version = DatasetVersion.objects.select_related("dataset").filter(pk=int(wanted or 0)).first()
    if version is None:
        raise Gone("The sales of this run are gone.", hint="Start a run over another version.")
    return version


def keep(dataset: Dataset, version: DatasetVersion | None = None) -> None:
    """Let nobody delete them before the caller's transaction ends: what starts work calls this.

    A deletion waits until then and finds the work; of two that start, neither waits. Raises
    VersionGone where a deletion was faster. Lock nothing of a job before.
    """
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [dataset.pk])
        found = cursor.fetchone()
    if not found or (version and not DatasetVersion.objects.filter(pk=version.pk).exists()):
        raise VersionGone


def holders(version: DatasetVersion) -> list[str]:
    """Return what holds the version and why, as the apps say that refer to it."""
    return holding.holders(KIND, version.pk)


def check_free(version: DatasetVersion) -> None:
    """Raise Held, saying what holds the version and why."""
    found = holders(version)
    if not found:
        return
    shown, more = found[:SHOWN], len(found) - SHOWN
    listed = "; ".join([*shown, _("%s more") % more] if more > 0 else shown)
    raise Held(
        _("%(ref)s cannot be deleted: %(holders)s.") % {"ref": version.ref, "holders": listed}
    )


def drop(version: DatasetVersion, *, at: datetime, actor_id: int | None) -> None:
    """Delete a version with its facts, and its dataset when it was the only one.

    Belongs in a transaction. Raises Held or BeingRead; roll back then.
    """
    dataset = Dataset.objects.select_for_update().get(pk=version.dataset_id)
    check_free(version)
    number = version.number
    drop_facts(version)
    if dataset.versions.exists():
        gone = NewEvent(dataset.stream, "version.dropped", {"version": number})
    else:
        gone = NewEvent(dataset.stream, "dataset.deleted", {"name": dataset.name})
        drop_dataset(dataset)
    log.append([gone], actor_id=actor_id, at=at)


def drop_facts(version: DatasetVersion) -> None:
    """Delete a version and its partition, whatever holds it but what serves: Held, or BeingRead."""
    table = sql.Identifier(loading.partition(version))
    try:
        version.delete()
    except RestrictedError as error:
        raise Held(_("Something has just begun to serve from %s.") % version.ref) from error
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(PATIENCE)))
        try:
            cursor.execute(sql.SQL("DROP TABLE {}").format(table))
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise BeingRead from error
            raise
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")


def drop_dataset(dataset: Dataset) -> None:
    """Delete a dataset that has no versions left; its series in one piece, not one by one."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM warehouse_series WHERE dataset_id = %s", [dataset.pk])
    dataset.delete()
