from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

_FILE_HELP = _("Markdown, text, HTML or PDF, up to 20 MB.")


def _file(label: Any) -> forms.FileField:
    widget = forms.ClearableFileInput(attrs={"accept": ".md,.markdown,.txt,.text,.html,.htm,.pdf"})
    return forms.FileField(label=label, help_text=_FILE_HELP, allow_empty_file=True, widget=widget)


class RefusingForm(forms.Form):
    def refuse(self, field: str, message: str) -> None:
        """Put a message under the field that it is about, else above all."""
        self.add_error(field if field in self.fields else None, message)


class _WithReaders(RefusingForm):
    title = forms.CharField(label=_("Title"), max_length=200)
    readers = forms.ModelMultipleChoiceField(
        label=_("Readers"),
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Groups that may read it, and see it in answers. Tick none for all staff."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["readers"].queryset = Group.objects.order_by("name")  # type: ignore[attr-defined]


class AddForm(_WithReaders):
    file = _file(_("File"))
    title = forms.CharField(
        label=_("Title"),
        max_length=200,
        required=False,
        help_text=_("Left empty, it is what the document calls itself, or its name."),
    )
    field_order = ["file", "title", "readers"]


class EditForm(_WithReaders):
    pass


class ReplaceForm(RefusingForm):
    file = _file(_("New file"))
