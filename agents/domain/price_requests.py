"""Reading, by rules, a request for a plan with a change of price; what is unclear is not guessed.

A plan for the wrong series looks like one for the right series: whatever of a request no rule
reads, a second percentage or an exception, leaves the whole of it to people.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MOST = 90.0
_NUMBER = r"(\d+(?:[.,]\d+)?)"
PERCENT = re.compile(rf"([+\-−]?)\s*{_NUMBER}\s*(?:%|percent|per cent)", re.IGNORECASE)
_LESS = re.compile(
    r"\b(cut|cuts|lower|lowers|lowered|reduc\w*|drop\w*|cheaper|less|off|discount\w*|markdown|"
    r"decreas\w*|down)\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\b(rais\w*|increas\w*|higher|more expensive|dearer|rise|hike|up)\b", re.IGNORECASE
)
WEAKEST = re.compile(
    r"\b(weak\w*|worst|hardest|least accurate|poorest|most wrong|largest error)\b", re.IGNORECASE
)
_SEVERAL_WEAKEST = re.compile(
    rf"\b(?!1\b)(\d+|two|three|four|five|six|ten|some|few)\s+(of the\s+)?{WEAKEST.pattern[2:]}|"
    rf"{WEAKEST.pattern[:-2]}\s+(?!1\b)(\d+|two|three|four|five|six|ten|few)\b(?!\s*(%|percent))",
    re.IGNORECASE,
)
# A word that follows "store" or "product" in a sentence, and is no name.
_NO_NAME = (
    r"(?!(?:what|that|which|who|whose|is|are|was|with|for|by|in|of|and|or|the|to|from|at|on|a|an|"
    r"it|we|he|has|have|sold|sells?|should|would|could|will|can|level|prices?|series|group|cut|"
    r"raised?|lower|plan)\b)"
)
_NAMED = re.compile(
    rf"\b(store|product|category|region)\s+(?:['\"“]([^'\"”]+)['\"”]|{_NO_NAME}([\w.:/\-]*\w))",
    re.IGNORECASE,
)
_UNIQUE = re.compile(r"(?<![\w@])([A-Za-z0-9_.\-]+:[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+)*)")
_CODE = re.compile(r"(?<![\w:.\-])(?=[\w\-]*[A-Za-z])(?=[\w\-]*\d)[A-Za-z][\w\-]*\w(?![\w:])")
_ALL = re.compile(r"\b(all|every|each|whole|everything)\b", re.IGNORECASE)
_EXCEPT = re.compile(
    r"\b(except\w*|exclud\w*|other than|apart from|but not|not for|besides|without)\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(do not|don.?t|never|must not|should not|shouldn.?t)\b", re.IGNORECASE)
_EVERY_TIME = re.compile(r"\b(every|each|per) (day|week|month|year)\b|\ball along\b", re.IGNORECASE)
_TIMES = re.compile(
    r"\b(days?|weeks?|weekends?|months?|quarters?|years?|today|tomorrow|tonight|until|till|"
    r"christmas|easter|black friday|mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|"
    r"saturdays?|sundays?|january|february|april|june|july|august|september|october|november|"
    r"december|\d{4}-\d\d-\d\d)\b",
    re.IGNORECASE,
)
_DAY = r"(\d{4}-\d\d-\d\d)"
_SPAN = re.compile(
    rf"\b(?:from|between)\s+{_DAY}\s+(?:to|until|till|and|through)\s+{_DAY}", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which series are meant: `weakest`, or a kind of `save_plan` with its value.

    `within` is the store or category that the weakest series is looked for in.
    """

    kind: str
    value: str = ""
    within: tuple[str, str] = ("", "")


UNNAMED = Scope("")


@dataclass(frozen=True, slots=True)
class Wish:
    """A change of price as a share (-0.1 is a tenth off), or in `problem` why there is none."""

    change: float = 0.0
    scope: Scope = UNNAMED
    span: tuple[str, str] = ("", "")
    problem: str = ""


