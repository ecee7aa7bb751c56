"""Reading what somebody asks for, by rules: which of a few intents, with which numbers and names.

No language model is involved; what no rule reads is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agents.domain import price_requests
from agents.domain.price_requests import UNNAMED, Scope

_PRICE = re.compile(
    r"\b(pric\w*|discount\w*|markdown|cheaper|dearer|more expensive|cost\w*)\b", re.IGNORECASE
)
_PLAN = re.compile(r"\b(plan\w*|what[- ]if|scenario)\b", re.IGNORECASE)
_SERIES = re.compile(r"\b(series|forecast\w*)\b", re.IGNORECASE)
_MODELS = re.compile(r"\bmodels?\b", re.IGNORECASE)
_BEST = re.compile(r"\b(best|better|compare\w*|serv\w*|winner|wins|champion\w*)\b", re.IGNORECASE)
_JUDGE = re.compile(r"\b(backtest\w*|judge\w*|evaluate\w*)\b", re.IGNORECASE)
_LOOK = re.compile(r"\b(describ\w*|explor\w*|overview|summar\w*|what is in)\b", re.IGNORECASE)
_DOCUMENTS = re.compile(
    r"\b(document\w*|knowledge|runbook\w*|polic\w*|manual\w*|handbook\w*|guidelines?)\b",
    re.IGNORECASE,
)
_PROMOTE = re.compile(
    r"\b(promot\w*|another model|should .* serve|switch|replace|point the alias)\b", re.IGNORECASE
)
_CHAMPION = re.compile(r"\bchampions?\b", re.IGNORECASE)
_HORIZON = re.compile(r"\bhorizon\s+(?:of\s+)?(\d{1,4})", re.IGNORECASE)
_FOLDS = re.compile(r"(\d{1,2})\s+folds?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """An intent: plan, weakest, models, backtest, describe, documents, promote, or none.

    `problem` says what keeps a request from being worked on that is otherwise understood.
    """

    intent: str
    change: float = 0.0
    scope: Scope = UNNAMED
    horizon: int | None = None
    folds: int | None = None
    span: tuple[str, str] = ("", "")
    text: str = ""
    problem: str = ""


def read(text: str, *, skill: str = "experiment", dataset: str = "") -> Request:
    """Return what is asked for; the intent is empty where no rule reads it.

    The name of the dataset that the session is about says nothing more and is passed over.
    """
    if skill == "promotion_review":
        return Request("promote" if _PROMOTE.search(text) or _is_models(text) else "", text=text)
    for intent, fits in _RULES:
        if fits(text):
            return _filled(intent, text, dataset.partition("@")[0])
    return Request("", text=text)


def _filled(intent: str, text: str, dataset: str) -> Request:
    if intent != "plan":
        horizon, folds = _whole(_HORIZON, text), _whole(_FOLDS, text)
        scope = price_requests.scope_of(text)
        return Request(intent, scope=scope, horizon=horizon, folds=folds, text=text)
    named = rf"\b(?:dataset\s+)?{re.escape(dataset)}(?:@\d+)?(?![\w:])"
    wish = price_requests.read(re.sub(named, " ", text) if dataset else text)
    if wish.problem:
        return Request("", text=text, problem=wish.problem)
    return Request("plan", wish.change, wish.scope, span=wish.span, text=text)


def _is_plan(text: str) -> bool:
    return bool(price_requests.PERCENT.search(text)) and bool(
        _PRICE.search(text) or _PLAN.search(text)
    )


def _is_models(text: str) -> bool:
    if _CHAMPION.search(text):
        return True
    return bool(_MODELS.search(text)) and bool(_BEST.search(text))


def _is_weakest(text: str) -> bool:
    return bool(price_requests.WEAKEST.search(text)) and bool(_SERIES.search(text))


_RULES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("plan", _is_plan),
    ("weakest", _is_weakest),
    ("backtest", lambda text: bool(_JUDGE.search(text))),
    ("models", _is_models),
    ("documents", lambda text: bool(_DOCUMENTS.search(text))),
    ("describe", lambda text: bool(_LOOK.search(text))),
)


def _whole(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return int(found[1]) if found else None
