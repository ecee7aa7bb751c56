from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agents.domain.skills import SKILLS
from agents.services.sessions import LONGEST_MESSAGE
from forecastlab.lib.errors import HouseError


class SessionForm(forms.Form):
    """What an agent is asked to do, with which skill, over which dataset."""

    skill = forms.ChoiceField(
        label=_("Skill"), choices=[(one.name, one.title) for one in SKILLS.values()]
    )
    dataset = forms.ChoiceField(label=_("Dataset"))
    workspace = forms.CharField(
        label=_("Workspace"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"list": "known-workspaces", "autocomplete": "off"}),
        help_text=_("A kept run over this dataset that it is about. May be left empty."),
    )
    message = forms.CharField(
        label=_("What is it to do?"),
        max_length=LONGEST_MESSAGE,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Name what is wanted and, where it matters, the series and the numbers."),
    )

    def __init__(self, *args: Any, datasets: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["dataset"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(name, name) for name in datasets]

    def refuse(self, error: HouseError) -> None:
        """Show an error at the field that it names, else above the form."""
        self.add_error(error.field if error.field in self.fields else None, error.message)
