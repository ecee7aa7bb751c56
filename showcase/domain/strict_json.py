"""JSON from elsewhere: not too deep or too much, one value a key, nothing that cannot be stored."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from showcase.domain.bundle_members import BundleRefused

DEEPEST, MOST_VALUES = 32, 1_000_000
# A string or a bracket. A string never fails once begun, so that each character is read once.
_PARTS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


def loads(content: bytes, file: str) -> Any:
    """Return the value. Raises BundleRefused, which names the file."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise BundleRefused("json_encoding", f"{file} is not UTF-8.", entry=file) from error
    if text.count(",") > MOST_VALUES:
        message = f"{file} holds more than {MOST_VALUES:,} values."
        raise BundleRefused("json_values", message, entry=file)
    if _is_deep(text):
        message = f"{file} is nested more than {DEEPEST} levels deep."
        raise BundleRefused("json_depth", message, entry=file)
    try:
        value = json.loads(
            text, object_pairs_hook=_pairs, parse_constant=_no_constant, parse_float=_finite
        )
    except ValueError as error:
        message = f"{file} is not JSON that can be read: {error}."
        raise BundleRefused("json_invalid", message, entry=file) from error
    if not _can_be_stored(value):
        message = f"{file} holds text that cannot be stored (a NUL character or half a character)."
        raise BundleRefused("json_text", message, entry=file)
    return value


def _is_deep(text: str) -> bool:
    """Say whether brackets are nested too deep, without parsing: a parser would recurse."""
    depth = 0
    for part in _PARTS.finditer(text):
        if part[0][0] != '"':
            depth += 1 if part[0] in "[{" else -1
        if depth > DEEPEST:
            return True
    return False


def _pairs(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key '{key[:80]}' is there twice")
        found[key] = value
    return found


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number of JSON")


def _finite(word: str) -> float:
    value = float(word)
    if not math.isfinite(value):
        raise ValueError(f"{word[:40]} is too large a number")
    return value


def _can_be_stored(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not re.search("[\ud800-\udfff]", value)
    if isinstance(value, dict):
        return all(_can_be_stored(one) for pair in value.items() for one in pair)
    return not isinstance(value, list) or all(map(_can_be_stored, value))
