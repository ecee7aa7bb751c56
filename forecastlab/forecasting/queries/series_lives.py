"""What products say of the life of their series."""

from __future__ import annotations

from django.utils.translation import gettext as _

from forecastlab.warehouse.models import DatasetVersion, Series

ENDS = "product__attributes__discontinue_date"


def discontinued(version: DatasetVersion) -> dict[int, str]:
    """Return why series are over whose product ends before the first period ahead, by their id."""
    first = version.calendar.start(version.history)
    if first is None:
        return {}
    given = Series.objects.filter(dataset=version.dataset_id, **{f"{ENDS}__isnull": False})
    return {
        pk: _("discontinued on %(day)s") % {"day": day}
        for pk, day in given.values_list("pk", ENDS)
        if day and day <= first.date().isoformat()
    }
