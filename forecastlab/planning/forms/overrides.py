"""The forms of overrides, freezes and published forecasts; their rules are those of the domain."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from forecastlab.lib import texts
from forecastlab.lib.errors import BadInput, HouseError
from forecastlab.planning.domain import overrides
from forecastlab.planning.domain.override_lines import Wrong
from forecastlab.planning.domain.overrides import LONGEST_NOTE, Scope, Way
from forecastlab.planning.queries import scopes
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.planning.services import freezes, override_files
from forecastlab.planning.services.overrides import Asked, Number, Words, read_amount

REASONS = [("", _("Why?")), *((one.value, words) for one, words in scopes.REASONS.items())]
_CELL = re.compile(r"c\.(\d{1,18})\.([0-9T:-]{1,16})")


class RefusableForm(forms.Form):
    """A form that shows what the services say under the field that they name."""

    def refuse(self, error: HouseError) -> None:
        self.add_error(error.field if error.field in self.fields else None, error.message)


class WhyForm(RefusableForm):
    """Why something is overridden."""

    reason = forms.ChoiceField(label=_("Reason"), choices=REASONS)
    note = forms.CharField(
        label=_("Note"), max_length=LONGEST_NOTE, required=False, help_text=_("What you know.")
    )

    def words(self, via: str) -> Words:
        told = self.cleaned_data
        return Words(told["reason"], told["note"], via)


class ScopeForm(RefusableForm):
    """A scope and a span of the periods of a horizon."""

    scope = forms.ChoiceField(label=_("Scope"), choices=list(scopes.KINDS.items()))
    value = forms.CharField(
        label=_("Its name"),
        max_length=401,
        required=False,
        help_text=_("Such as STORE:PRODUCT, or the name of a store, product, category, region."),
    )
    first = forms.ChoiceField(label=_("From"))
    last = forms.ChoiceField(label=_("To"))

    def __init__(self, *args: Any, horizon: Horizon, **options: Any) -> None:
        super().__init__(*args, **options)
        self.horizon = horizon
        first = horizon.first_open
        places = range(first, horizon.issue.horizon)
        choices = [(horizon.labels[one], horizon.title(one)) for one in places]
        for name in ("first", "last"):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = choices
        if choices:
            self.fields["last"].initial = choices[-1][0]

    def asked_scope(self) -> Scope:
        """Return the scope; raises BadInput."""
        return overrides.read_scope(self.cleaned_data["scope"], self.cleaned_data["value"])


class OverrideForm(ScopeForm, WhyForm):
    """One override of a scope and a span.

    `seen` is that of the preview beside it: who has not looked at one writes over nothing.
    """

    way = forms.ChoiceField(
        label=_("What"), choices=[(one.value, words) for one, words in scopes.WAYS.items()]
    )
    amount = forms.CharField(
        label=_("Number"),
        max_length=20,
        required=False,
        help_text=_("Units, or percent such as -10. Empty for back to the model."),
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    field_order = ("scope", "value", "first", "last", "way", "amount", "reason", "note")

    def asked(self) -> Asked:
        """Return what is asked for; raises BadInput."""
        told = self.cleaned_data
        way = Way(told["way"])
        amount = read_amount(way, told["amount"])
        scope = self.asked_scope()
        return Asked(scope, told["first"], told["last"], way, amount, told["seen"] or 0)


class FreezeForm(ScopeForm):
    note = forms.CharField(label=_("Note"), max_length=LONGEST_NOTE, required=False)

    field_order = ("scope", "value", "first", "last", "note")

    def asked(self) -> freezes.Asked:
        told = self.cleaned_data
        return freezes.Asked(self.asked_scope(), told["first"], told["last"], told["note"])


class UploadForm(RefusableForm):
    """A table that was edited; `lines` are those of it that could not be used."""

    lines: Sequence[Wrong] = ()

    file = forms.FileField(label=_("CSV with overrides"))
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=REASONS,
        required=False,
        help_text=_("For the lines that name none."),
    )
    note = forms.CharField(label=_("Note"), max_length=LONGEST_NOTE, required=False)

    def words(self) -> Words:
        told = self.cleaned_data
        return Words(told["reason"], told["note"])

    def refuse_lines(self, wrong: override_files.LinesWrong) -> None:
        self.lines = wrong.wrong
        self.add_error(None, wrong.detail)


class PublishForm(RefusableForm):
    note = forms.CharField(
        label=_("Note"),
        max_length=LONGEST_NOTE,
        required=False,
        help_text=_("Kept with the version: who it is for, what was agreed."),
    )
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)


# -- the grid ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sent:
    """What was changed in a grid. `typed` holds every field, `wrong` what is no number."""

    numbers: Sequence[Number]
    typed: Mapping[tuple[int, str], str]
    wrong: Mapping[tuple[int, str], str]


def read_grid(sent: QueryDict) -> Sent:
    """Return what differs from what stood in the fields when the grid was shown."""
    numbers, typed, wrong = [], {}, {}
    for name in sent:
        found = _CELL.fullmatch(name)
        if found is None:
            continue
        key, text = (int(found[1]), found[2]), str(sent[name]).strip()
        typed[key] = text
        revision, _colon, before = str(sent.get(f"was.{found[1]}.{found[2]}", "0:")).partition(":")
        if text == before:
            continue
        try:
            units = float(overrides.read_units(text)) if text else None
        except BadInput as error:
            wrong[key] = error.message
        else:
            numbers.append(Number(*key, units, texts.number(revision) or 0))
    return Sent(numbers, typed, wrong)
