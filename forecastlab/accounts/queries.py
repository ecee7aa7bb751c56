from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

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
