"""Short signs for models, so that a map can be read without its colours."""

from __future__ import annotations

import re
from collections.abc import Mapping

LITTLE = frozenset({"of", "the", "and"})


def letters(titles: Mapping[str, str]) -> dict[str, str]:
    """Return a sign of at most three letters for each name, from its title; no two are equal.

    Of one word the first two letters, of several the first of each: "SES × weekday" is SW and
    "Mean of the best" is MB.
    """
    signs: dict[str, str] = {}
    for name, title in titles.items():
        words = [one for one in re.findall(r"\w+", title) if one.lower() not in LITTLE]
        sign = "".join(word[0] for word in words[:3]) if len(words) > 1 else title[:2]
        signs[name] = _unused(sign.upper(), set(signs.values()))
    return signs


def _unused(sign: str, used: set[str]) -> str:
    number = 2
    found = sign
    while found in used:
        found, number = f"{sign[:2]}{number}", number + 1
    return found
