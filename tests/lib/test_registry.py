from __future__ import annotations

from dataclasses import dataclass

import pytest

from forecastlab.lib import anchors, registry
from forecastlab.lib.contributions import EventStream, HealthCheck


@dataclass(frozen=True)
class Row:
    name: str
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


def names(*rows: Row) -> list[str]:
    return [row.name for row in anchors.ordered(rows)]


def test_rows_stand_after_and_before_their_anchors() -> None:
    rows = Row("verify", after=("train",)), Row("train"), Row("seed", before=("train",))

    assert names(*rows) == ["seed", "train", "verify"]


def test_ties_are_broken_by_name_whatever_the_order_of_declaration() -> None:
    rows = [Row("c"), Row("a"), Row("b", after=("a",))]

    assert names(*rows) == names(*reversed(rows)) == ["a", "b", "c"]


def test_an_unknown_anchor_is_named() -> None:
    with pytest.raises(anchors.AnchorError, match="'train' is anchored to the unknown 'sed'"):
        names(Row("train", after=("sed",)))


def test_a_cycle_is_named() -> None:
    with pytest.raises(anchors.AnchorError, match=r"a -> b -> a|b -> a -> b"):
        names(Row("a", after=("b",)), Row("b", after=("a",)))


def test_a_second_row_of_one_name_is_named() -> None:
    with pytest.raises(anchors.AnchorError, match="two items are named 'a'"):
        names(Row("a"), Row("a"))


def test_a_temporary_contribution_is_found_and_goes() -> None:
    stream = EventStream("thing", lambda user, key: True)

    with registry.contributing("event_streams", stream, "not a stream"):
        inside = registry.contributed("event_streams", EventStream)
    outside = registry.contributed("event_streams", EventStream)

    assert ("temporary", stream) in inside
    assert stream not in [item for _, item in outside]


def test_a_contribution_belongs_to_its_module_and_type() -> None:
    with registry.contributing("event_streams", HealthCheck("x", lambda: "")):
        found = registry.contributed("health_checks", HealthCheck)

    assert "x" not in [item.name for _, item in found]


def test_contributions_that_begin_together_end_apart() -> None:
    one, two = HealthCheck("one", lambda: ""), HealthCheck("two", lambda: "")

    with registry.contributing("health_checks", one):
        with registry.contributing("health_checks", two):
            pass
        found = [item for _, item in registry.contributed("health_checks", HealthCheck)]

    assert one in found
    assert two not in found
