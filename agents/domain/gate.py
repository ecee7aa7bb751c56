"""The gate: may this exact effect happen, and who says so? One pure function, tighten-only.

All rules are looked at and the strictest wins: auto < inline < review < refuse. Nothing that a
rule adds can make the answer milder, so an agent that is surer, or a policy that says less, opens
nothing. The words for codes are in `agents/queries/gate_words.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation

LANES = ("auto", "inline", "review", "refuse")
RISKS = ("low", "medium", "high")
ENVIRONMENTS = ("demo", "staging", "production")
GATED = "production"
SURE = 0.7
MOST_DOUBT = 10
REACHES_FAR, MUCH_AT_STAKE, REVIEWER_ASKS = -10, -15, 10
VALUE_LIMIT = Decimal(2000)
VERY_LOW = 30

DUE = {
    "urgent": timedelta(hours=4),
    "high": timedelta(hours=24),
    "normal": timedelta(hours=48),
    "low": timedelta(hours=72),
}
EXPIRES = {"inline": timedelta(minutes=60), "review": timedelta(days=7)}


class BadRule(ValueError):
    """A rule that makes no sense: thresholds the wrong way round, or a number out of 0 to 100."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What applies to one action: what its tool declares, made stricter by the newest policy."""

    risk: str
    base_score: int
    auto_threshold: int = 85
    inline_threshold: int = 60
    exposure_limit: int = 100
    value_limit: Decimal = VALUE_LIMIT
    has_effect: bool = True
    is_reversible: bool = True
    asks_phrase: bool = False
    approvals_needed: int = 1
    is_denied: bool = False
    is_known: bool = True

    def __post_init__(self) -> None:
        if self.risk not in RISKS:
            raise BadRule(f"the risk is '{self.risk}'")
        check_thresholds(self.auto_threshold, self.inline_threshold)
        if not 0 <= self.base_score <= 100:
            raise BadRule(f"the starting score is {self.base_score}")


@dataclass(frozen=True, slots=True)
class Stricter:
    """What a policy says of an action; None leaves what the tool declares."""

    risk: str = ""
    base_score: int | None = None
    auto_threshold: int | None = None
    inline_threshold: int | None = None
    exposure_limit: int | None = None
    value_limit: Decimal | None = None
    approvals_needed: int | None = None
    is_denied: bool = False


