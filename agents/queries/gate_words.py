"""The words for what the gate found: its factors, its reasons, and who may answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

FACTORS = {
    "start": gettext_lazy("Starting score of this action"),
    "reach": gettext_lazy("Reaches far"),
    "value": gettext_lazy("Value at stake"),
    "reviewer_asks": gettext_lazy("Asked for by an approver"),
    "doubt": gettext_lazy("The agent is not sure"),
    "bounds": gettext_lazy("A score is from 0 to 100"),
}
REASONS = {
    "unknown": gettext_lazy("No such action is known."),
    "denied": gettext_lazy("The policy denies this action."),
    "not_allowed": gettext_lazy("Whoever asked for it may not do this themselves."),
    "no_effect": gettext_lazy("It changes nothing."),
    "score_auto": gettext_lazy("The score is high enough to ask nobody."),
    "score_inline": gettext_lazy("The score is under %s: a person decides."),
    "score_review": gettext_lazy("The score is under %s: an approver decides."),
    "no_environment": gettext_lazy(
        "FORECASTLAB_ENVIRONMENT is not demo, staging or production: nothing may happen."
    ),
    "control": gettext_lazy("An order stands: %s."),
    "no_phrase": gettext_lazy("What must be typed to approve it is not known."),
    "irreversible": gettext_lazy("It cannot be undone."),
    "changed": gettext_lazy("A person has changed it: somebody else decides."),
    "two_people": gettext_lazy("Two people must agree."),
    "high_risk": gettext_lazy("Its risk is high."),
    "environment": gettext_lazy("It happens in production."),
    "doubt": gettext_lazy("The agent is not sure (%s of 1)."),
    "reach": gettext_lazy("It reaches further than %s."),
    "unclear": gettext_lazy("How far it reaches is not known."),
}
LANES = {
    "auto": gettext_lazy("nobody is asked"),
    "inline": gettext_lazy("whoever asked, or an approver"),
    "review": gettext_lazy("an approver"),
    "refuse": gettext_lazy("nobody can allow it now"),
}


def factor(one: Mapping[str, Any]) -> str:
    """Return what a factor is called: a tool's own word, else the gate's."""
    return str(one.get("label") or FACTORS.get(one["code"], one["code"]))


def reason(one: Mapping[str, Any]) -> str:
    if one["code"] == "budget":
        return budget(one["evidence"])
    text = str(REASONS.get(one["code"], one["code"]))
    return text % one["evidence"] if "%s" in text else text


def refused(reasons: Sequence[Mapping[str, Any]]) -> str:
    """Say in one text why nobody can allow it."""
    return " ".join(reason(one) for one in reasons if one["lane"] == "refuse")


def deciding(reasons: Sequence[Mapping[str, Any]], lane: str) -> list[str]:
    """Return why it is in its lane: the reasons that are as strict as the answer."""
    return [reason(one) for one in reasons if one["lane"] == lane]


def budget(state: str) -> str:
    if state == "spent":
        return _("The budget for agents is used up.")
    return _("What is left of the budget is not known, so nothing may be used.")
