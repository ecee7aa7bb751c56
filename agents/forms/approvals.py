from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from agents.models import Approval
from agents.services.bulk_decisions import Seen
from forecastlab.lib.errors import HouseError

PICK = re.compile(r"(\d{1,18}):(\d{1,9}):([0-9a-f]{64})")


class AnswersForm(forms.Form):
    """One answer to several approvals; each tick names one with the version and digest seen."""

    verdict = forms.ChoiceField(choices=[("approve", "approve"), ("reject", "reject")])
    reason = forms.CharField(required=False, max_length=2000)

    def ticked(self) -> list[Seen]:
        """Return what was ticked; what no tick of ours says is left out."""
        found = [PICK.fullmatch(one) for one in self.data.getlist("pick")]  # type: ignore[attr-defined]
        return [Seen(int(one[1]), int(one[2]), one[3]) for one in found if one]


class AnswerForm(forms.Form):
    """An answer to an approval, with what its giver saw of it."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    digest = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    verdict = forms.ChoiceField(choices=[("approve", "approve"), ("reject", "reject")])
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=2000,
        widget=forms.TextInput(
            attrs={"placeholder": _("Shown to the agent and kept in the record")}
        ),
    )
    phrase = forms.CharField(
        required=False,
        max_length=300,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    @classmethod
    def shown(cls, approval: Approval) -> AnswerForm:
        return cls(initial={"version": approval.version, "digest": approval.digest})

    def refuse(self, error: HouseError) -> None:
        """Show an error at the field that it names, else above the form."""
        self.add_error(error.field if error.field in self.fields else None, error.message)
