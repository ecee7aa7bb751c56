"""The arguments of a tool as fields that people can fill in, and back.

A field is one value inside the arguments, however deep; its place is the names and numbers that
lead to it. What has no one value (a mapping with names of its own, a list of objects that is empty)
has no field and stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Place = tuple[str | int, ...]
LONG = 120


@dataclass(frozen=True, slots=True)
class ArgumentField:
    """One value with what its schema says; `kind` is text, long, lines, number, yes or choice."""

    place: Place
    value: Any
    kind: str
    about: str = ""
    choices: Sequence[Any] = ()
    may_be_empty: bool = False

    @property
    def name(self) -> str:
        return ".".join(str(one) for one in self.place)

    @property
    def text(self) -> str:
        """Return the value as it stands in its field."""
        if self.value is None:
            return ""
        if self.kind == "lines":
            return "\n".join(str(one) for one in self.value)
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)

    def read(self, text: str) -> Any:
        """Return what a field holds; what was left as it is keeps its value and its type."""
        text = text.replace("\r\n", "\n")
        if text == self.text:
            return self.value
        if self.kind == "lines":
            return [line.strip() for line in text.split("\n") if line.strip()]
        if self.kind == "choice":
            return next((one for one in self.choices if str(one) == text), text or None)
        if not text.strip() and self.may_be_empty:
            return None
        return _like(self.value, text)


def fields(schema: Mapping[str, Any], values: Mapping[str, Any]) -> list[ArgumentField]:
    """Return the fields of arguments by the JSON schema of their model, in its order."""
    given = schema.get("properties", {})
    found: list[ArgumentField] = []
    for name in (one for one in given if one in values):
        found += _fields(_Node((name,), given[name], schema.get("$defs", {})), values[name])
    return found


def changed(values: Mapping[str, Any], read: Mapping[Place, Any]) -> dict[str, Any]:
    """Return the arguments in which something is another value now, whole."""
    told: dict[str, Any] = {}
    for place, value in read.items():
        if _at(values, place) != value or type(_at(values, place)) is not type(value):
            top = str(place[0])
            told[top] = _with(told.get(top, values[top]), place[1:], value)
    return told


def differences(before: Any, after: Any, place: Place = ()) -> Iterator[tuple[Place, Any, Any]]:
    """Give each value that differs, with its place; what is longer or shorter differs whole."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            yield from differences(before.get(name), after.get(name), (*place, str(name)))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, (*place, number))
    else:
        yield place, before, after


def words(place: Place) -> str:
    """Return a place as people read it: `assumptions 1 change pct`."""
    return " ".join(
        str(one + 1) if isinstance(one, int) else one.replace("_", " ") for one in place
    )


@dataclass(frozen=True, slots=True)
class _Node:
    place: Place
    schema: Mapping[str, Any]
    defs: Mapping[str, Any]

    def inside(self, name: str | int, schema: Mapping[str, Any]) -> _Node:
        return _Node((*self.place, name), schema, self.defs)

    @property
    def options(self) -> list[Mapping[str, Any]]:
        """Return what it may be, without references."""
        given = self.schema.get("anyOf") or self.schema.get("allOf") or [self.schema]
        return [self.defs.get(str(one.get("$ref", ""))[8:], one) for one in given]

    @property
    def kept(self) -> list[Mapping[str, Any]]:
        return [one for one in self.options if one.get("type") != "null"]


def _fields(node: _Node, value: Any) -> Iterator[ArgumentField]:
    kept = node.kept
    schema = kept[0] if kept else {}
    if isinstance(value, Mapping):
        for name, inner in schema.get("properties", {}).items():
            yield from _fields(node.inside(name, inner), value.get(name))
    elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
        for number, one in enumerate(value):
            yield from _fields(node.inside(number, schema.get("items", {})), one)
    elif _is_plain(schema, node.defs):
        yield _field(node, kept, value)


def _is_plain(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> bool:
    """Whether it is one value, or a list of such."""
    if schema.get("type") == "array":
        items = schema.get("items", {})
        return "$ref" not in items and items.get("type") not in {"object", "array"}
    return schema.get("type") != "object" and "const" not in schema


def _field(node: _Node, kept: Sequence[Mapping[str, Any]], value: Any) -> ArgumentField:
    schema = kept[0]
    return ArgumentField(
        place=node.place,
        value=value,
        kind=_kind(kept, value),
        about=str(node.schema.get("description") or schema.get("description") or ""),
        choices=list(schema.get("enum", ())),
        may_be_empty=len(kept) < len(node.options),
    )


def _kind(kept: Sequence[Mapping[str, Any]], value: Any) -> str:
    schema, types = kept[0], {one.get("type") for one in kept}
    if "enum" in schema:
        return "choice"
    if types == {"boolean"}:
        return "yes"
    if types == {"array"}:
        return "lines"
    if types <= {"integer", "number"}:
        return "number"
    text = str(value or "")
    return "long" if len(text) > LONG or "\n" in text else "text"


def _like(value: Any, text: str) -> Any:
    """Return a text as a number where the value was one; the tool's own model says if it may be."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _at(values: Any, place: Place) -> Any:
    found = values
    for step in place:
        found = found.get(step) if isinstance(found, Mapping) else found[step]
    return found


def _with(values: Any, place: Place, value: Any) -> Any:
    """Return a copy with another value at a place."""
    if not place:
        return value
    step, rest = place[0], place[1:]
    if isinstance(values, Mapping):
        return {**values, step: _with(values.get(step), rest, value)}
    return [_with(one, rest, value) if n == step else one for n, one in enumerate(values)]
