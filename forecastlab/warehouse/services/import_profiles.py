"""Import profiles: how somebody's files of one shape are read, saved by name and reused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from forecastlab.accounts.models import User
from forecastlab.lib.errors import BadInput, NotFound
from forecastlab.warehouse.domain import mapping
from forecastlab.warehouse.models import ImportProfile
from forecastlab.warehouse.services.imports import Options

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


def completed(options: Options, name: str, *, by: User) -> Options:
    """Fill in from somebody's profile what the options leave as it is; what they say wins."""
    if not name:
        return options
    base = options_of(named(name, by=by))
    usual = asdict(Options())
    said = {key: value for key, value in asdict(options).items() if value != usual[key]}
    said["placed"], said["signals"] = _together(base, options)
    return replace(base, **_plain(said))


def _together(base: Options, options: Options) -> tuple[list[str], list[str]]:
    """Put given columns before those of the profile that they do not speak of."""
    placed = [mapping.parse_placed(one) for one in options.placed]
    signals = [mapping.parse_signal(one) for one in options.signals]
    columns = {one.column for one in placed} | {one.column for one in signals}
    roles = {one.role for one in placed}
    kept_placed = [
        text
        for text in base.placed
        if (one := mapping.parse_placed(text)).role not in roles and one.column not in columns
    ]
    kept_signals = [
        text for text in base.signals if mapping.parse_signal(text).column not in columns
    ]
    return [*options.placed, *kept_placed], [*options.signals, *kept_signals]


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    said.pop("guess", None)
    return said
