"""The decision card: what would happen, why a person decides, and what was decided."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isfinite
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents.domain import argument_fields
from agents.models import Approval, Decision, Invocation
from agents.queries import deciding, gate_words, named, tools
from forecastlab.accounts.models import User
from forecastlab.lib import figures

ARROW = " → "
LONGEST_ARGUMENT = 600
RISKS = {"low": "", "medium": "warn", "high": "bad"}


@dataclass(frozen=True, slots=True)
class Factor:
    """A row of the drawing: a bar from `left` over `width`, both 0 to 1 of the score's 100."""

    label: str
    evidence: str
    points: str
    left: float
    width: float
    tone: str


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Card:
    """One approval as a viewer sees it; `refusal` says why he may not approve it."""

    approval: Approval
    decisions: Sequence[Decision]
    refusal: str
    rejection_refused: str

    @property
    def can_answer(self) -> bool:
        return self.approval.is_open and not (self.refusal and self.rejection_refused)

    @property
    def seen(self) -> str:
        """Name what is shown: another name once anything of it has changed."""
        return f"a{self.approval.pk}v{self.approval.version}"

    @property
    def reason_words(self) -> str:
        """Say when a reason must be given."""
        words = {
            "approve": _("needed to approve"),
            "reject": _("needed to reject"),
            "both": _("needed"),
        }
        return words.get(self.approval.requires_reason_on, _("may be left out"))

    @property
    def can_change(self) -> bool:
        """Whether the viewer may have something else asked instead."""
        one = self.approval
        has_any = bool(one.invocation.arguments) and tools.find(one.invocation.tool) is not None
        return one.is_open and not self.rejection_refused and has_any

    @property
    def changed(self) -> list[Change]:
        """Return which arguments a person has changed, before and after, as they are shown."""
        before = self.approval.invocation.replaces
        if before is None:
            return []
        after = self.approval.invocation.arguments
        return [
            Change(argument_fields.words(place), _given(was), _given(now))
            for place, was, now in argument_fields.differences(before.arguments, after)
        ]

    @property
    def other(self) -> tuple[str, str] | None:
        """Return where the question stands that this one replaces, or that replaces it."""
        one = self.approval.invocation
        instead = getattr(one, "replacement", None)
        if instead is not None:
            return _("What is asked instead"), instead.approval.get_absolute_url()
        if one.replaces is not None:
            return _("What the agent asked for"), one.replaces.approval.get_absolute_url()
        return None

    @property
    def reason_on(self) -> str:
        """Return the answers that need a reason, separated by spaces."""
        wanted = self.approval.requires_reason_on
        return "approve reject change" if wanted == "both" else wanted

    @property
    def asks_again(self) -> Mapping[str, bool]:
        """Say which answers one key alone does not give."""
        one = self.approval
        high = one.risk == "high"
        return {
            "approve": bool(high or one.confirm_phrase or "approve" in self.reason_on),
            "reject": high or "reject" in self.reason_on,
        }

    @property
    def risk(self) -> tuple[str, str]:
        """Return the words and the tone of the risk."""
        words = {"low": _("Low risk"), "medium": _("Medium risk"), "high": _("High risk")}
        return words[self.approval.risk], RISKS[self.approval.risk]

    @property
    def facts(self) -> list[Mapping[str, Any]]:
        one = self.approval
        session = one.invocation.session
        reach = one.exposure
        touches = f"{figures.number(reach.get('count'))} {reach.get('unit', '')}".strip()
        return [
            {"label": _("Action"), "value": one.invocation.tool, "mono": True},
            {"label": _("Touches"), "value": touches if reach.get("count") else _("not counted")},
            *(
                [{"label": _("Value"), "value": _money(reach["value"])}]
                if reach.get("value")
                else []
            ),
            {"label": _("Asked by"), "value": self.asked_by},
            {"label": _("Session"), "value": session.ref, "url": self.session_url},
            {"label": _("Dataset"), "value": str(session.dataset or "–")},
            {"label": _("Can be undone"), "value": _("Yes") if one.is_reversible else _("No")},
            *self._made,
        ]

    @property
    def _made(self) -> list[Mapping[str, Any]]:
        """Return the page of what came of it, once it is done."""
        call = self.approval.invocation
        if call.status != Invocation.Status.SUCCEEDED:
            return []
        page = named.pages([call.result]).first(call.result)
        return [{"label": _("Made"), "value": page.name, "url": page.url}] if page else []

    @property
    def counts_down(self) -> bool:
        """Say whether minutes count until it lapses, and not days."""
        return bool(self.approval.lane == Approval.Lane.INLINE)

    @property
    def asked_by(self) -> str:
        """Return the agent, named as one, and whom it works for."""
        session = self.approval.invocation.session
        said = {"agent": session.skill, "who": session.requested_by}
        return _("Agent “%(agent)s” for %(who)s") % said

    @property
    def session_url(self) -> str:
        return reverse("agents:session", args=[self.approval.invocation.session_id])

    @property
    def arguments(self) -> list[Mapping[str, Any]]:
        return [
            {"label": name.replace("_", " "), "value": _argument(value)}
            for name, value in self.approval.invocation.arguments.items()
        ]

    @property
    def changes(self) -> list[Change]:
        """Return what would change; a row without an arrow only has an after."""
        return [_change(str(name), str(said)) for name, said in self.approval.preview]

    @property
    def factors(self) -> list[Factor]:
        given = self.approval.factors
        ends = list(accumulate(one["points"] for one in given))
        return [
            _factor(one, end, is_first=number == 0)
            for number, (one, end) in enumerate(zip(given, ends, strict=True))
        ]

    @property
    def total(self) -> float:
        return self.approval.score / 100

    @property
    def limits(self) -> tuple[float, float]:
        """Return where the lanes begin, inline and auto, as parts of the score's 100."""
        reach = self.approval.exposure
        return reach.get("inline_threshold", 60) / 100, reach.get("auto_threshold", 85) / 100

    @property
    def reasons(self) -> list[str]:
        return gate_words.deciding(self.approval.reasons, self.approval.lane)

    @property
    def who(self) -> str:
        """Say who may answer, and how many are needed."""
        said = str(gate_words.LANES[self.approval.lane])
        if self.approval.approvals_needed > 1:
            said = _("%s; two people must agree") % said
        return said

    @property
    def missing(self) -> int:
        """Return how many more people must agree."""
        return self.approval.approvals_needed - len(self.decisions)

    @property
    def button(self) -> str:
        count, unit = self.approval.exposure.get("count"), self.approval.exposure.get("unit")
        if not count:
            return _("Approve")
        return _("Approve %(count)s %(unit)s") % {"count": figures.number(count), "unit": unit}

    @property
    def silence(self) -> str:
        """Say what happens if nobody answers."""
        if self.approval.on_expiry == "block":
            return _("No answer stops the session.")
        return _("No answer means no change.")

    @property
    def outcome(self) -> str:
        """Say how it ended, in one sentence."""
        one = self.approval
        last = self.decisions[-1] if self.decisions else None
        name = last.decided_by if last else ""
        words = {
            "approved": _("Policy let it run without asking.")
            if one.lane == "auto"
            else _("Approved by %s.")
            % " and ".join(str(each.decided_by) for each in self.decisions),
            "rejected": _("Policy refused it.")
            if one.lane == "refuse"
            else _("Rejected by %s.") % name,
            "expired": _("Nobody answered in time: nothing was done."),
            "withdrawn": _("Changed by %s: it was asked anew.") % name
            if hasattr(one.invocation, "replacement")
            else _("Withdrawn: there is nothing to decide any more."),
        }
        return words.get(one.status, "")

    @property
    def answers(self) -> list[tuple[str, Decision]]:
        """Return who said what, first to last."""
        words = {
            "approve": _("%s approved"),
            "reject": _("%s rejected"),
            "expire": _("time was over (%s)"),
            "withdraw": _("withdrawn by %s"),
        }
        return [(words[one.verdict] % one.decided_by, one) for one in self.decisions]

    @property
    def still_needed(self) -> str:
        if not self.approval.is_open or not self.decisions:
            return ""
        who = ", ".join(str(one.decided_by) for one in self.decisions)
        more = ngettext(
            "%(n)s more person must agree.", "%(n)s more people must agree.", self.missing
        )
        return _("%s has agreed.") % who + " " + more % {"n": self.missing}


