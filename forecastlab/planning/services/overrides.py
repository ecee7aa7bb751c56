"""Putting a planner's numbers beside the model's: by scope and span, or number by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import BadInput, Conflict
from forecastlab.planning.domain import overrides
from forecastlab.planning.domain.overrides import Scope, Way
from forecastlab.planning.models import Freeze, Override, OverrideCell
from forecastlab.planning.queries import forecast_tables, horizons, standing
from forecastlab.planning.queries.forecast_tables import Table
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.planning.queries.override_preview import Preview
from forecastlab.planning.queries.standing import Standing
from forecastlab.planning.services import locks

NUMBERS, WITHDRAWAL = "numbers", "withdrawal"
AT_ONCE = 5_000


class Refused(Conflict):
    """Some numbers cannot be written, so none was. `each` says of every one of them why."""

    def __init__(self, detail: str = "", *, hint: str = "", place: str = "") -> None:
        self.place = place
        self.each: Mapping[tuple[int, str], Refused] = {}
        super().__init__(detail, hint=hint)


class BucketFrozen(Refused):
    """This is frozen."""

    code = "frozen"


class PeriodKnown(Refused):
    """Sales of this period are known already."""

    code = "period_known"


class OverrideChanged(Refused):
    """Somebody else has changed this override meanwhile."""

    code = "override_changed"


class ReasonMissing(Refused):
    """The reason is missing."""

    code = "reason_missing"
    status = 422
    exit_code = 2


class NothingToOverride(BadInput):
    """There is nothing to override."""

    code = "nothing_to_override"


@dataclass(frozen=True, slots=True)
class Words:
    """Why something is overridden, by which way it came, and which act it takes back, if any."""

    reason: str
    note: str = ""
    via: str = Override.Via.FORM
    withdraws: int = 0

    def checked(self) -> Words:
        reason = overrides.read_reason(self.reason) if self.reason else ""
        return replace(self, reason=reason, note=overrides.check_note(self.note))


@dataclass(frozen=True, slots=True)
class Asked:
    """One override of a scope and a span. `seen` is `Preview.seen` of when it was looked at.

    With a `key` it is made once.
    """

    scope: Scope
    first: str
    last: str
    way: Way
    amount: Decimal | None = None
    seen: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """One number; `units` None is the model's. `revision` is that of when it was looked at."""

    series: int
    period: str
    units: float | None
    revision: int | None = None


def _numbers(found: Preview) -> list[Number]:
    """Return what is written: going back touches only what is overridden."""
    units = found.units
    if units is None:
        there = [cell for cell in found.before.cells.values() if cell.units is not None]
        return [Number(one.series_id, one.period, None) for one in there]
    return [
        Number(series, period, float(units[row, column]))
        for row, series in enumerate(found.table.series)
        for column, period in enumerate(found.periods)
    ]


def read_amount(way: Way, text: str) -> Decimal | None:
    """Return the number that goes with a way; raises BadInput."""
    if way is Way.MODEL:
        return None
    return overrides.read_percent(text) if way is Way.PERCENT else overrides.read_units(text)


def number(
    horizon: Horizon, series: int, period: str, units: float | None, revision: int | None
) -> Number:
    """Return a number as a program sends it; raises BadInput or NoSuchPeriod."""
    period = horizon.labels[horizon.place(period, field="numbers")]
    kept = None if units is None else float(overrides.read_units(repr(units), field="numbers"))
    return Number(series, period, kept, revision)


def preview(horizon: Horizon, asked: Asked) -> Preview:
    """Compute what an override would write; raises BadInput where it means nothing."""
    found = _laid(horizon, asked)
    return replace(found, before=_before(horizon, found))


def _before(horizon: Horizon, found: Preview) -> Standing:
    return standing.of(horizon.dataset, found.periods, found.table.series)


def _laid(horizon: Horizon, asked: Asked) -> Preview:
    """Compute the same without a look at what stands there."""
    span = horizon.span(asked.first, asked.last)
    table = forecast_tables.of_scope(horizon.issue, asked.scope)
    if not table.series:
        raise NothingToOverride(
            _("No forecast series belongs to %(kind)s '%(value)s'.") % asked.scope.as_json(),
            field="value",
        )
    count = len(table.series) * len(span)
    if count > overrides.MOST_CELLS:
        raise BadInput(
            _("%(n)s numbers are more than the %(most)s of one override.")
            % {"n": f"{count:,}", "most": f"{overrides.MOST_CELLS:,}"},
            hint=_("Take fewer periods or a smaller scope."),
            field="scope",
        )
    periods = horizon.labels[span.start : span.stop]
    model = table.model[:, span.start : span.stop].clip(0.0)
    units = overrides.apply(asked.way, asked.amount, model) if asked.amount is not None else None
    return Preview(table, periods, model, units, Standing({}))


