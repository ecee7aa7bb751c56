"""The form of a plan: what one scope is assumed to see, and what was added before.

Percent are typed as people say them; the rules are those of the domain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from forecastlab.lib import texts
from forecastlab.planning.domain.assumptions import PROMOTIONS, STAGES
from forecastlab.planning.queries.plan_words import LIVES, OFFERS

SCOPES = (
    ("all", _("The whole portfolio")),
    ("category", _("A category")),
    ("product", _("A product")),
    ("store", _("A store")),
    ("region", _("A region")),
    ("series", _("One series")),
)
PERCENTS = ("price_change", "discount", "uplift")
# Where a mistake in an assumption shows: its field, and the field of the form.
SHOWN_AT = {
    "change_pct": "price_change",
    "promotion": "promotion",
    "signal": "signal",
    "discount": "discount",
    "uplift": "uplift",
    "dates": "holidays",
    "on_hand_units": "on_hand_units",
    "stage": "stage",
    "start": "start",
    "end": "end",
    "scope": "scope_value",
    "value": "scope_value",
    "name": "name",
    "tags": "tags",
    "notes": "notes",
}


class PlanForm(forms.Form):
    """Every field but the name and the dataset may stay empty; what is filled in is assumed."""

    dataset = forms.ChoiceField(label=_("Dataset"))
    name = forms.CharField(
        label=_("Name"), required=False, help_text=_("Needed to save, not to preview.")
    )
    tags = forms.CharField(label=_("Tags"), required=False, help_text=_("With commas between."))
    notes = forms.CharField(
        label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    scope_kind = forms.ChoiceField(label=_("For"), required=False, choices=SCOPES)
    scope_value = forms.CharField(
        label=_("Its name"), required=False, help_text=_("Empty for the whole portfolio.")
    )
    start = forms.ChoiceField(label=_("From"), required=False)
    end = forms.ChoiceField(label=_("To"), required=False)
    price_change = forms.CharField(
        label=_("Price change, %"), required=False, help_text=_("-10 is a tenth off.")
    )
    promotion = forms.ChoiceField(label=_("Promotion"), required=False)
    signal = forms.ChoiceField(label=_("Told by the signal"), required=False)
    discount = forms.CharField(
        label=_("Off the price while promoted, %"),
        required=False,
        help_text=_("0 to 95. Where prices fell in offers so far, sales follow the price too."),
    )
    uplift = forms.CharField(
        label=_("Uplift of your own, %"),
        required=False,
        help_text=_("Instead of what sales tell of promotions and holidays."),
    )
    holidays = forms.CharField(
        label=_("Holidays"), required=False, help_text=_("Days of the forecast, commas between.")
    )
    on_hand_units = forms.CharField(
        label=_("Stock, units"), required=False, help_text=_("Sales end when it is gone.")
    )
    stage = forms.ChoiceField(label=_("Stage of life"), required=False)
    kept = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        datasets: Sequence[str],
        periods: Sequence[tuple[str, str]],
        signals: Sequence[str],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        offers = [(one, OFFERS[one]) for one in PROMOTIONS]
        lives = [(one, LIVES[one]) for one in STAGES]
        _offer(self.fields["dataset"], [(one, one) for one in datasets])
        _offer(self.fields["start"], [("", _("The first one")), *periods])
        _offer(self.fields["end"], [("", _("The last one")), *periods])
        _offer(self.fields["promotion"], [("", _("None")), *offers])
        _offer(self.fields["stage"], [("", _("As it is")), *lives])
        named = [(one, one) for one in signals]
        _offer(self.fields["signal"], [("", _("The usual one")), *named])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name in PERCENTS:
            given[name] = self._share(name, str(given.get(name) or ""))
        given["on_hand_units"] = self._number("on_hand_units", given.get("on_hand_units") or "")
        given["kept"] = self._kept(given.get("kept") or "[]")
        return given

    def _share(self, name: str, text: str) -> float | None:
        found = self._number(name, text.replace("%", ""))
        return None if found is None else round(found / 100, 6)

    def _number(self, name: str, text: str) -> float | None:
        plain = text.replace("\N{MINUS SIGN}", "-").replace(",", "").strip()
        if not plain:
            return None
        try:
            return float(plain)
        except ValueError:
            self.add_error(name, _("Give a number."))
            return None

    def _kept(self, text: str) -> list[dict[str, Any]]:
        try:
            found = json.loads(text)
            texts.check(found)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self.add_error(None, _("What was added before cannot be read."))
            return []
        return found

    @property
    def kept_now(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cleaned_data.get("kept", [])
        return found

    def filled_in(self) -> list[dict[str, Any]]:
        """Return the assumptions that the fields make, in the words of the API."""
        told = self.cleaned_data
        scope = {"kind": told.get("scope_kind") or "all", "value": told.get("scope_value") or ""}
        span = {name: told[name] for name in ("start", "end") if told.get(name)}
        found = [*self._priced(span), *self._promoted(span)]
        if told.get("on_hand_units") is not None:
            found.append({"kind": "inventory", "on_hand_units": told["on_hand_units"]})
        if told.get("stage"):
            found.append({"kind": "lifecycle", "stage": told["stage"], **span})
        return [{**one, "scope": scope} for one in found]

    def _priced(self, span: Mapping[str, Any]) -> list[dict[str, Any]]:
        change = self.cleaned_data.get("price_change")
        return [] if change is None else [{"kind": "price", "change_pct": change, **span}]

    def _promoted(self, span: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return promotion and holiday, with the planner's own uplift if there is one."""
        told = self.cleaned_data
        found: list[dict[str, Any]] = []
        if told.get("promotion"):
            own = {name: told[name] for name in ("signal", "discount") if told.get(name)}
            found.append({"kind": "promotion", "promotion": told["promotion"], **span, **own})
        if told.get("holidays"):
            days = [one.strip() for one in told["holidays"].split(",") if one.strip()]
            found.append({"kind": "holiday", "dates": days})
        uplift = told.get("uplift")
        return found if uplift is None else [{**one, "uplift": uplift} for one in found]

    def assumptions(self) -> list[dict[str, Any]]:
        """Return what was added before and what the fields make."""
        return [*self.kept_now, *self.filled_in()]

    def tags_given(self) -> list[str]:
        return [one.strip() for one in self.cleaned_data.get("tags", "").split(",") if one.strip()]

    def refuse(self, field: str, message: str) -> None:
        """Put a message under the field that it is about."""
        name = SHOWN_AT.get(field.rpartition(".")[2], field)
        self.add_error(name if name in self.fields else None, message)


class PlanTextForm(forms.Form):
    """Name, tags and notes of a plan that is there."""

    name = forms.CharField(label=_("Name"), max_length=200)
    tags = forms.CharField(label=_("Tags"), required=False, help_text=_("With commas between."))
    notes = forms.CharField(
        label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )

    def draft(self) -> Mapping[str, Any]:
        told: dict[str, Any] = self.cleaned_data
        tags = [one.strip() for one in told["tags"].split(",")]
        return {"name": told["name"], "notes": told["notes"], "tags": tags}


def _offer(field: forms.Field, choices: Sequence[tuple[Any, Any]]) -> None:
    if isinstance(field, forms.ChoiceField):
        field.choices = choices
