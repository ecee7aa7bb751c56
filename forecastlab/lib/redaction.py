"""Taking secrets out of anything before it is stored, sent or shown.

A value is struck where its name says that it is a secret, and a text where a part of it looks like
one. In its place stands `[secret 1a2b3c4d]`: a mask with eight digits of a keyed hash, so that
equal secrets can be seen to be equal and nothing else can be learnt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

from django.utils.crypto import salted_hmac

from forecastlab.lib import logs, texts

DEEPEST = 16
MOST_ITEMS = 200
MOST_VALUES = 5_000
LONGEST = 8_000
LONGEST_READ = 100_000
DEEP = "[nested too deep]"
MANY = "[too much]"

_MASK = re.compile(r"\[secret [0-9a-f]{8}\]")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_WORDS = frozenset(
    """accesstoken apikey auth authorization authtoken cardnumber cookie cookies credential
    credentials cvc cvv iban jwt otp passphrase passwd password passwords privatekey pwd
    refreshtoken sealed secret secrets sessionid sessionkey ssn token tokens""".split()  # noqa: SIM905
)
_PAIRS = frozenset(
    {
        ("access", "key"),
        ("api", "key"),
        ("card", "number"),
        ("credit", "card"),
        ("encryption", "key"),
        ("private", "key"),
        ("session", "id"),
        ("session", "key"),
        ("signing", "key"),
    }
)
# `token_count` counts tokens; it is none.
_COUNTED = frozenset({"token", "tokens"})
_COUNTING = frozenset(
    {"count", "counts", "in", "input", "left", "limit", "max", "min", "most", "number", "out"}
    | {"output", "per", "total", "used"}
)

_TEXTS = (
    re.compile(r"-----BEGIN [A-Z ]{0,40}-----.*?(?:-----END [A-Z ]{0,40}-----|$)", re.DOTALL),
    re.compile(r"(?<=Bearer )\s*[^\s,;\"'\[]+", re.IGNORECASE),
    re.compile(r"(?<=Basic )\s*[A-Za-z0-9+/]{8,}={0,2}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?"),
    re.compile(r"\b(?:sk|pk|rk|key|hf|gsk|xai)[-_][A-Za-z0-9_\-*.]{6,}", re.IGNORECASE),
    re.compile(
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[abprs]-[\w-]{10,}"
    ),
)
_NAMED = re.compile(
    r"""(?P<name>[A-Za-z][\w-]{1,60})["'\\]{0,4}\s{0,3}[:=]\s{0,3}(?P<quote>\\{0,3}["']?)"""
    r"""|--(?P<flag>[A-Za-z][\w-]{1,60})\s+(?=[^\s-])"""
)
_VALUE = re.compile(r"""(?:(?:Token|ApiKey|Digest)\s+)?[^\s"'\\,;&{}\[\]]+""", re.IGNORECASE)
# A value in quotes goes on to the quote that closes it, and a list or an object to its bracket.
_QUOTED = {
    '"': re.compile(r"""(?:\\.|[^"\\])*""", re.DOTALL),
    "'": re.compile(r"""(?:\\.|[^'\\])*""", re.DOTALL),
}
_BRACKETS = re.compile(r"""\[[^\]]*\]?|\{[^}]*\}?""")
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){13,18}(?![\w-])")
_CARD_STARTS = re.compile(r"(?:4|5[1-5]|2[2-7]|6011|65|64[4-9]|35)\d*$")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")


def redact(value: Any, sensitive: Collection[str] = ()) -> Any:
    """Return what JSON can hold of `value`, without secrets at any depth, in JSON texts too.

    `sensitive` are names whose values are struck whatever they look like. What is nested deeper
    than 16, has more than 200 items, 5,000 values in all, or texts of more than 8,000 characters is
    cut off and says so. What was redacted before stays as it is.
    """
    return _Redaction(frozenset(_plain(one) for one in sensitive)).of(value, DEEPEST)


def redacted_text(text: str) -> str:
    """Return a text without what looks like a secret in it."""
    return str(_Redaction(frozenset()).text(text))


def is_secret_name(name: str) -> bool:
    """Say whether a name is one of a secret: `apiKey`, `DB_PASSWORD`; not `author`."""
    parts = [one.lower() for one in _PARTS.findall(name)]
    if _COUNTED.intersection(parts) and _COUNTING.intersection(parts):
        parts = [one for one in parts if one not in _COUNTED]
    if _WORDS.intersection(parts) or "".join(parts) in _WORDS:
        return True
    singular = ["key" if one == "keys" else one for one in parts]
    return any(pair in _PAIRS for pair in pairwise(singular))


def mask(secret: str) -> str:
    """Return what stands in the place of a secret."""
    digest = salted_hmac("forecastlab.redaction", secret, algorithm="sha256").hexdigest()
    return f"{logs.STRUCK[:-1]} {digest[:8]}]"