def make(horizon: Horizon, asked: Asked, words: Words, *, by: User, at: datetime) -> Override:
    """Override a scope over a span of periods, all of it or nothing.

    Raises BadInput, BucketFrozen, PeriodKnown, or OverrideChanged where somebody has changed an
    override of the scope since `asked.seen`.
    """
    words, found = words.checked(), _laid(horizon, asked)
    with transaction.atomic():
        locks.hold(horizon.dataset, horizon.issue)
        there: Override | None = Override.objects.filter(key=asked.key).first()
        if asked.key and there:
            return there
        found = replace(found, before=_before(horizon, found))
        _check_seen(found, asked.seen)
        writing = _Writing(horizon, found.table, found.before)
        act = _Act(asked.scope.as_json(), asked.way, asked.amount, found.periods, asked.key)
        numbers = _numbers(found)
        if not numbers:
            raise NothingToOverride(_("Nothing is overridden there."), field="way")
        _check_reasons([(words, numbers)])
        made = writing.write(numbers, act, words, by=by, at=at)
        log.append([_event(made)], actor_id=by.pk, at=at)
    return made


def save(
    horizon: Horizon, numbers: Sequence[Number], words: Words, *, by: User, at: datetime
) -> Override | None:
    """Write single numbers, those that change something: all of them or none.

    Raises BadInput, BucketFrozen, PeriodKnown, or OverrideChanged, naming who was first.
    """
    made = save_groups(horizon, [(words, numbers)], by=by, at=at)
    return made[0] if made else None


def save_groups(
    horizon: Horizon,
    groups: Sequence[tuple[Words, Sequence[Number]]],
    *,
    by: User,
    at: datetime,
) -> list[Override]:
    """Write numbers for several reasons, each an act of its own, as `save` does."""
    checked = [(words.checked(), numbers) for words, numbers in groups]
    everything = [one for _words, numbers in checked for one in numbers]
    overrides.check_once([(one.series, one.period) for one in everything])
    table = forecast_tables.of_series(horizon.issue, sorted({one.series for one in everything}))
    with transaction.atomic():
        locks.hold(horizon.dataset, horizon.issue)
        before = standing.of(horizon.dataset, horizon.labels, table.series)
        writing = _Writing(horizon, table, before)
        changed = [(words, _changed(numbers, before)) for words, numbers in checked]
        _check_reasons(changed)
        writing.check([one for _words, numbers in changed for one in numbers])
        made = [
            writing.write(numbers, _numbers_act(horizon, numbers, words), words, by=by, at=at)
            for words, numbers in changed
            if numbers
        ]
        log.append([_event(one) for one in made], actor_id=by.pk, at=at)
    return made


def _changed(numbers: Sequence[Number], before: Standing) -> list[Number]:
    return [one for one in numbers if before.units(one.series, one.period) != one.units]


@dataclass(frozen=True, slots=True)
class _Act:
    scope: dict[str, str]
    way: Way
    amount: Decimal | None
    periods: Sequence[str]
    key: str | None = None


def _numbers_act(horizon: Horizon, numbers: Sequence[Number], words: Words) -> _Act:
    periods = sorted({one.period for one in numbers}, key=lambda one: horizon.places[one])
    way = Way.MODEL if all(one.units is None for one in numbers) else Way.EACH
    taken_back = str(words.withdraws or "")
    scope = {"kind": WITHDRAWAL if taken_back else NUMBERS, "value": taken_back}
    return _Act(scope, way, None, periods)


