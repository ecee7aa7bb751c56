from __future__ import annotations

import re

from forecastlab.lib.errors import BadInput

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


class NameUnusable(BadInput):
    """The name cannot be used."""

    code = "name_unusable"


def checked(name: str) -> str:
    """Return the name of a dataset; raise NameUnusable when it is not a slug."""
    if not _NAME.fullmatch(name):
        raise NameUnusable(
            f"'{name}' is not a name for a dataset. Use up to 100 lower-case letters, digits, "
            "'-' and '_', starting with a letter or digit.",
            field="name",
        )
    return name


def is_usable(name: str) -> bool:
    return bool(_NAME.fullmatch(name))


def deleted(name: str) -> str:
    """Return what stands for the name of a dataset that is gone: no dataset can be called so."""
    return f"{name} (deleted)"
