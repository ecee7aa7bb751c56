"""Arguments of tools as fields: each value can be changed in its place, and nothing else moves."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field

from agents.domain import argument_fields
from forecastlab.lib.tools import Arguments


class Where(Arguments):
    kind: Literal["store", "all"] = Field("all", description="Which.")
    value: str = ""


class Part(Arguments):
    where: Where = Where()
    share: float | None = None
    first: str | int | None = None
    days: list[str | int] | None = None


class Whole(Arguments):
    parts: list[Part]
    name: str = Field("", description="What it is called.")
    limit: int = 5
    is_kept: bool = False
    tags: list[str] = Field(default_factory=list)
    notes: str = ""


GIVEN = Whole(parts=[Part(share=-0.1, first=3), Part()], notes="a\nb").model_dump(mode="json")
FIELDS = argument_fields.fields(Whole.model_json_schema(), GIVEN)


def read(**texts: str) -> dict[str, object]:
    found = {one.place: one.read(texts.get(one.name, one.text)) for one in FIELDS}
    return argument_fields.changed(GIVEN, found)


def test_each_value_has_a_field_of_its_kind() -> None:
    kinds = {one.name: one.kind for one in FIELDS}

    assert kinds == {
        **{f"parts.{number}.where.kind": "choice" for number in (0, 1)},
        **{f"parts.{number}.where.value": "text" for number in (0, 1)},
        **{f"parts.{number}.share": "number" for number in (0, 1)},
        **{f"parts.{number}.first": "text" for number in (0, 1)},
        **{f"parts.{number}.days": "lines" for number in (0, 1)},
        "name": "text",
        "limit": "number",
        "is_kept": "yes",
        "tags": "lines",
        "notes": "long",
    }
    assert next(one.about for one in FIELDS if one.name == "name") == "What it is called."


def test_only_what_differs_is_named_in_words() -> None:
    after = Whole.model_validate({**GIVEN, "limit": 6, "tags": ["north"]}).model_dump(mode="json")
    after["parts"][0]["share"] = -0.2

    found = [
        (argument_fields.words(place), was, now)
        for place, was, now in argument_fields.differences(GIVEN, after)
    ]

    assert found == [("parts 1 share", -0.1, -0.2), ("limit", 5, 6), ("tags", [], ["north"])]


def test_what_is_left_as_it_is_shown_stays_to_the_byte() -> None:
    assert read() == {}
    assert read(notes="a\r\nb") == {}


@pytest.mark.parametrize(
    ("name", "text", "place", "value"),
    [
        ("parts.0.share", "-0.15", ("parts", 0, "share"), -0.15),
        ("parts.0.share", "", ("parts", 0, "share"), None),
        ("parts.1.share", "0.2", ("parts", 1, "share"), 0.2),
        ("parts.0.first", "4", ("parts", 0, "first"), 4),
        ("parts.0.first", "2026-01-01", ("parts", 0, "first"), "2026-01-01"),
        ("parts.1.where.kind", "store", ("parts", 1, "where", "kind"), "store"),
        ("parts.1.days", "1\n\n 2026-01-02 ", ("parts", 1, "days"), ["1", "2026-01-02"]),
        ("limit", "7", ("limit",), 7),
        ("is_kept", "true", ("is_kept",), True),
        ("tags", "north\r\nsouth", ("tags",), ["north", "south"]),
        ("name", "", ("name",), ""),
    ],
)
def test_a_change_moves_one_value(name: str, text: str, place: tuple, value: object) -> None:
    bound = Whole.model_validate({**GIVEN, **read(**{name: text})}).model_dump(mode="json")

    found = bound
    for step in place:
        found = found[step]
    assert found == value
    differs = [
        one.name
        for one in argument_fields.fields(Whole.model_json_schema(), bound)
        if one.text != {each.name: each.text for each in FIELDS}[one.name]
    ]
    assert differs == ([name] if (name, text) != ("name", "") else [])
