"""The forms of kept runs. Their rules are those of `domain/workspaces.py`, nowhere else."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from showcase.domain.workspaces import LONGEST_NOTES, LONGEST_TAG, MOST_TAGS
from showcase.models import Workspace

SAID = ("name", "tags", "notes", "pinned", "archived")


def _offering(address: Any) -> dict[str, Any]:
    """Offer tags as they are typed; without a script the list of the page is offered."""
    return {
        "list": "known-tags",
        "autocomplete": "off",
        "hx-get": address,
        "hx-trigger": "input changed delay:200ms",
        "hx-target": "#known-tags",
        "hx-swap": "outerHTML",
    }


class KeepForm(forms.Form):
    """What is said of a run when it is kept."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        help_text=_("Lower-case letters, digits, - and _; its number if empty."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": 100}),
    )
    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        help_text=_("Separated by commas, up to %(n)s, each up to %(long)s characters.")
        % {"n": MOST_TAGS, "long": LONGEST_TAG},
        widget=forms.TextInput(attrs=_offering(reverse_lazy("showcase:workspace-tags"))),
    )
    notes = forms.CharField(
        label=_("Notes"),
        required=False,
        strip=False,
        help_text=_("Markdown, up to %(n)s characters. Whoever may read the sales reads them.")
        % {"n": f"{LONGEST_NOTES:,}"},
        widget=forms.Textarea(attrs={"rows": 10, "maxlength": LONGEST_NOTES}),
    )

    def clean_tags(self) -> list[str]:
        tags = (one.strip() for one in self.cleaned_data["tags"].split(","))
        return list(dict.fromkeys(one for one in tags if one))

    def said(self) -> dict[str, Any]:
        """Return what was filled in, in the words of `domain/workspaces.py`."""
        return {key: self.cleaned_data[key] for key in SAID if key in self.cleaned_data}

    def refuse(self, field: str, message: str) -> None:
        """Put a message under the field that it is about."""
        known = {"keep": "name"}
        name = known.get(field, field)
        self.add_error(name if name in self.fields else None, message)


class WorkspaceForm(KeepForm):
    """What is said of a kept run; `version` is that which its editor has seen."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    pinned = forms.BooleanField(
        label=_("Pinned"), required=False, help_text=_("Stands above the others.")
    )
    archived = forms.BooleanField(
        label=_("Archived"), required=False, help_text=_("Out of the list, unless asked for.")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"].help_text = _("Lower-case letters, digits, - and _.")


def initial_of(workspace: Workspace) -> dict[str, Any]:
    said = {key: getattr(workspace, key) for key in SAID}
    return {**said, "version": workspace.version, "tags": ", ".join(workspace.tags)}
