"""Replays that first delete what earlier runs over the same simulated sales have left.

Nothing goes that a kept run, a forecast in use or anything else refers to. A person sees the list,
gets a token for just that list, and confirms with the name of the workspace.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.accounts.services import secrets
from forecastlab.lib.errors import BadInput, Conflict
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.services import datasets
from showcase.domain.resets import Listing
from showcase.models import ResetToken, Run, Workspace
from showcase.services import replaying, sweeping
from showcase.services.replaying import Asked

LIFETIME = timedelta(minutes=10)
FORGOTTEN = timedelta(days=1)


class NotSimulated(Conflict):
    """Only simulated sales can be reset."""

    code = "not_simulated"


class NameWrong(BadInput):
    """The name that was typed is not that of the workspace."""

    code = "name_wrong"


class TokenUnknown(BadInput):
    """This token was not made for you and this workspace."""

    code = "token_unknown"


class TokenExpired(Conflict):
    """This token is older than ten minutes."""

    code = "token_expired"


class TokenUsed(Conflict):
    """This token was used already."""

    code = "token_used"


class ListChanged(Conflict):
    """What would be deleted is not what the list said any more."""

    code = "list_changed"


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go and what stays, with the token that confirms just this; it is told once."""

    listing: Listing
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Confirmation:
    token: str
    name: str


def preview(source: Workspace, *, by: User, at: datetime) -> Preview:
    """List what a reset would delete, deleting nothing, and make the token that confirms it.

    Raises NotSimulated, or NotTheOwner.
    """
    with transaction.atomic():
        listing = sweeping.sweep(_dataset(source, by))
        transaction.set_rollback(True)
    ResetToken.objects.filter(expires_at__lt=Now() - FORGOTTEN).delete()
    secret = secrets.make()
    token = ResetToken.objects.create(
        digest=secrets.digest(secret),
        user=by,
        workspace=source,
        listing=listing.digest,
        created_at=at,
        expires_at=Now() + LIFETIME,
    )
    token.refresh_from_db(fields=["expires_at"])
    return Preview(listing, secret, token.expires_at)


def replay(source: Workspace, given: Confirmation, asked: Asked, *, by: User, at: datetime) -> Run:
    """Delete what the confirmed list says, and start the replay: both, or nothing.

    Raises NameWrong, TokenUnknown, TokenExpired, TokenUsed, ListChanged, or what a replay raises.
    """
    if given.name != source.name:
        raise NameWrong(
            _("'%(given)s' is not '%(name)s'.") % {"given": given.name, "name": source.name},
            hint=_("Type the name of the workspace as it is written."),
            field="name",
        )
    with transaction.atomic():
        token = _used(source, given, by)
        listing = sweeping.sweep(_dataset(source, by))
        if listing.digest != token.listing:
            raise ListChanged(hint=_again())
        sweeping.drop(listing, by=by, at=at)
        return replaying.start(source, asked, by=by, at=at)


def can_reset(source: Workspace, by: User) -> bool:
    """Say whether the page offers a reset."""
    dataset = source.run.dataset
    return dataset is not None and not _imported(dataset) and datasets.may_change(dataset, by)


def _used(source: Workspace, given: Confirmation, by: User) -> ResetToken:
    """Use a token up in the caller's transaction: of two who come together, one waits and fails."""
    mine = ResetToken.objects.filter(digest=secrets.digest(given.token), user=by, workspace=source)
    taken = mine.filter(used_at=None, expires_at__gt=Now()).update(used_at=Now())
    found = mine.first()
    if found is None:
        raise TokenUnknown(hint=_again(), field="token")
    if not taken:
        raise (TokenUsed if found.used_at else TokenExpired)(hint=_again(), field="token")
    return found


def _again() -> str:
    return _("Look at the list again and confirm that.")


def _dataset(source: Workspace, by: User) -> Dataset:
    """Return the workspace's dataset, on which no work starts before the transaction ends."""
    found = Dataset.objects.select_for_update(of=("self",)).filter(runs=source.run).first()
    if found is None or _imported(found):
        raise NotSimulated(hint=_("Replay it without a reset."), field="reset")
    if not datasets.may_change(found, by):
        raise datasets.NotTheOwner(
            _("Only %(owner)s, who made '%(name)s', and admins may reset it.")
            % {"owner": found.created_by, "name": found.name}
        )
    return found


def _imported(dataset: Dataset) -> bool:
    versions = DatasetVersion.objects.filter(dataset=dataset)
    return versions.exclude(source=DatasetVersion.Source.SIMULATION).exists()
