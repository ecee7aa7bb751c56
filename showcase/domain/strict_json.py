"""JSON from elsewhere: not too deep, one value a key, nothing that cannot be stored."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from showcase.domain.bundle_members import BundleRefused

DEEPEST = 32
# Never fails once begun, so that a text of quotes alone is gone through once.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")


def loads(content: bytes, file: str) -> Any:
    """Return the value. Raises BundleRefused, which names the file."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise BundleRefused("json_encoding", f"{file} is not UTF-8.", entry=file) from error
    if _depth(text) > DEEPEST:
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


def _depth(text: str) -> int:
    """Return how deep brackets are nested, without parsing: a parser would recurse."""
    deepest = depth = 0
    for bracket in _BRACKETS.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


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
