from __future__ import annotations

import polars as pl
import pytest
from django.db import connection, transaction

from forecastlab.lib import frames

pytestmark = pytest.mark.django_db(transaction=True)

TABLE = """
CREATE TABLE frames_test (
    a bigint, b integer, c double precision, d real, e boolean, f real[], g text
)
"""


@pytest.fixture(autouse=True)
def table() -> object:
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        yield
        cursor.execute("DROP TABLE frames_test")


def frame(*, gaps: bool) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "a": [1, None if gaps else 2, -3],
            "b": [1, 2, None if gaps else 3],
            "c": [None if gaps else 0.5, -0.0, 1e300],
            "d": [0.25, 2.5, -1.0],
            "e": [True, None if gaps else False, False],
        },
        schema_overrides={"b": pl.Int32, "d": pl.Float32},
    )


@pytest.mark.parametrize("gaps", [False, True])
def test_what_is_copied_in_is_read_back(gaps: bool) -> None:
    sent = frame(gaps=gaps)

    rows = frames.copy_in("frames_test", sent.columns, [sent, sent.head(1)])

    assert rows == 4
    read = frames.read("SELECT a, b, c, d, e FROM frames_test WHERE b IS NULL OR b > $1", [1])
    assert read.equals(sent.tail(2))


@pytest.mark.parametrize("gaps", [False, True])
def test_what_is_read_does_not_depend_on_whether_parameters_are_bound(gaps: bool) -> None:
    sent = frame(gaps=gaps)
    frames.copy_in("frames_test", sent.columns, [sent])

    copied = frames.read("SELECT a, b, c, d, e FROM frames_test ORDER BY b")

    bound = frames.read("SELECT a, b, c, d, e FROM frames_test WHERE $1 > 0 ORDER BY b", [1])
    assert copied.equals(bound)
    assert copied.schema == bound.schema
    assert copied.equals(sent)


def test_arrays_and_texts_come_back(settings: object) -> None:
    sent = pl.DataFrame(
        {"a": [1, 2], "f": [[0.5, float("nan")], [1.0, 2.0]], "g": ["é", None]},
        schema_overrides={"f": pl.Array(pl.Float32, 2)},
    )

    frames.copy_in("frames_test", sent.columns, [sent])

    read = frames.read("SELECT a, f, g FROM frames_test ORDER BY a")
    assert read["f"].to_list()[1] == [1.0, 2.0]
    assert read["g"].to_list() == ["é", None]


def test_a_read_inside_a_transaction_sees_what_it_wrote() -> None:
    sent = frame(gaps=False)

    with transaction.atomic():
        frames.copy_in("frames_test", sent.columns, [sent])
        inside = frames.read("SELECT a, b, c, d, e FROM frames_test WHERE a > $1", [0])

    assert inside.equals(frames.read("SELECT a, b, c, d, e FROM frames_test WHERE a > $1", [0]))
    assert inside.equals(sent.head(2))


def test_a_failed_copy_leaves_no_rows() -> None:
    sent = frame(gaps=False)

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        frames.copy_in("frames_test", sent.columns, [sent])
        raise ZeroDivisionError

    assert frames.read("SELECT a FROM frames_test").is_empty()
