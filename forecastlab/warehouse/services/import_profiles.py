"""Import profiles: how somebody's files of one shape are read, saved by name and reused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from forecastlab.accounts.models import User
from forecastlab.lib.errors import BadInput, NotFound
from forecastlab.warehouse.domain import mapping
from forecastlab.warehouse.domain.options import Options
from forecastlab.warehouse.models import ImportProfile

LONGEST_NAME = 100
# What belongs to one file or one decision, and not to how files of a shape are read.
NOT_KEPT = frozenset({"guess", "mode", "test", "stores", "products", "calendar"})


class ProfileUnknown(BadInput):
    """You have no such import profile."""

    code = "profile_unknown"


class ProfileNameUnusable(BadInput):
    """An import profile cannot be called that."""

    code = "profile_name_unusable"


class ProfileGone(NotFound):
    """You have no such import profile: it may have been deleted."""

    code = "profile_gone"


def listed(by: User) -> list[ImportProfile]:
    return list(ImportProfile.objects.visible_to(by).order_by("name"))


def named(name: str, *, by: User) -> ImportProfile:
    """Return somebody's profile of that name; raise ProfileUnknown, naming those there are."""
    found = ImportProfile.objects.visible_to(by).filter(name=name).first()
    if found is None:
        own = ", ".join(one.name for one in listed(by))
        hint = f"Yours: {own}." if own else "You have saved none yet."
        raise ProfileUnknown(f"You have no import profile '{name}'.", hint=hint, field="profile")
    return found


def matching(headings: Sequence[str], *, by: User) -> ImportProfile | None:
    """Return the newest profile of somebody for a file with these columns, in whatever order."""
    own = ImportProfile.objects.visible_to(by).order_by("-created_at", "-pk")
    return next((one for one in own if sorted(one.headings) == sorted(headings)), None)


def save(
    name: str, headings: Sequence[str], options: Options, *, by: User, at: datetime
) -> ImportProfile:
    """Keep how a file is read, instead of what was kept under that name."""
    called = checked_name(name)
    kept = {key: value for key, value in asdict(options).items() if key not in NOT_KEPT}
    profile, _made = ImportProfile.objects.update_or_create(
        created_by=by,
        name=called,
        defaults={"headings": list(headings), "options": kept, "created_at": at},
    )
    return profile


def checked_name(name: str) -> str:
    called = " ".join(name.split())
    if not called or len(called) > LONGEST_NAME or not called.isprintable():
        raise ProfileNameUnusable(
            f"A profile's name has 1 to {LONGEST_NAME} characters.", field="profile_name"
        )
    return called


def delete(pk: int, *, by: User) -> str:
    """Forget a profile and return its name; raise ProfileGone when it is not somebody's own."""
    found = ImportProfile.objects.visible_to(by).filter(pk=pk).first()
    if found is None:
        raise ProfileGone
    found.delete()
    return found.name


def options_of(profile: ImportProfile) -> Options:
    """Return how the files of a profile are read: its columns, and no guesses beside them."""
    known = {one.name for one in fields(Options)} - NOT_KEPT
    kept = {key: value for key, value in profile.options.items() if key in known}
    return Options(**kept, guess=False)


def completed(said: Mapping[str, Any], name: str, *, by: User) -> Options:
    """Return options from what was said of them and, for the rest, a profile of somebody's own.

    A column or role that `placed` and `signals` speak of is not that of the profile. Raises
    ProfileUnknown and MappingUnusable.
    """
    if not name:
        return Options(**said)
    base = options_of(named(name, by=by))
    return replace(base, **{**said, **_columns(base, Options(**said))})


def _columns(base: Options, said: Options) -> dict[str, Any]:
    placed = [mapping.parse_placed(one) for one in said.placed]
    signals = [mapping.parse_signal(one) for one in said.signals]
    columns = {one.column for one in placed} | {one.column for one in signals}
    roles = {one.role for one in placed}
    rest = [(text, mapping.parse_placed(text)) for text in base.placed]
    kept = [text for text, one in rest if one.role not in roles and one.column not in columns]
    others = [one for one in base.signals if mapping.parse_signal(one).column not in columns]
    return {"placed": [*said.placed, *kept], "signals": [*said.signals, *others]}
