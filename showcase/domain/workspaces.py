"""What kept runs are called, and what may be said of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from forecastlab.lib.errors import BadInput

# Of the slots of a story and of the keys of a config that a replay reads. Raise it in the commit
# that changes the shape of one of them; rows keep the number that they were written with, and
# whoever reads them copes with all numbers up to this one.
CONFIG_SCHEMA_VERSION = 2
# Slots of a story that other apps fill, and those that the showcase does.
CONTRIBUTED_SLOTS = ("approval_events", "knowledge_events")
SLOTS = ("seed_overrides", "user_scope", *CONTRIBUTED_SLOTS, "job_ids", "phase_summaries")
LONGEST_NOTES, LONGEST_TAG, MOST_TAGS = 10_000, 40, 20

# Words that stand in an address where the name of a workspace does.
RESERVED = {"bulk", "compare", "import", "tags"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_KEY = re.compile(r"[0-9a-f]{32}")  # what names another one for good


class WorkspaceNameUnusable(BadInput):
    """A workspace cannot be called that."""

    code = "workspace_name_unusable"


class CurationUnusable(BadInput):
    """This cannot be said of a workspace."""

    code = "curation_unusable"


def wanted(options: Mapping[str, Any]) -> str | None:
    """Return the name under which a run is to be kept, None for a run that is not.

    An empty name, asked for by a mere True, stands for the run's number. Raises
    WorkspaceNameUnusable.
    """
    keep = options.get("keep")
    if keep is True:
        return ""
    return checked(str(keep)) if keep else None


def checked(name: str, *, field: str = "keep") -> str:
    if not _NAME.fullmatch(name):
        raise WorkspaceNameUnusable(
            f"'{name}' is not a name for a workspace. Use up to 100 lower-case letters, digits, "
            "'-' and '_', starting with a letter or digit.",
            field=field,
        )
    if name in RESERVED or _KEY.fullmatch(name):
        raise WorkspaceNameUnusable(f"No workspace can be called '{name}'.", field=field)
    return name


def changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an edit sets, field by field, as it will be stored; what is left out stays.

    Notes that are None are cleared. Raises CurationUnusable or WorkspaceNameUnusable naming the
    field.
    """
    for field in given:
        if field not in _CHECKS:
            raise CurationUnusable(
                f"'{field}' is nothing that an edit sets.",
                hint=f"It sets {', '.join(_CHECKS)}.",
                field=field,
            )
    return {field: _CHECKS[field](value) for field, value in given.items()}


def tags(value: Any) -> list[str]:
    """Return tags without blanks around them, each once whatever its case; raises as `changes`."""
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise CurationUnusable("Tags are a list of texts.", field="tags")
    found: dict[str, str] = {}
    for one in value:
        tag = " ".join(one.split())
        found.setdefault(tag.casefold(), _tag(tag))
    if len(found) > MOST_TAGS:
        raise CurationUnusable(
            f"A workspace has at most {MOST_TAGS} tags; these are {len(found)}.", field="tags"
        )
    return list(found.values())


def _tag(tag: str) -> str:
    if not tag or len(tag) > LONGEST_TAG or "," in tag or not tag.isprintable():
        raise CurationUnusable(
            f"'{tag}' is not a tag. Use 1 to {LONGEST_TAG} characters without a comma.",
            field="tags",
        )
    return tag


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise CurationUnusable("A workspace always has a name.", field="name")
    return checked(value, field="name")


def _notes(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise CurationUnusable("Notes are a text.", field="notes")
    notes = value.replace("\r\n", "\n")
    if len(notes) > LONGEST_NOTES:
        raise CurationUnusable(
            f"Notes have at most {LONGEST_NOTES:,} characters; these have {len(notes):,}.",
            field="notes",
        )
    return notes


def _flag(field: str) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        if not isinstance(value, bool):
            raise CurationUnusable(f"'{field}' is true or false.", field=field)
        return value

    return check


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "name": _name,
    "notes": _notes,
    "tags": tags,
    "pinned": _flag("pinned"),
    "archived": _flag("archived"),
}
