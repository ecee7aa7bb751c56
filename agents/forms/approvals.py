from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from agents.models import Approval
from forecastlab.lib.errors import HouseError


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
