"""What kept runs are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from forecastlab.lib.errors import BadInput

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
