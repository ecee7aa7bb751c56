from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from forecastlab.lib.errors import HouseError

ORDERS = [
    ("hold", _("Hold: nothing new happens for now")),
    ("drain", _("Drain: nothing new happens, until further notice")),
    ("abort", _("Abort: stop what runs as well")),
    ("resume", _("Resume")),
]


class OrderForm(forms.Form):
    """An order to agents."""

    order = forms.ChoiceField(label=_("Order"), choices=ORDERS)
    scope = forms.ChoiceField(label=_("For"))
    reason = forms.CharField(label=_("Reason"), max_length=500, help_text=_("Kept in the record."))
    expires_at = forms.DateTimeField(
        label=_("Until"),
        required=False,
        help_text=_("In UTC; empty: until somebody says resume."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )

    def __init__(self, *args: Any, scopes: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["scope"].choices = list(scopes)  # type: ignore[attr-defined]

    def told(self) -> dict[str, Any]:
        """Return the order without its scope."""
        return {name: self.cleaned_data[name] for name in ("order", "reason", "expires_at")}

    def refuse(self, error: HouseError) -> None:
        self.add_error(error.field if error.field in self.fields else None, error.message)
