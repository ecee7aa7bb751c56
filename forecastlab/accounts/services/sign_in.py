from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.accounts.models import SignInTries, User
from forecastlab.lib.errors import HouseError

TRIES = 5  # of one user name from one address
TRIES_OF_ADDRESS = 50  # of one address with any user names
PAUSE = timedelta(minutes=15)


class WrongPassword(HouseError):
    """User name and password do not match."""

    code = "wrong_password"
    status = 422
    exit_code = 2


class TooManyTries(HouseError):
    """Too many tries."""

    code = "too_many_tries"
    title = "Sign-in pauses"
    status = 429
    exit_code = 2


@dataclass(frozen=True, slots=True)
class _Count:
    key: str
    limit: int


def sign_in(username: str, password: str, *, address: str, at: datetime) -> User:
    """Return the person whose name and password these are.

    A try is counted before the password is looked at, by a conditional update, so that tries sent
    at once cannot exceed the limit. An unknown name costs as long and says the same as a known one.
    """
    by_name = _Count(_key(username.casefold(), address), TRIES)
    by_address = _Count(_key("", address), TRIES_OF_ADDRESS)
    left = min(_count(by_name, at), _count(by_address, at))
    found = authenticate(None, username=username, password=password)
    if not isinstance(found, User) or not found.can_act:
        raise WrongPassword(_refusal(left), field="password")
    SignInTries.objects.filter(key=by_name.key).delete()
    SignInTries.objects.filter(key=by_address.key, count__gt=0).update(count=F("count") - 1)
    return found


def forget_old_tries(at: datetime) -> int:
    return SignInTries.objects.filter(last_at__lt=at - PAUSE).delete()[0]


def _count(count: _Count, at: datetime) -> int:
    """Count one more try and return how many are left; raises TooManyTries instead of one more."""
    SignInTries.objects.bulk_create([SignInTries(key=count.key, last_at=at)], ignore_conflicts=True)
    tries = SignInTries.objects.filter(key=count.key)
    tries.filter(last_at__lte=at - PAUSE).update(count=0)
    counted = tries.filter(count__lt=count.limit).update(count=F("count") + 1, last_at=at)
    if not counted:
        raise TooManyTries(_paused(), field="password")
    return count.limit - tries.values_list("count", flat=True)[0]


def _refusal(left: int) -> str:
    if not left:
        return _paused()
    return ngettext(
        "User name and password do not match. Check Caps Lock. "
        "%(left)d try left, then a %(pause)d minute pause.",
        "User name and password do not match. Check Caps Lock. "
        "%(left)d tries left, then a %(pause)d minute pause.",
        left,
    ) % {"left": left, "pause": _minutes()}


def _paused() -> str:
    return _("Too many tries. Try again in %(pause)d minutes.") % {"pause": _minutes()}


def _minutes() -> int:
    return PAUSE.seconds // 60


def _key(name: str, address: str) -> str:
    return hashlib.sha256(f"{name}\n{address}".encode()).hexdigest()
