"""The form in which people change the arguments of a call before somebody answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError

from agents.domain import argument_fields
from agents.domain.argument_fields import ArgumentField
from agents.models import Approval
from forecastlab.lib.contributions import AgentTool
from forecastlab.lib.errors import HouseError

BEGIN = "argument-"


class ChangeForm(forms.Form):
    """Every argument of a call that may be changed, however deep, and what was seen of it.

    `refused` is the status of an answer to what was sent and cannot be done.
    """

    version = forms.IntegerField(widget=forms.HiddenInput)
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=2000,
        widget=forms.TextInput(
            attrs={"placeholder": gettext_lazy("Shown to the agent and kept in the record")}
        ),
    )

    def __init__(
        self, approval: Approval, tool: AgentTool, values: Mapping[str, Any], data: Any = None
    ) -> None:
        seen = {"version": approval.version, "digest": approval.digest}
        super().__init__(data, initial=seen)
        self.values = values
        self.refused = 0
        self.parts = argument_fields.fields(tool.arguments.model_json_schema(), values)
        for part in self.parts:
            self.fields[BEGIN + part.name] = _field(part)

    @property
    def given(self) -> Sequence[forms.BoundField]:
        """Return the fields of what the agent has filled in, and those with something wrong."""
        return [self[BEGIN + part.name] for part in self.parts if self._is_given(part)]

    @property
    def left_out(self) -> Sequence[forms.BoundField]:
        return [self[BEGIN + part.name] for part in self.parts if not self._is_given(part)]

    def _is_given(self, part: ArgumentField) -> bool:
        return bool(part.text) or BEGIN + part.name in self.errors

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that are changed."""
        read = {one.place: one.read(self.cleaned_data[BEGIN + one.name]) for one in self.parts}
        return argument_fields.changed(self.values, read)

    def refuse(self, error: HouseError) -> None:
        """Show an error at the fields that it is about, else above the form."""
        if isinstance(error.__cause__, ValidationError):
            for one in error.__cause__.errors(include_url=False, include_input=False):
                self._refuse_at(one["loc"], one["msg"])
        else:
            self.add_error(error.field if error.field == "reason" else None, error.message)

    def _refuse_at(self, place: tuple[int | str, ...], why: str) -> None:
        whole = ".".join(str(one) for one in place)
        names = [one.name for one in self.parts if f"{whole}.".startswith(f"{one.name}.")]
        told = why if names else f"{whole}: {why}"
        self.add_error(BEGIN + max(names, key=len) if names else None, told)


def _field(part: ArgumentField) -> forms.Field:
    label = argument_fields.words(part.place)
    told: dict[str, Any] = {
        "label": label[:1].upper() + label[1:],
        "help_text": part.about,
        "required": False,
        "initial": part.text,
    }
    if part.kind in {"yes", "choice"}:
        return forms.ChoiceField(choices=_choices(part), **told)
    return forms.CharField(strip=False, widget=_widget(part.kind), **told)


def _choices(part: ArgumentField) -> list[tuple[str, str]]:
    words = [("true", _("Yes")), ("false", _("No"))]
    known = words if part.kind == "yes" else [(str(one), str(one)) for one in part.choices]
    return [("", "–"), *known] if part.may_be_empty or not part.text else known


def _widget(kind: str) -> forms.Widget:
    if kind in {"long", "lines"}:
        return forms.Textarea(attrs={"rows": 3})
    mode = {"inputmode": "decimal"} if kind == "number" else {}
    return forms.TextInput(attrs={"autocomplete": "off", **mode})
