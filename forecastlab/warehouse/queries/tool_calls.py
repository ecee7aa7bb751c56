"""What a call of an agent's tool is about: for whom, and over which sales."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.accounts.services.access import requester
from forecastlab.lib.contributions import Signal, ToolContext
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse import queries
from forecastlab.warehouse.models import DatasetVersion, SeriesProfile
from forecastlab.warehouse.queries import representations
from forecastlab.warehouse.queries.series_page import NoSuchSeries

FRESH = timedelta(hours=24)


class NoDatasetGiven(BadInput):
    """This session works on no dataset."""

    code = "no_dataset_given"


@dataclass(frozen=True, slots=True)
class Call:
    """For whom a tool is called, over which version; `by` may see it."""

    by: User
    version: DatasetVersion

    @property
    def dataset(self) -> str:
        return str(self.version.dataset.name)


def of(context: ToolContext, verb: str) -> Call:
    """Return the call; raises NotAllowed without the verb, NoDatasetGiven or NoSuchDataset."""
    by = requester(context, verb)
    if not context.dataset:
        raise NoDatasetGiven(hint=_("Start one over a dataset."), field="dataset")
    return Call(by, queries.resolve(context.dataset, by))


def series(version: DatasetVersion, unique_id: str) -> SeriesProfile:
    """Return a series of a version by its name; raises NoSuchSeries."""
    told = SeriesProfile.objects.filter(version=version, unique_id=unique_id)
    found = told.select_related("series__store", "series__product").first()
    if found is None:
        raise NoSuchSeries(
            _("%(dataset)s has no series '%(name)s'.") % {"dataset": version.ref, "name": unique_id}
        )
    return found


def sales(version: DatasetVersion, unique_id: str, periods: int) -> dict[str, Any]:
    """Return the figures of a series and its last rows, oldest first."""
    profile = series(version, unique_id)
    begin = max(profile.rows - periods, 0)
    return representations.whole(version, profile, limit=periods, cursor=str(begin))


def age(call: Call, context: ToolContext) -> list[Signal]:
    """Tell where the newest sales are older than a day, or than a period that is longer.

    Sales without dates are as old as their version.
    """
    calendar, history = call.version.calendar, call.version.history
    ended, following = calendar.start(history), calendar.start(history + 1)
    if ended is None or following is None:
        old = context.now - call.version.created_at > FRESH
    else:
        old = context.now - ended.replace(tzinfo=UTC) > max(FRESH, following - ended)
    return [Signal("data_old", _("The newest sales are more than a day old"), -15)] if old else []