def read(text: str) -> Wish:
    """Return what is to be planned; nothing is left out of it without being said."""
    span = _SPAN.search(text)
    rest = _EVERY_TIME.sub(" ", _SPAN.sub(" ", text))
    for wrong in (_wrong_words, _wrong_change, _wrong_scope):
        problem = wrong(rest)
        if problem:
            return Wish(problem=problem)
    return Wish(_change(rest), scope_of(rest), (span[1], span[2]) if span else ("", ""))


def scope_of(text: str) -> Scope:
    """Return which series a text names; an empty kind where it names none."""
    unique = _UNIQUE.search(text)
    if unique is not None:
        return Scope("series", unique[1])
    named = _names(text)
    if WEAKEST.search(text):
        return Scope("weakest", within=next(iter(named.items()), ("", "")))
    if {"store", "product"} <= named.keys():
        return Scope("series", f"{named['store']}:{named['product']}")
    if named:
        return Scope(*next(iter(named.items())))
    return Scope("all") if _ALL.search(text) else UNNAMED


def _names(text: str) -> dict[str, str]:
    return {found[1].lower(): found[2] or found[3] for found in _NAMED.finditer(text)}


def _wrong_words(text: str) -> str:
    if _NOT.search(text):
        return "The request says what is not to be done, which no rule reads."
    if _EXCEPT.search(text):
        return (
            "The request makes an exception, which no rule reads. Name the series that are meant."
        )
    if _TIMES.search(text):
        return (
            "No rule reads the time that the request names. Write it as from 2026-12-01 to "
            "2026-12-14, or leave it out for the whole forecast."
        )
    return ""


def _wrong_change(text: str) -> str:
    sizes = {found[2].replace(",", ".") for found in PERCENT.finditer(text)}
    if len(sizes) > 1:
        return "The request names several percentages. Ask for one change of price at a time."
    if any(float(size) > MOST for size in sizes):
        return f"A change of more than {MOST:.0f} % is beyond what sales tell of."
    if not _change(text):
        return "The request does not say clearly whether prices go up or down, or by how much."
    return ""


def _wrong_scope(text: str) -> str:
    found = [(one[1].lower(), one[2] or one[3]) for one in _NAMED.finditer(text)]
    series = {one[1] for one in _UNIQUE.finditer(text)}
    kinds = {kind for kind, _value in found}
    one_each = len(series) <= 1 and len(set(found)) == len(kinds)
    together = len(kinds) <= 1 or kinds == {"store", "product"}
    if not one_each or not together or (series and found) or _SEVERAL_WEAKEST.search(text):
        return "The request names several parts of the dataset. Ask for one plan at a time."
    if WEAKEST.search(text) and (series or kinds - {"store", "category"} or len(kinds) > 1):
        return "The weakest series is looked for in all series, a store or a category only."
    known = " ".join([*series, *(value for _kind, value in found)])
    unread = [one[0] for one in _CODE.finditer(text) if one[0] not in known]
    if unread:
        return f"It is not said what {unread[0]} is: write store, product or category before it."
    if not scope_of(text).kind:
        return (
            "It is not said for which series: all, the weakest, a store, a product, a category, "
            "or one series as STORE:PRODUCT."
        )
    return ""


_SIGNS: dict[str, Callable[[float], float]] = {
    "-": lambda size: -size,
    "−": lambda size: -size,
    "+": lambda size: size,
}


def _change(text: str) -> float:
    """Return the change of price as a share; 0 where it is unclear."""
    found = PERCENT.search(text)
    if found is None:
        return 0.0
    size = float(found[2].replace(",", ".")) / 100
    if found[1]:
        return _SIGNS[found[1]](size)
    less, more = bool(_LESS.search(text)), bool(_MORE.search(text))
    if less == more:
        return 0.0
    return -size if less else size
