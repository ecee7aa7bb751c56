"""Freezing a scope over a span of periods, and lifting that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import Conflict, NotFound
from forecastlab.planning.domain import overrides
from forecastlab.planning.domain.overrides import Scope
from forecastlab.planning.models import Freeze
from forecastlab.planning.queries import forecast_tables
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.planning.services import locks
from forecastlab.planning.services.overrides import NothingToOverride


class FrozenAlready(Conflict):
    """Exactly this is frozen already."""

    code = "frozen_already"


class LiftedAlready(Conflict):
    """This freeze has been lifted already."""

    code = "lifted_already"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to take no overrides: a scope, from one period to another."""

    scope: Scope
    first: str
    last: str
    note: str = ""


def make(horizon: Horizon, asked: Asked, *, by: User, at: datetime) -> Freeze:
    """Freeze; overrides that stand there stay, and no others come.

    Raises BadInput, or FrozenAlready. Of this and an override at the same time one comes first:
    the override stands frozen, or is refused.
    """
    span = horizon.span(asked.first, asked.last)
    first, last = horizon.labels[span.start], horizon.labels[span.stop - 1]
    note = overrides.check_note(asked.note)
    if not forecast_tables.of_scope(horizon.issue, asked.scope).series:
        raise NothingToOverride(
            _("No forecast series belongs to %(kind)s '%(value)s'.") % asked.scope.as_json(),
            field="value",
        )
    what = {"scope": asked.scope.as_json(), "first": first, "last": last}
    with transaction.atomic():
        locks.hold(horizon.dataset, horizon.issue)
        there = Freeze.objects.in_force().filter(dataset=horizon.dataset, **what)
        same = there.select_related("made_by").first()
        if same is not None:
            said = {"who": same.made_by, "freeze": same.pk}
            raise FrozenAlready(_("Freeze %(freeze)s by %(who)s holds exactly this.") % said)
        made = Freeze.objects.create(
            dataset=horizon.dataset, note=note, made_by=by, made_at=at, **what
        )
        log.append([_event(made, "freeze.made")], actor_id=by.pk, at=at)
    return made


def lift(freeze: Freeze, *, by: User, at: datetime) -> Freeze:
    """Let what was frozen take overrides again; raises LiftedAlready, naming who was first."""
    with transaction.atomic():
        locks.hold(freeze.dataset)
        found: Freeze = Freeze.objects.select_related("dataset", "lifted_by").get(pk=freeze.pk)
        if found.lifted_at is not None:
            raise LiftedAlready(_("%s has lifted this freeze already.") % found.lifted_by)
        found.lifted_by, found.lifted_at = by, at
        found.save(update_fields=["lifted_by", "lifted_at"])
        log.append([_event(found, "freeze.lifted")], actor_id=by.pk, at=at)
    return found


def find(pk: int, *, viewer: User) -> Freeze:
    """Return a freeze that the viewer may see; raises NotFound."""
    visible = Freeze.objects.visible_to(viewer).select_related("dataset", "made_by", "lifted_by")
    found: Freeze | None = visible.filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such freeze, or not for you."))
    return found


def _event(freeze: Freeze, kind: str) -> NewEvent:
    payload = {
        "freeze": freeze.pk,
        "scope": freeze.scope,
        "first": freeze.first,
        "last": freeze.last,
    }
    return NewEvent(freeze.dataset.stream, kind, payload)