@dataclass
class _Writing:
    """Writes numbers of some series under the lock of the dataset."""

    horizon: Horizon
    table: Table
    before: Standing
    _rows: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self._rows = {series: row for row, series in enumerate(self.table.series)}

    def check(self, numbers: Sequence[Number]) -> None:
        """Raise what is wrong with the first one; `each` holds what is wrong with all."""
        freezes = horizons.freezes_in_force(self.horizon)
        held = overrides.frozen_by(freezes, self.table.codes, self.horizon.numbers)
        told = Freeze.objects.select_related("made_by").in_bulk([one.pk for one in freezes])
        found = {}
        for one in numbers:
            freeze = held[self._row(one), self.horizon.places[one.period]]
            wrong = self._wrong(one, told.get(int(freeze)))
            if wrong is not None:
                found[one.series, one.period] = wrong
        if found:
            raise _first(found)

    def _row(self, one: Number) -> int:
        if one.series not in self._rows or one.period not in self.horizon.places:
            raise NothingToOverride(_("There is no forecast of this series and period."))
        return self._rows[one.series]

    def _wrong(self, one: Number, freeze: Freeze | None) -> Refused | None:
        where = standing.place(self.horizon, self.table.names[self._rows[one.series]], one.period)
        if self.horizon.is_known(self.horizon.places[one.period]):
            return PeriodKnown(
                _("What was sold of %s is known already.") % where,
                hint=_("Leave it out."),
                place=where,
            )
        if freeze is not None:
            held = {"where": where, "who": freeze.made_by, "freeze": freeze.pk}
            return BucketFrozen(
                _("%(where)s is frozen (freeze %(freeze)s by %(who)s).") % held,
                hint=_("Take another span, or ask an approver to lift the freeze."),
                place=where,
            )
        cell = self.before.cell(one.series, one.period)
        if one.revision is None or self.before.revision(one.series, one.period) == one.revision:
            return None
        said = standing.who(cell) if cell else _("It is not overridden any more")
        return OverrideChanged(
            _("%(where)s was changed after you looked: %(who)s.") % {"where": where, "who": said},
            hint=_("Look at it again; nothing was saved."),
            place=where,
        )

    def write(
        self, numbers: Sequence[Number], act: _Act, words: Words, *, by: User, at: datetime
    ) -> Override:
        self.check(numbers)
        made = Override.objects.create(
            dataset=self.horizon.dataset,
            issue=self.horizon.issue,
            scope=act.scope,
            first=act.periods[0],
            last=act.periods[-1],
            way=act.way,
            amount=None if act.amount is None else float(act.amount),
            reason=words.reason,
            note=words.note,
            numbers=len(numbers),
            via=words.via,
            key=act.key,
            made_by=by,
            made_at=at,
        )
        model = self.table.model
        cells = [
            OverrideCell(
                dataset=self.horizon.dataset,
                series_id=one.series,
                period=one.period,
                units=one.units,
                model=float(model[self._rows[one.series], self.horizon.places[one.period]]),
                revision=self.before.revision(one.series, one.period) + 1,
                override=made,
            )
            for one in numbers
        ]
        OverrideCell.objects.bulk_create(
            cells,
            batch_size=AT_ONCE,
            update_conflicts=True,
            unique_fields=["dataset", "period", "series"],
            update_fields=["units", "model", "revision", "override"],
        )
        return made


def _check_reasons(groups: Sequence[tuple[Words, Sequence[Number]]]) -> None:
    there = ", ".join(overrides.Reason)
    missing = {
        (one.series, one.period): ReasonMissing(hint=_("There are: %s.") % there, place="")
        for words, numbers in groups
        if not words.reason
        for one in numbers
    }
    if missing:
        raise _first(missing)


def _check_seen(found: Preview, seen: int | None) -> None:
    newest = found.before.newest
    if seen is None or found.before.seen == seen or newest is None:
        return
    raise OverrideChanged(
        _("Overrides of this scope were changed after you looked: %s.") % standing.who(newest),
        hint=_("Look at the preview again; nothing was saved."),
    )


def _first(found: Mapping[tuple[int, str], Refused]) -> Refused:
    """Return the first of what is wrong, as one error that knows all of it."""
    first = next(iter(found.values()))
    more = len(found) - 1
    also = ngettext("So is %(n)s more.", "So are %(n)s more.", more) % {"n": more} if more else ""
    error = type(first)(first.detail, hint=f"{first.hint} {also}".strip(), place=first.place)
    error.field = "reason" if isinstance(first, ReasonMissing) else ""
    error.each = found
    return error


def _event(made: Override) -> NewEvent:
    told = ("scope", "first", "last", "numbers", "reason")
    payload = {"override": made.pk, **{name: getattr(made, name) for name in told}}
    return NewEvent(made.dataset.stream, "override.made", payload)
