"""What kept runs are called, and how much may be said of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from forecastlab.lib.errors import BadInput

# Of the slots of a story and of the keys of a config that a replay reads. Raise it in the commit
# that changes the shape of one of them; rows keep the number that they were written with, and
# whoever reads them copes with all numbers up to this one.
CONFIG_SCHEMA_VERSION = 2
LONGEST_NOTES, LONGEST_TAG, MOST_TAGS = 10_000, 40, 20

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


class WorkspaceNameUnusable(BadInput):
    """A workspace cannot be called that."""

    code = "workspace_name_unusable"


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
    return name
