"""Reading what somebody asks for, by rules: which of a few intents, with which numbers and names.

No language model is involved; what no rule reads is not guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_NUMBER = r"(\d+(?:[.,]\d+)?)"
_PERCENT = re.compile(rf"([+\-−]?)\s*{_NUMBER}\s*(?:%|percent|per cent)", re.IGNORECASE)
_LESS = re.compile(
    r"\b(cut|cuts|lower|lowers|lowered|reduc\w*|drop\w*|cheaper|less|off|discount\w*|markdown|"
    r"decreas\w*|down)\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\b(rais\w*|increas\w*|higher|more expensive|dearer|rise|hike|up)\b", re.IGNORECASE
)
_PRICE = re.compile(
    r"\b(pric\w*|discount\w*|markdown|cheaper|dearer|more expensive|cost\w*)\b", re.I
)
_PLAN = re.compile(r"\b(plan\w*|what[- ]if|scenario)\b", re.IGNORECASE)
_WEAKEST = re.compile(
    r"\b(weak\w*|worst|hardest|least accurate|poorest|most wrong|largest error)\b", re.IGNORECASE
)
_SERIES = re.compile(r"\bseries\b", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(store|product|category|region)\s+['\"“]?([\w.:/\-]+)['\"”]?", re.IGNORECASE
)
_UNIQUE = re.compile(r"(?<![\w@])([A-Za-z0-9_.\-]+:[A-Za-z0-9_.\-]+)")
_ALL = re.compile(r"\b(all|every|each|whole|everything)\b", re.IGNORECASE)
_MODELS = re.compile(r"\bmodels?\b", re.IGNORECASE)
_BEST = re.compile(r"\b(best|better|compare\w*|serv\w*|winner|wins|champion\w*)\b", re.IGNORECASE)
_JUDGE = re.compile(r"\b(backtest\w*|judge\w*|evaluate\w*)\b", re.IGNORECASE)
_LOOK = re.compile(r"\b(describ\w*|explor\w*|overview|summar\w*|what is in)\b", re.IGNORECASE)
_DOCUMENTS = re.compile(r"\b(document\w*|knowledge|runbook\w*|polic\w*|manual\w*)\b", re.IGNORECASE)
_PROMOTE = re.compile(
    r"\b(promot\w*|another model|should .* serve|switch|replace|point the alias)\b", re.IGNORECASE
)
_HORIZON = re.compile(r"\bhorizon\s+(?:of\s+)?(\d{1,4})", re.IGNORECASE)
_FOLDS = re.compile(r"(\d{1,2})\s+folds?\b", re.IGNORECASE)
MOST = 90.0


@dataclass(frozen=True, slots=True)
class Scope:
    """Which series are meant: `weakest`, or a kind of `save_plan` with its value."""

    kind: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """An intent: plan, weakest, models, backtest, describe, documents, promote, or none."""

    intent: str
    change: float = 0.0
    scope: Scope = Scope("")
    horizon: int | None = None
    folds: int | None = None
    count: int = 1
    text: str = ""


def read(text: str, *, skill: str = "experiment") -> Request:
    """Return what is asked for; the intent is empty where no rule reads it."""
    if skill == "promotion_review":
        return Request("promote" if _PROMOTE.search(text) or _is_models(text) else "", text=text)
    for intent, fits in _RULES:
        if fits(text):
            return _filled(intent, text)
    return Request("", text=text)


def _filled(intent: str, text: str) -> Request:
    if intent != "plan":
        return Request(
            intent,
            horizon=_whole(_HORIZON, text),
            folds=_whole(_FOLDS, text),
            scope=_scope(text),
            text=text,
        )
    change, scope = _change(text), _scope(text)
    return Request("plan" if change and scope.kind else "", change, scope, text=text)


def _is_plan(text: str) -> bool:
    return bool(_PERCENT.search(text)) and bool(_PRICE.search(text) or _PLAN.search(text))


def _is_models(text: str) -> bool:
    return bool(_MODELS.search(text)) and bool(_BEST.search(text))


def _is_weakest(text: str) -> bool:
    return bool(_WEAKEST.search(text)) and bool(_SERIES.search(text))


_RULES: Any = (
    ("plan", _is_plan),
    ("weakest", _is_weakest),
    ("backtest", lambda text: bool(_JUDGE.search(text))),
    ("models", _is_models),
    ("documents", lambda text: bool(_DOCUMENTS.search(text))),
    ("describe", lambda text: bool(_LOOK.search(text))),
)


def _change(text: str) -> float:
    """Return the change of price as a share (-0.1 is a tenth off); 0 where it is unclear."""
    found = _PERCENT.search(text)
    if found is None:
        return 0.0
    size = float(found[2].replace(",", "."))
    less, more = bool(_LESS.search(text)), bool(_MORE.search(text))
    if found[1] in {"-", "−"}:
        less, more = True, False
    elif found[1] == "+":
        less, more = False, True
    if less == more or not 0 < size <= MOST:
        return 0.0
    return -size / 100 if less else size / 100


def _scope(text: str) -> Scope:
    unique = _UNIQUE.search(text)
    if unique is not None:
        return Scope("series", unique[1])
    if _WEAKEST.search(text):
        return Scope("weakest")
    named = _NAMED.search(text)
    if named is not None:
        return Scope(named[1].lower(), named[2])
    return Scope("all") if _ALL.search(text) else Scope("")


def _whole(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return int(found[1]) if found else None
