"""The newest forecast of a dataset, and which of its periods may still be planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.forecasting.models import ForecastIssue
from forecastlab.forecasting.queries import labels
from forecastlab.forecasting.queries.representations import NoForecasts
from forecastlab.forecasting.queries.series_list import newest_issue
from forecastlab.lib.errors import BadInput
from forecastlab.planning.domain.overrides import Frozen, Scope
from forecastlab.planning.models import Freeze
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.domain.periods import Calendar
from forecastlab.warehouse.models import Dataset, DatasetVersion


class NoSuchPeriod(BadInput):
    """The forecast has no such period."""

    code = "no_such_period"


@dataclass(frozen=True)
class Horizon:
    """The periods of an issue; `known` is the number of the last one of which sales are known.

    Periods are numbered as in the version of the issue, and labelled as its calendar does.
    """

    issue: ForecastIssue
    known: int

    @property
    def dataset(self) -> Dataset:
        found: Dataset = self.issue.version.dataset
        return found

    @property
    def calendar(self) -> Calendar:
        found: Calendar = self.issue.version.calendar
        return found

    @property
    def numbers(self) -> range:
        return range(self.issue.origin + 1, self.issue.origin + 1 + self.issue.horizon)

    @cached_property
    def labels(self) -> Sequence[str]:
        return [self.calendar.label(one) for one in self.numbers]

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Return where each label stands, from 0."""
        return {label: place for place, label in enumerate(self.labels)}

    @property
    def first_open(self) -> int:
        """Return the place of the first period that is not known; the horizon if all are."""
        return min(max(self.known - self.issue.origin, 0), self.issue.horizon)

    @property
    def is_over(self) -> bool:
        """Say whether everything that was forecast is sold already."""
        return self.first_open == self.issue.horizon

    def is_known(self, place: int) -> bool:
        return place < self.first_open

    def place(self, label: str, *, field: str = "period") -> int:
        """Return where a label stands; raises NoSuchPeriod."""
        found = self.places.get(label.strip())
        if found is None:
            raise NoSuchPeriod(
                _("The forecast has no period '%(label)s'.") % {"label": label.strip()},
                hint=_("It goes from %(first)s to %(last)s.")
                % {"first": self.labels[0], "last": self.labels[-1]},
                field=field,
            )
        return found

    def span(self, first: str, last: str) -> range:
        """Return the places from one label to another; raises NoSuchPeriod or BadInput."""
        begin, end = self.place(first, field="first"), self.place(last, field="last")
        if end < begin:
            raise BadInput(
                _("The span ends before it begins."),
                hint=_("Give the earlier period first."),
                field="last",
            )
        return range(begin, end + 1)

    def title(self, place: int) -> str:
        """Return a period as readers read it, such as "Fri 20 Nov"."""
        return labels.period(self.calendar, self.numbers[place])

    def number(self, label: str) -> int:
        """Return the number of a label, on the horizon or not."""
        return number_of(self.calendar, label)


def number_of(calendar: Calendar, label: str) -> int:
    """Return which period of a calendar a label means: ISO text, or a number without dates."""
    if calendar.epoch is None:
        return int(label)
    return calendar.number(datetime.fromisoformat(label))


def fits(calendar: Calendar, label: str) -> bool:
    """Say whether a calendar may have such a label: a version may bring dates, or do without."""
    return (calendar.epoch is None) == label.isdecimal()


def last_known(version: DatasetVersion, calendar: Calendar) -> int:
    """Return the last period with sales in a version, as another calendar numbers it."""
    last = version.history - 1
    moment = version.calendar.start(last)
    return last if moment is None or calendar.epoch is None else calendar.number(moment)


def of_issue(issue: ForecastIssue) -> Horizon:
    newest = warehouse.newest(issue.version.dataset)
    return Horizon(issue, last_known(newest, issue.version.calendar))


def newest(viewer: User, dataset: str = "") -> Horizon | None:
    """Return the horizon of the newest forecast that the viewer may see, of a dataset if named."""
    issue = newest_issue(viewer, dataset)
    return of_issue(issue) if issue else None


def find(viewer: User, dataset: str) -> Horizon:
    """Return the same of one dataset; raises NotFound where it has no forecasts."""
    found = newest(viewer, warehouse.resolve(dataset, viewer).dataset.name)
    if found is None:
        raise missing(dataset)
    return found


def missing(dataset: str) -> NoForecasts:
    """Return what is wrong where a dataset has no forecasts."""
    return NoForecasts(
        _("There are no forecasts of '%s' yet.") % dataset,
        hint=_("Start a run or issue forecasts first."),
        field="dataset",
    )


def freezes_in_force(horizon: Horizon) -> list[Frozen]:
    """Return the freezes that touch the horizon."""
    first, last = horizon.numbers[0], horizon.numbers[-1]
    rows = Freeze.objects.in_force().filter(dataset=horizon.dataset)
    found = [
        Frozen(one.pk, Scope(**one.scope), horizon.number(one.first), horizon.number(one.last))
        for one in rows.order_by("pk")
        if fits(horizon.calendar, one.first)
    ]
    return [one for one in found if one.first <= last and one.last >= first]
