from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.accounts.models import SignInLink, User
from forecastlab.accounts.services import people, secrets
from forecastlab.lib.errors import BadInput, Conflict, NotAllowed

LIFETIME = timedelta(minutes=10)


class LinksAreOff(BadInput):
    """Sign-in links exist only with the embedded services: sign in with user name and password."""

    code = "links_are_off"


class LinkSpent(Conflict):
    """This link was used, has expired or never was."""

    code = "link_spent"


class NotThisMachine(NotAllowed):
    """A sign-in link works only on the machine that ForecastLab runs on."""

    code = "not_this_machine"


@dataclass(frozen=True, slots=True)
class Link:
    path: str
    expires_at: datetime


def issue(username: str, *, at: datetime) -> Link:
    """Make a link that signs `username` in once, within ten minutes, on this machine."""
    _require_embedded()
    person = people.actor(username, field="user")
    secret = secrets.make()
    stored = SignInLink.objects.create(
        user=person, digest=secrets.digest(secret), created_at=at, expires_at=at + LIFETIME
    )
    return Link(reverse("accounts:sign-in-link", args=[secret]), stored.expires_at)


def spend(secret: str, *, address: str, at: datetime) -> User:
    """Return the person of a link and burn it: of two uses at once only one succeeds."""
    _require_embedded()
    if not _is_loopback(address):
        raise NotThisMachine
    # Only columns of the row itself: a condition on the user's row would become a subquery, which
    # a second use does not evaluate again after it has waited for the first.
    link = SignInLink.objects.filter(digest=secrets.digest(secret))
    burnt = link.filter(used_at=None, expires_at__gt=at).update(used_at=at)
    person = link.get().user if burnt == 1 else None
    if person is None or not person.can_act:
        raise LinkSpent(hint=_("'scripts/lab sign_in_link USER' prints a new one."))
    return person


def _require_embedded() -> None:
    if not settings.FORECASTLAB_EMBEDDED:
        raise LinksAreOff


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
