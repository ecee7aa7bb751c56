from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils.crypto import constant_time_compare

from forecastlab.accounts.models import Profile, Token, User


@dataclass(frozen=True, slots=True)
class AccountPage:
    profile: Profile
    tokens: Sequence[Token]


def account_page(owner: User, *, at: datetime) -> AccountPage:
    tokens = Token.objects.visible_to(owner).usable(at).order_by("-created_at")
    return AccountPage(profile=profile_of(owner), tokens=list(tokens))


def profile_of(owner: User) -> Profile:
    """Return the stored profile, else an unsaved one with the defaults."""
    return Profile.objects.filter(user=owner).first() or Profile(user=owner)


def still_signed_in(user_id: int, session_key: str) -> bool:
    """Say whether this session still belongs to this person.

    False after sign-out, a new password, `people.close`, "sign out everywhere" or expiry.
    """
    stored = SessionStore(session_key=session_key).load() if session_key else {}
    if str(stored.get(SESSION_KEY)) != str(user_id) or BACKEND_SESSION_KEY not in stored:
        return False
    person = User.objects.filter(pk=user_id, is_active=True).first()
    return person is not None and constant_time_compare(
        stored.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash()
    )
