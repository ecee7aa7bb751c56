"""Run presets: how somebody likes to start runs, saved by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from forecastlab.accounts.models import User
from forecastlab.lib.errors import BadInput, NotFound
from showcase.models import RunPreset
from showcase.services import configs

LONGEST_NAME = 100
# What belongs to one run, and not to how runs are started; and what deletes.
NOT_KEPT = frozenset({"keep", "name", "reset"})


class NoSuchPreset(NotFound):
    """You have no such run preset."""

    code = "no_such_preset"


class PresetNameUnusable(BadInput):
    """A run preset cannot be called that."""

    code = "preset_name_unusable"


def listed(by: User) -> list[RunPreset]:
    return list(RunPreset.objects.visible_to(by).order_by("name"))


def named(name: str, *, by: User) -> RunPreset:
    """Return somebody's preset of that name; raises NoSuchPreset, naming those there are."""
    found = RunPreset.objects.visible_to(by).filter(name=name).first()
    if found is None:
        own = ", ".join(one.name for one in listed(by))
        hint = f"Yours: {own}." if own else "You have saved none yet."
        raise NoSuchPreset(f"You have no run preset '{name}'.", hint=hint, field="preset")
    return found


def save(name: str, options: Mapping[str, Any], *, by: User, at: datetime) -> RunPreset:
    """Keep options under a name, instead of what was kept under it.

    They are checked as those of a run that starts now; raises what that raises.
    """
    called = checked_name(name)
    kept = {key: value for key, value in options.items() if key not in NOT_KEPT}
    configs.prepare(kept, by=by, at=at)
    preset, _made = RunPreset.objects.update_or_create(
        created_by=by,
        name=called,
        defaults={
            "options": {key: _plain(value) for key, value in kept.items()},
            "created_at": at,
        },
    )
    return preset


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def checked_name(name: str) -> str:
    called = " ".join(name.split())
    in_address = "/" not in called and called.strip(".")
    if not in_address or len(called) > LONGEST_NAME or not called.isprintable():
        raise PresetNameUnusable(
            f"A preset's name has 1 to {LONGEST_NAME} characters, no slash and not dots alone.",
            field="preset_name",
        )
    return called


def delete(name: str, *, by: User) -> None:
    """Forget a preset; raises NoSuchPreset."""
    named(name, by=by).delete()
