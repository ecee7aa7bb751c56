"""The forms that replay a workspace; what they ask for is checked by the services."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from showcase.services.replaying import Asked, Mode
from showcase.services.resets import Confirmation

MODES = [(Mode.EXACT.value, _("Exact")), (Mode.FRESH.value, _("Fresh"))]


class ReplayForm(forms.Form):
    """The mode is that of the button which was pressed."""

    mode = forms.ChoiceField(choices=MODES, widget=forms.HiddenInput)
    keep = forms.CharField(
        label=_("Keep the replay as"),
        required=False,
        help_text=_("Lower-case letters, digits, - and _; the next free name if empty."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": 100}),
    )

    def asked(self) -> Asked:
        return Asked(self.cleaned_data["mode"], keep=self.cleaned_data["keep"])

    def refuse(self, field: str, message: str) -> None:
        """Put a message under the field that it is about."""
        self.add_error(field if field in self.fields else None, message)


class ResetForm(forms.Form):
    """The name of the workspace confirms the list that the token stands for."""

    token = forms.CharField(widget=forms.HiddenInput)
    mode = forms.ChoiceField(
        label=_("Then replay it"),
        choices=[
            (Mode.EXACT.value, _("Exactly as it was")),
            (Mode.FRESH.value, _("Over sales simulated up to today")),
        ],
    )
    name = forms.CharField(
        label=_("Name of the workspace"),
        help_text=_("Type it to confirm."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def asked(self) -> Asked:
        return Asked(self.cleaned_data["mode"])

    def confirmation(self) -> Confirmation:
        return Confirmation(self.cleaned_data["token"], self.cleaned_data["name"])
