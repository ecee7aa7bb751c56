"""What the files of a bundle must look like: each value checked for type, length and range.

A check takes a value and returns it, or what it stands for; it raises ValueError saying what is
wrong. `fields` checks the keys of an object; keys that it does not know are left out. `known`
keeps those, if they are plain: short enough texts and keys, numbers that a database holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any

Check = Callable[[Any], Any]
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
SMALL, LARGE = 2**15 - 1, 2**63 - 1
LONGEST_KEY, LONGEST_TEXT = 300, 100_000


def text(most: int) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most:
            raise ValueError(f"is no text of up to {most} characters")
        return value

    return check


def word(most: int) -> Check:
    """Text of one line, without what a terminal or a page takes for an order."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most or not value.isprintable():
            raise ValueError(f"is no text of up to {most} printable characters")
        return value

    return check


def matching(pattern: str, what: str) -> Check:
    known = re.compile(pattern)

    def check(value: Any) -> str:
        if not isinstance(value, str) or not known.fullmatch(value):
            raise ValueError(f"is not {what}")
        return value

    return check


def one_of(words: Collection[str]) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"is none of {', '.join(sorted(words))}")
        return value

    return check


def whole(most: int = LARGE) -> Check:
    def check(value: Any) -> int:
        if type(value) is not int or not 0 <= value <= most:
            raise ValueError(f"is not a whole number from 0 to {most}")
        return value

    return check


def number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:
        raise ValueError("is not a number")
    return float(value)


def seconds(value: Any) -> float:
    found = number(value)
    if not 0 <= found <= 1e9:
        raise ValueError("is not a number of seconds from 0 to a billion")
    return found


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false")
    return value


def mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("is not an object")
    return value


def plain(value: Any) -> Any:
    """Return a value of any shape of which every part can be stored and shown."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise ValueError(f"holds a text of more than {LONGEST_TEXT:,} characters")
    if isinstance(value, int) and abs(value) > LARGE:
        raise ValueError(f"holds a number of more than {LARGE}")
    if isinstance(value, dict):
        for key, one in value.items():
            plain_key(key)
            plain(one)
    if isinstance(value, list):
        for one in value:
            plain(one)
    return value


def scalar(value: Any) -> Any:
    if isinstance(value, dict | list):
        raise ValueError("is neither a text, a number nor true or false")
    return plain(value)


def day(value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError("is not a day such as 2026-11-21") from None


def moment(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value)
        if not EARLIEST <= found <= LATEST:
            raise ValueError
    except (TypeError, ValueError):
        raise ValueError("is not a time such as 2026-11-21T10:00:00+00:00") from None
    return found


def optional(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def list_of(check: Check, *, most: int) -> Check:
    def checked(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) > most:
            raise ValueError(f"is not a list of up to {most}")
        return [_within(f"number {place}", check, one) for place, one in enumerate(value, start=1)]

    return checked


def fields(checks: Mapping[str, Check]) -> Check:
    def checked(value: Any) -> dict[str, Any]:
        given = mapping(value)
        return {key: _within(f"'{key}'", check, given.get(key)) for key, check in checks.items()}

    return checked


def known(checks: Mapping[str, Check], *, needed: Collection[str] = ()) -> Check:
    """Check those keys that are there and keep all; `needed` ones must be there."""

    def checked(value: Any) -> dict[str, Any]:
        given = mapping(value)
        for key in needed:
            if key not in given:
                raise ValueError(f"'{key}' is missing")
        return {
            plain_key(key): _within(f"'{key}'", checks.get(key, plain), one)
            for key, one in given.items()
        }

    return checked


def plain_key(key: str) -> str:
    if len(key) > LONGEST_KEY:
        raise ValueError(f"holds a key of more than {LONGEST_KEY} characters")
    return key


def values(check: Check, *, most: int) -> Check:
    """Check every value of an object, whatever its key."""

    def checked(value: Any) -> dict[str, Any]:
        given = mapping(value)
        if len(given) > most:
            raise ValueError(f"has more than {most} keys")
        return {plain_key(key): _within(f"'{key}'", check, one) for key, one in given.items()}

    return checked


def _within(where: str, check: Check, value: Any) -> Any:
    try:
        return check(value)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


HEX_KEY = matching("[0-9a-f]{32}", "a key of 32 hexadecimal digits")
HASH = matching("([0-9a-f]{64})?", "a SHA-256")
