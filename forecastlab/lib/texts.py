"""What a text of a request may hold: what PostgreSQL can keep, and numbers that fit a column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.lib.errors import BadInput

MOST_DIGITS = 18
# Embeddings, overrides and isolates (Unicode Standard Annex 9).
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


class TextUnusable(BadInput):
    """A text holds a zero byte or half a character."""

    code = "text_unusable"


def check(value: Any, *, field: str = "") -> None:
    """Raise TextUnusable, naming the field, for a text anywhere in `value` that cannot be kept."""
    match value:
        case str() if not _is_usable(value):
            raise TextUnusable(field=field.encode("ascii", "replace").decode(), hint=_advice())
        case Mapping():
            for name, one in value.items():
                check(str(name), field=field)
                check(one, field=field or str(name))
        case list() | tuple():
            for one in value:
                check(one, field=field)


def kept(text: str) -> str:
    """Return a text without zero bytes and half characters, for what nobody can be asked anew."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def number(text: str) -> int | None:
    """Return the whole number from 0 that a text writes in at most 18 digits; None for another."""
    written = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if written else None


def _is_usable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= one <= "\udfff" for one in text)


def _advice() -> str:
    return _("Leave such characters out.")


def unturned(text: str) -> str:
    """Return a text without the marks that turn the direction of what follows, a sign in the place
    of each: what people decide by reads as it is stored.
    """
    return _TURNS.sub("\N{REPLACEMENT CHARACTER}", text)
