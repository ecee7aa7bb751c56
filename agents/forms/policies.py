from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agents.domain.gate import BadRule, check_thresholds
from agents.models import ActionPolicy
from agents.queries import tools

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[ActionPolicy]
else:
    _ModelForm = forms.ModelForm

RISKS = [("", _("as declared")), ("low", _("low")), ("medium", _("medium")), ("high", _("high"))]
REASON_ON = [
    ("", _("as declared")),
    ("approve", _("to approve")),
    ("reject", _("to reject")),
    ("both", _("always")),
]
ON_EXPIRY = [("", _("as declared")), ("reject", _("reject")), ("block", _("stop the session"))]


# What each field may do, and that none of them can make a tool milder than it declares itself.
HELPS = {
    "tool": _("A policy makes a tool stricter than it declares itself, never milder."),
    "risk": _("Counts where it is higher than the tool's own."),
    "base_score": _("0 to 100; counts where it is lower than the tool's own."),
    "auto_threshold": _("From this score on nobody is asked; counts where it is higher."),
    "inline_threshold": _(
        "From this score on whoever asked may decide; counts where it is higher."
    ),
    "exposure_limit": _("Rows, series or people; beyond it an approver decides."),
    "value_limit": _("Money; beyond it an approver decides."),
    "approvals_needed": _("1 or 2 people who must agree."),
    "requires_reason_on": _("Which answers need a reason."),
    "on_expiry": _("What happens where nobody answers."),
    "is_denied": _("Agents cannot use this tool at all."),
    "note": _("Why, for those who read the history."),
}


class PolicyForm(_ModelForm):
    """The next version of a policy; what is left empty stays as the tool declares it."""

    tool = forms.ChoiceField()
    risk = forms.ChoiceField(choices=RISKS, required=False)
    requires_reason_on = forms.ChoiceField(choices=REASON_ON, required=False)
    on_expiry = forms.ChoiceField(choices=ON_EXPIRY, required=False)
    approvals_needed = forms.IntegerField(required=False, min_value=1, max_value=2)
    base_score = forms.IntegerField(required=False, min_value=0, max_value=100)
    auto_threshold = forms.IntegerField(required=False, min_value=0, max_value=100)
    inline_threshold = forms.IntegerField(required=False, min_value=0, max_value=100)

    class Meta:
        model = ActionPolicy
        exclude = ("version", "made_by", "made_at")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            field.help_text = HELPS.get(name, "")
        if "tool" in self.fields:
            self.fields["tool"].choices = [(one, one) for one in sorted(tools.catalogue())]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a pair of thresholds that makes no sense, with what the tool declares in gaps."""
        told: dict[str, Any] = super().clean() or {}
        tool = tools.find(told.get("tool", ""))
        if tool is not None:
            auto, inline = told.get("auto_threshold"), told.get("inline_threshold")
            try:
                check_thresholds(
                    tool.auto_threshold if auto is None else auto,
                    tool.inline_threshold if inline is None else inline,
                )
            except BadRule as error:
                self.add_error("auto_threshold", _("This cannot be: %s.") % error)
        return told
