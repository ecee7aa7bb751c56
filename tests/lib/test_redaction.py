"""Secrets at any depth, under any name, in any text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from forecastlab.lib.redaction import DEEP, MANY, is_secret_name, mask, redact, redacted_text

SECRET = "hunter2-0451"
CARD, IBAN = "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"


def nested(value: Any, *, deep: int) -> Any:
    for _ in range(deep):
        value = [{"in": value}]
    return value


HIDING_PLACES = {
    "a name": {"password": SECRET},
    "a name of another case": {"dbPassword": SECRET, "API-Key": SECRET, "clientSecret": SECRET},
    "a list": {"tokens": [SECRET, SECRET]},
    "a mapping below a name": {"credentials": {"user": "u", "pass": SECRET}},
    "three levels in a JSON text in a list": nested(
        [json.dumps(nested({"private_key": SECRET}, deep=3))], deep=3
    ),
    "JSON in JSON": json.dumps(json.dumps({"auth": SECRET})),
    "JSON in a text": f'It said {{"secret": "{SECRET}", "ok": 1}} twice',
    "an escaped JSON in a text": f'said {{\\"secret\\": \\"{SECRET}\\"}}',
    "a text": f"use password: {SECRET} please",
    "a query": f"https://x.org/a?api_key={SECRET}&b=1",
    "a bearer": {"note": f"Authorization: Bearer {SECRET}"},
    "a key of a mapping": {f"token={SECRET}": 1},
    "a PEM": f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
    "a PEM without its end": f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
    "a token of three parts": f"eyJhbGciOi.eyJzdWIiOi{SECRET}.c2ln",
    "a database": f"postgres://joe:{SECRET}@host/db",
    "a set": {"cookies": {SECRET}},
    "words in quotes": f'Read {{"password": "correct {SECRET}, horse"}} of it',
    "words in other quotes": f"password: 'correct; {SECRET}' of it",
    "words in escaped quotes": f'x {{\\"secret\\": \\"two {SECRET}\\"}}',
    "a list in a text": f'Read {{"api_keys": ["one", "{SECRET}"], "ok": 1}} of it',
    "two texts of JSON": f'{{"a": 1}} {{"password": "two {SECRET}"}}',
    "a header": f"Authorization: Token {SECRET}",
    "a flag": f"curl --password {SECRET} there",
    "a pair of name and value": [{"name": "X-Api-Key", "value": SECRET}],
}


@pytest.mark.parametrize("name", HIDING_PLACES)
def test_no_secret_is_left(name: str) -> None:
    told = json.dumps(redact(HIDING_PLACES[name]))

    assert SECRET not in told
    assert "[secret" in told


@pytest.mark.parametrize(
    "text", [CARD, CARD.replace(" ", ""), CARD.replace(" ", "-"), IBAN, IBAN.replace(" ", "")]
)
def test_cards_and_accounts_are_struck_by_their_check_digits(text: str) -> None:
    wrong = text.replace("1111", "1112", 1) if text.startswith("4") else text.replace("89", "88")

    assert redact({"note": f"pay {text} now"}) == {"note": f"pay {mask(_plain(text))} now"}
    assert redact(f"pay {wrong} now") == f"pay {wrong} now"
    assert redact(4111111111111111) == mask("4111111111111111")


def _plain(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("author", False),
        ("authored_by", False),
        ("authorized_by", False),
        ("token_count", False),
        ("max_tokens", False),
        ("tokensIn", False),
        ("secretary", False),
        ("passenger", False),
        ("keyboard", False),
        ("series_key", False),
        ("iban", True),
        ("cardNumber", True),
        ("X-API-KEY", True),
        ("apikey", True),
        ("accessToken", True),
        ("sessionId", True),
        ("DB_PASSWD", True),
        ("private_key", True),
        ("HTTPCookie", True),
        ("ssn", True),
    ],
)
def test_names_are_read_by_their_parts(name: str, is_secret: bool) -> None:
    assert is_secret_name(name) is is_secret


def test_what_is_no_secret_stays_as_it_is() -> None:
    plain = {
        "author": "Ann",
        "token_count": 512,
        "tokens": 7,
        "series": ["S1:4006381333931", "S2:P0"],
        "share": 0.25,
        "open": True,
        "none": None,
        "period": "2026-01-05",
        "text": "Price cut by 10 % for 8 stores, 1,234,567 units",
    }

    assert redact(plain) == plain


def test_equal_secrets_have_equal_masks_and_a_second_time_changes_nothing() -> None:
    once = redact({"a": {"token": SECRET}, "b": {"password": SECRET}, "c": {"token": "other"}})

    assert once["a"]["token"] == once["b"]["password"] == mask(SECRET)
    assert once["c"]["token"] != once["a"]["token"]
    assert redact(once) == once
    assert redact(redact(HIDING_PLACES["a bearer"])) == redact(HIDING_PLACES["a bearer"])


def test_a_tool_names_what_else_is_secret() -> None:
    told = redact({"deep": [{"recipeName": "rye"}], "recipe": "open"}, ["recipe_name"])

    assert told == {"deep": [{"recipeName": mask("rye")}], "recipe": "open"}


def test_depth_and_size_are_bounded() -> None:
    deep, wide = redact(nested("x", deep=40)), redact(list(range(10_000)))
    many = redact([[0] * 150] * 150)
    long = redact("word " * 10_000)

    assert DEEP in json.dumps(deep)
    assert (len(wide), wide[-1]) == (201, MANY)
    assert json.dumps(many).count("0") <= 5_000
    assert len(long) < 8_100
    assert "more characters" in long


def test_a_secret_across_the_end_of_what_is_kept_is_struck() -> None:
    text = "x " * 3_996 + f"password={SECRET}"

    assert SECRET[:4] not in redacted_text(text)
