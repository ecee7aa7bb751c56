"""Who changes, freezes or publishes what is planned of a dataset goes one after the other."""

from __future__ import annotations

from django.db import connection

from forecastlab.forecasting.models import ForecastIssue
from forecastlab.warehouse.models import Dataset
from forecastlab.warehouse.services import versions

_HOLD = "select pg_advisory_xact_lock(hashtext('planning.dataset'), %s)"


def hold(dataset: Dataset, issue: ForecastIssue | None = None) -> None:
    """Let nobody else change what is planned of a dataset before the transaction ends.

    With an issue nobody deletes its version meanwhile; raises VersionGone where it is deleted.
    """
    versions.keep(dataset, issue.version if issue else None)
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [dataset.pk % 2**31])
