from __future__ import annotations

import pytest

from forecastlab.lib import texts


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("017", 17),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("", None),
        ("-1", None),
        ("1.0", None),
        ("\u0663", None),
    ],
)
def test_a_number_is_written_in_plain_digits_and_fits_a_column(
    text: str, number: int | None
) -> None:
    assert texts.number(text) == number