@dataclass(slots=True)
class _Redaction:
    sensitive: frozenset[str]
    left: int = MOST_VALUES

    def of(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if self.left < 0:
            return MANY
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self._number(value)
        if isinstance(value, Mapping | list | tuple | set | frozenset):
            return self._inside(value, depth)
        return self._text_or_json(str(value), depth)

    def text(self, text: str) -> str:
        """Strike what looks like a secret, and what stands behind the name of one."""
        found = texts.unturned(text[:LONGEST_READ])
        for pattern in _TEXTS:
            found = pattern.sub(_struck, found)
        found = _CARD.sub(_card, _IBAN.sub(_iban, found))
        found = self._behind_names(logs.struck(found))
        if len(text) <= LONGEST:
            return found
        return f"{found[:LONGEST]}… [{len(text) - LONGEST} more characters]"

    def _inside(self, value: Any, depth: int) -> Any:
        if depth <= 0:
            return DEEP
        cut = len(value) > MOST_ITEMS
        if not isinstance(value, Mapping):
            kept = [self.of(one, depth - 1) for one in islice(value, MOST_ITEMS)]
            return [*kept, MANY] if cut else kept
        names = {"value": value.get("name", value.get("key", ""))} if "value" in value else {}
        told = {
            self.text(str(name)): self._member(str(names.get(name) or name), one, depth - 1)
            for name, one in islice(value.items(), MOST_ITEMS)
        }
        return {**told, "…": MANY} if cut else told

    def _member(self, name: str, value: Any, depth: int) -> Any:
        if not self._is_secret(name) or value is None or isinstance(value, bool):
            return self.of(value, depth)
        if isinstance(value, int | float) and "tokens" in _PARTS.findall(name.lower()):
            return value  # a number of tokens
        plain = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
        return plain if _MASK.fullmatch(plain) or not plain else mask(plain)

    def _text_or_json(self, text: str, depth: int) -> str:
        if text[:1] in {"{", "["} and len(text) <= LONGEST_READ:
            try:
                inner = json.loads(text)
            except (ValueError, RecursionError):
                return self.text(text)
            return self.text(json.dumps(self.of(inner, depth - 1), ensure_ascii=False))
        if text[:1] == text[-1:] == '"' and len(text) > 1:
            try:
                inner = json.loads(text)
            except ValueError:
                return self.text(text)
            return json.dumps(self.of(inner, depth - 1), ensure_ascii=False)
        return self.text(text)

    def _number(self, value: float) -> Any:
        if isinstance(value, float) or abs(value) < 10**12:
            return value
        struck = self.text(str(value))
        return value if struck == str(value) else struck

    def _behind_names(self, text: str) -> str:
        """Strike what stands behind `password:` and its like, in whatever notation."""
        kept, place = [], 0
        for named in _NAMED.finditer(text):
            start = named.end()
            if start <= place or not self._is_secret(named["name"] or named["flag"]):
                continue
            value = _value(text, start, named["quote"] or "")
            if not _is_done(value):
                kept += [text[place:start], mask(value)]
                place = start + len(value)
        return "".join([*kept, text[place:]])

    def _is_secret(self, name: str) -> bool:
        return _plain(name) in self.sensitive or is_secret_name(name)


_DONE = re.compile(rf"(?:(?:Bearer|Basic)\s*)?(?:{_MASK.pattern})?", re.IGNORECASE)


def _is_done(value: str) -> bool:
    """Say whether a value is none, was struck before, or is struck by what it looks like."""
    return _DONE.fullmatch(value) is not None


def _value(text: str, start: int, quote: str) -> str:
    """Return what stands at a place as the value of a name."""
    if len(quote) > 1:  # quotes inside of a quoted text, such as \\"
        end = text.find(quote, start)
        return text[start:] if end < 0 else text[start:end]
    found = _QUOTED[quote].match(text, start) if quote in _QUOTED else None
    if found is None and text[start : start + 1] in {"[", "{"}:
        found = _MASK.match(text, start) or _BRACKETS.match(text, start)
    found = found or _VALUE.match(text, start)
    return found[0] if found else ""


def _plain(name: str) -> str:
    return "".join(one.lower() for one in _PARTS.findall(name))


def _struck(found: re.Match[str]) -> str:
    return found[0] if _MASK.search(found[0]) else mask(found[0].strip())


def _card(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    is_card = _CARD_STARTS.match(digits) and len(set(digits)) > 1 and _luhn(digits)
    return mask(digits) if is_card else found[0]


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = [int(one) * 2 for one in digits[-2::-2]]
    total = sum(int(one) for one in digits[-1::-2]) + sum(one // 10 + one % 10 for one in doubled)
    return total % 10 == 0


def _iban(found: re.Match[str]) -> str:
    """Strike an account number whose check digits are right (ISO 13616: modulo 97 is 1)."""
    plain = found[0].replace(" ", "")
    turned = "".join(str(int(one, 36)) for one in plain[4:] + plain[:4])
    return mask(plain) if 15 <= len(plain) <= 34 and int(turned) % 97 == 1 else found[0]
