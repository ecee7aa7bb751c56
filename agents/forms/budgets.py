from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agents.domain.skills import SKILLS
from agents.models import BudgetPeriod

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[BudgetPeriod]
else:
    _ModelForm = forms.ModelForm

SCOPES = [("lab", _("all agents")), ("skill", _("one skill"))]
LIMITS = ("most_tokens", "most_calls", "most_seconds", "most_money")


class BudgetForm(_ModelForm):
    """A budget that limits something of somebody: one that limits nothing is refused."""

    scope = forms.ChoiceField(label=_("For"), choices=SCOPES)
    key = forms.ChoiceField(label=_("Skill"), required=False, help_text=_("Only for one skill."))

    class Meta:
        model = BudgetPeriod
        fields = ("scope", "key", "starts_at", "ends_at", *LIMITS)
        help_texts = {
            "starts_at": _("In UTC."),
            "ends_at": _("In UTC; from this moment on it limits nothing."),
            "most_tokens": _("Empty: no limit. At least one of the four is needed."),
            "most_calls": _("Calls of tools."),
            "most_seconds": _("Seconds that models and tools took."),
            "most_money": _("In the currency of FORECASTLAB_AGENT_PRICES."),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        skills = {**{name: skill.title for name, skill in SKILLS.items()}, **self._former()}
        self.fields["key"].choices = [("", "–"), *skills.items()]  # type: ignore[attr-defined]
        for name in LIMITS:
            self.fields[name].min_value = 0  # type: ignore[attr-defined]
            self.fields[name].widget.attrs["min"] = 0

    def _former(self) -> dict[str, str]:
        """Return the skill of a budget that was made before the skill was taken away."""
        kept = self.instance.key
        return {kept: kept} if kept and kept not in SKILLS else {}

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if told.get("scope") == "skill" and not told.get("key"):
            self.add_error("key", _("Say which skill."))
        if told.get("scope") == "lab" and told.get("key"):
            self.add_error("key", _("A budget for all agents names no skill."))
        starts, ends = told.get("starts_at"), told.get("ends_at")
        if starts and ends and ends <= starts:
            self.add_error("ends_at", _("A budget ends after it begins."))
        self._check_limits(told)
        return told

    def _check_limits(self, told: dict[str, Any]) -> None:
        given = {name: told.get(name) for name in LIMITS}
        for name, value in given.items():
            if value is not None and value < 0:
                self.add_error(name, _("A limit is 0 or more."))
        if not self.errors and all(value is None for value in given.values()):
            self.add_error("most_calls", _("Set at least one limit."))