@dataclass(frozen=True, slots=True)
class Factor:
    """One part of a score. `evidence` is what was found; `label` is a tool's own word for it."""

    code: str
    points: int
    evidence: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server found out about a bound call.

    `value` is money at stake, as Decimal, number or text; what cannot be read counts as much.
    `is_clear` is False where its reach could not be found out. `phrase` is what would have to be
    typed.
    """

    count: int = 0
    unit: str = ""
    value: object = None
    signals: Sequence[Factor] = ()
    is_clear: bool = True
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What holds around a call; none of it comes from the model but its own `confidence` (0 to 1).

    `may_do`: whoever asked may do it himself. `control` is the standing order, `budget` is `spent`
    or empty; both are `unknown` where they could not be read. `is_changed`: a person changed what
    the agent asked for.
    """

    environment: str
    may_do: bool = True
    is_reviewer_asking: bool = False
    control: str = ""
    budget: str = ""
    confidence: float | None = None
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it cannot be milder than `lane`."""

    code: str
    lane: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """The answer of the gate. `factors` add up to `score`; clocks count from the question."""

    lane: str
    score: int
    factors: tuple[Factor, ...]
    reasons: tuple[Reason, ...]
    priority: str
    due_after: timedelta
    expires_after: timedelta
    approvals_needed: int
    needs_phrase: bool
    notifies: bool

    @property
    def who(self) -> str:
        """Who may answer: `owner_or_reviewer`, `reviewer`, or nobody, since policy has."""
        return {"inline": "owner_or_reviewer", "review": "reviewer"}.get(self.lane, "")


def judge(rule: Rule, facts: Facts, around: Around) -> Ruling:
    """Return who must be asked before a call may have its effect."""
    factors = summed(_factors(rule, facts, around))
    score = sum(one.points for one in factors)
    reasons = tuple(_reasons(rule, facts, around, score))
    lane = strictest(one.lane for one in reasons)
    priority = _priority(rule, score)
    expires = EXPIRES.get(lane, EXPIRES["review"])
    return Ruling(
        lane=lane,
        score=score,
        factors=factors,
        reasons=reasons,
        priority=priority,
        due_after=min(DUE[priority], expires / 2),
        expires_after=expires,
        approvals_needed=2 if _wants_two(rule, around) else rule.approvals_needed,
        needs_phrase=_asks_phrase(rule),
        notifies=lane == "auto" and rule.risk != "low",
    )


def tightened(rule: Rule, policy: Stricter) -> Rule:
    """Return a rule that is at least as strict as both; a policy that is milder changes nothing."""
    inline = _most(rule.inline_threshold, policy.inline_threshold)
    return replace(
        rule,
        risk=max(rule.risk, policy.risk or rule.risk, key=RISKS.index),
        base_score=_least(rule.base_score, policy.base_score),
        auto_threshold=max(_most(rule.auto_threshold, policy.auto_threshold), inline),
        inline_threshold=inline,
        exposure_limit=_least(rule.exposure_limit, policy.exposure_limit),
        value_limit=min(one for one in (rule.value_limit, policy.value_limit) if one is not None),
        approvals_needed=_most(rule.approvals_needed, policy.approvals_needed),
        is_denied=rule.is_denied or policy.is_denied,
    )


def check_thresholds(auto: int, inline: int) -> None:
    """Raise BadRule unless 0 <= inline <= auto <= 100."""
    if not 0 <= inline <= auto <= 100:
        raise BadRule(f"the thresholds are {auto} (auto) and {inline} (inline)")


def band(score: int, auto: int, inline: int) -> str:
    """Return the lane of a score; each band begins at its threshold."""
    if score >= auto:
        return "auto"
    return "inline" if score >= inline else "review"


def strictest(lanes: Iterator[str]) -> str:
    return max(lanes, key=LANES.index, default="auto")


def summed(factors: Iterator[Factor]) -> tuple[Factor, ...]:
    """Return factors that add up to 0 to 100, one more where they would not."""
    listed = tuple(factors)
    total = sum(one.points for one in listed)
    within = min(max(total, 0), 100)
    return listed if total == within else (*listed, Factor("bounds", within - total))


def amount(value: object) -> Decimal | None:
    """Return money as it counts (Decimal, number or text; a debt counts as much as a claim).

    None is none; what is no number counts as infinitely much.
    """
    if value is None:
        return None
    try:
        found = abs(Decimal(str(value).strip()))
    except InvalidOperation:
        return Decimal("Infinity")
    return Decimal("Infinity") if found.is_nan() else found


def _factors(rule: Rule, facts: Facts, around: Around) -> Iterator[Factor]:
    yield Factor("start", rule.base_score)
    if facts.count > rule.exposure_limit:
        yield Factor("reach", REACHES_FAR, f"{facts.count} {facts.unit}".strip())
    if _is_much(rule, facts):
        yield Factor("value", MUCH_AT_STAKE, str(facts.value))
    yield from facts.signals
    if around.is_reviewer_asking:
        yield Factor("reviewer_asks", REVIEWER_ASKS)
    if around.confidence is not None and rule.risk != "low":
        doubt = round((1 - min(max(0.0, around.confidence), 1.0)) * MOST_DOUBT)
        if doubt:
            yield Factor("doubt", -doubt, f"{around.confidence:.2f}")


def _reasons(rule: Rule, facts: Facts, around: Around, score: int) -> Iterator[Reason]:
    if not rule.is_known:
        yield Reason("unknown", "refuse")
    if rule.is_denied:
        yield Reason("denied", "refuse")
    if not around.may_do:
        yield Reason("not_allowed", "refuse")
    if not rule.has_effect and rule.risk == "low":
        yield Reason("no_effect", "auto")
        return
    yield from _forbidden(rule, facts, around)
    lane = band(score, rule.auto_threshold, rule.inline_threshold)
    limit = {"inline": rule.auto_threshold, "review": rule.inline_threshold}.get(lane, "")
    yield Reason(f"score_{lane}", lane, str(limit))
    yield from _asked_for_risk(rule, facts, around)
    if facts.count > rule.exposure_limit:
        yield Reason("reach", "review", str(rule.exposure_limit))
    if not facts.is_clear:
        yield Reason("unclear", "review")


def _forbidden(rule: Rule, facts: Facts, around: Around) -> Iterator[Reason]:
    """Say why nobody can allow it now."""
    if around.environment not in ENVIRONMENTS:
        yield Reason("no_environment", "refuse", around.environment)
    if around.control not in {"", "resume"}:
        yield Reason("control", "refuse", around.control)
    if around.budget:
        yield Reason("budget", "refuse", around.budget)
    if _asks_phrase(rule) and not facts.phrase.strip():
        yield Reason("no_phrase", "refuse")


def _asked_for_risk(rule: Rule, facts: Facts, around: Around) -> Iterator[Reason]:
    if not rule.is_reversible:
        yield Reason("irreversible", "inline")
    if rule.approvals_needed > 1:
        yield Reason("two_people", "inline")
    if around.is_changed:
        yield Reason("changed", "inline")
    if rule.risk == "low":
        return
    if rule.risk == "high":
        yield Reason("high_risk", "inline")
    if around.environment == GATED:
        lane = "review" if rule.risk == "high" else "inline"
        yield Reason("environment", lane, around.environment)
    if around.confidence is not None and not around.confidence >= SURE:
        yield Reason("doubt", "inline", f"{around.confidence:.2f}")


def _is_much(rule: Rule, facts: Facts) -> bool:
    found = amount(facts.value)
    return found is not None and found > rule.value_limit


def _asks_phrase(rule: Rule) -> bool:
    return rule.asks_phrase or not rule.is_reversible


def _wants_two(rule: Rule, around: Around) -> bool:
    return rule.risk == "high" and around.environment == GATED


def _priority(rule: Rule, score: int) -> str:
    if rule.risk == "high" or score < VERY_LOW:
        return "urgent"
    if rule.risk == "medium":
        return "high"
    return "low" if score >= rule.inline_threshold else "normal"


def _least(declared: int, wanted: int | None) -> int:
    return declared if wanted is None else min(declared, wanted)


def _most(declared: int, wanted: int | None) -> int:
    return declared if wanted is None else max(declared, wanted)
