"""Taking an override back: a new act with a reason of its own; nothing is deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.lib.errors import Conflict, NotFound
from forecastlab.planning.models import Override
from forecastlab.planning.queries import horizons, withdrawal
from forecastlab.planning.services import overrides
from forecastlab.planning.services.overrides import Number, Words


class NoSuchOverride(NotFound):
    """There is no such override."""

    code = "no_such_override"


class NothingStands(Conflict):
    """Nothing of this override is left to be taken back."""

    code = "nothing_stands"


def find(pk: int, *, viewer: User) -> Override:
    """Return an override of a dataset that this person may see."""
    rows = Override.objects.visible_to(viewer).select_related(
        "dataset", "issue__version__dataset", "made_by"
    )
    found: Override | None = rows.filter(pk=pk).first()
    if found is None:
        raise NoSuchOverride(_("There is no override %(n)s, or not for you.") % {"n": pk})
    return found


def withdraw(act: Override, words: Words, *, by: User, at: datetime) -> Override:
    """Take what still stands of an act, and is not sold yet, back to the model.

    What others have written over it since stays. Raises NothingStands, or BucketFrozen.
    """
    horizon = horizons.find(by, act.dataset.name)
    numbers = [
        Number(one.series_id, one.period, None, one.revision)
        for one in withdrawal.left_of(act, horizon)
    ]
    words = replace(words, withdraws=act.pk)
    made = overrides.save(horizon, numbers, words, by=by, at=at) if numbers else None
    if made is None:
        raise NothingStands(
            hint=_("It was written over or taken back, or its periods are sold already.")
        )
    return made
