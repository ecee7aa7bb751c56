from __future__ import annotations

from forecastlab.accounts.models import Profile, User


def save(owner: User, *, theme: str, language: str, time_zone: str, has_shortcuts: bool) -> Profile:
    """Store how `owner` wants the pages."""
    chosen = {
        "theme": theme,
        "language": language,
        "time_zone": time_zone,
        "has_shortcuts": has_shortcuts,
    }
    return Profile.objects.update_or_create(user=owner, defaults=chosen)[0]
