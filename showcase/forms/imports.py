"""The forms of the import of a bundle."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class _Form(forms.Form):
    def refuse(self, field: str, message: str) -> None:
        """Put a message under the field that it is about, else above all."""
        self.add_error(field if field in self.fields else None, message)


class BundleForm(_Form):
    file = forms.FileField(
        label=_("Bundle"),
        help_text=_("A zip file as an export of a workspace makes it."),
        allow_empty_file=True,
    )


class ConfirmForm(_Form):
    """Under which name what was uploaded is kept; `upload` is the ticket to it."""

    upload = forms.CharField(widget=forms.HiddenInput)
    name = forms.CharField(
        label=_("Name here"),
        help_text=_("Lower-case letters, digits, - and _. No other workspace may have it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": 100}),
    )

    def refuse(self, field: str, message: str) -> None:
        super().refuse("name" if field == "as" else field, message)
