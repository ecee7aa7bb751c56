"""Taking keys out of what a provider said before anybody reads it."""

from __future__ import annotations

import re

from forecastlab.lib import logs
from forecastlab.lib.redaction import redacted_text

LONGEST = 300
_SPACE = re.compile(r"\s+")


def redacted(text: str, *, key: str = "") -> str:
    """Return a text on one line of 300 characters at most, without keys."""
    plain = _SPACE.sub(" ", text).strip()
    if key:
        plain = plain.replace(key, logs.STRUCK)
    plain = redacted_text(plain)
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"