def card(approval: Approval, viewer: User) -> Card:
    """Return an approval that the viewer may see, with what he may do about it."""
    decisions = list(approval.decisions.select_related("decided_by").order_by("pk"))
    refused = deciding.refusal(approval, viewer)
    if any(one.decided_by_id == viewer.pk for one in decisions):
        refused = _("You have agreed; somebody else must too.")
        return Card(approval, decisions, refused, refused)
    return Card(approval, decisions, refused, deciding.refusal(approval, viewer, "reject"))


def _factor(one: Mapping[str, Any], end: int, *, is_first: bool) -> Factor:
    points = int(one["points"])
    begin = end - points
    low, high = sorted((min(max(begin, 0), 100), min(max(end, 0), 100)))
    evidence = str(one.get("evidence", ""))
    tone = "start" if is_first else "up" if points > 0 else "down"
    return Factor(
        gate_words.factor(one),
        _money(evidence) if one["code"] == "value" else evidence,
        figures.number(points) if is_first else figures.signed(points),
        low / 100,
        (high - low) / 100,
        tone,
    )


def _change(name: str, said: str) -> Change:
    before, arrow, after = said.partition(ARROW)
    return Change(name, before, after) if arrow else Change(name, "", said)


def _given(value: Any) -> str:
    return _argument(value) if value not in (None, "", [], {}) else "–"


def _argument(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_ARGUMENT else f"{text[:LONGEST_ARGUMENT]}…"


def _money(text: str) -> str:
    """Write an amount as people do; what is no number stays as it was given."""
    try:
        found = float(text)
    except ValueError:
        return text
    return figures.number(found, 0 if found == int(found) else 2) if isfinite(found) else text
