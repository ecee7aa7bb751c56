"""The form that starts a run. Its rules are those of `domain/config.py`, nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from forecastlab.forecasting.queries import verdicts
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.domain.simulator.config import KNOBS, parse_knobs
from showcase.domain.config import METRICS

Choices = Sequence[tuple[Any, Any]]


class RunForm(forms.Form):
    """Every field may stay empty: then the frequency's default holds."""

    sales = forms.ChoiceField(label=_("Sales"), help_text=_("A dataset, or sales simulated anew."))
    name = forms.CharField(
        label=_("Name"), required=False, help_text=_("Left empty: what is run, and how far ahead.")
    )
    horizon = forms.CharField(
        label=_("Horizon, periods"), required=False, help_text=_("1 to 90, in periods of the data.")
    )
    folds = forms.CharField(
        label=_("Folds"), required=False, help_text=_("1 to 20; each is judged by every model.")
    )
    step = forms.CharField(
        label=_("Step between folds"),
        required=False,
        help_text=_("1 to 90; the horizon if empty."),
    )
    gap = forms.CharField(
        label=_("Gap before each fold"), required=False, help_text=_("0 to 30, under the horizon.")
    )
    window = forms.CharField(
        label=_("Learn from"),
        required=False,
        help_text=_("The last so many periods before each fold; all of them if empty."),
    )
    metric = forms.ChoiceField(
        label=_("Ranked by"), required=False, choices=[(name, name.upper()) for name in METRICS]
    )
    policy = forms.ChoiceField(
        label=_("What serves is chosen by"), required=False, choices=verdicts.choices
    )
    seed = forms.CharField(
        label=_("Seed"),
        required=False,
        help_text=_("The same seed, the same simulated sales."),
    )
    as_of = forms.CharField(
        label=_("As of"), required=False, help_text=_("Today, or a date such as 2026-11-21.")
    )
    focus = forms.CharField(
        label=_("Focus"), required=False, help_text=_("STORE:PRODUCT, a lens on one series.")
    )
    simulate = forms.CharField(
        label=_("Knobs"), required=False, help_text=_("For simulated sales: stores=4 products=20.")
    )
    models = forms.MultipleChoiceField(
        label=_("Models"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: the default ones."),
    )
    keep_going = forms.BooleanField(
        label=_("Keep going after a failed step"),
        required=False,
        help_text=_("Only steps that need the failed one are skipped."),
    )

    def __init__(
        self, *args: Any, sales: Choices, models: Choices, cannot: str = "", **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.first_sales = str(sales[0][1][0][0]) if sales else ""
        _offer(self.fields["sales"], sales)
        _offer(self.fields["models"], models)
        if cannot:
            self.fields["models"].help_text = cannot

    def clean_simulate(self) -> dict[str, str]:
        try:
            return parse_knobs(self.cleaned_data["simulate"].split())
        except BadInput as error:
            raise forms.ValidationError(error.message) from error

    def options(self) -> dict[str, Any]:
        """Return what was filled in, in the words of the config."""
        return _options(self.cleaned_data)

    def initial_options(self) -> dict[str, Any]:
        """Return what an untouched form would start."""
        knobs = parse_knobs(str(self.initial.get("simulate", "")).split())
        return _options({"sales": self.first_sales, **self.initial, "simulate": knobs})

    def refuse(self, field: str, message: str) -> None:
        """Put a message under the field that it is about."""
        known = "sales" if field in ("dataset", "scenario") else field
        known = "simulate" if field in KNOBS else known
        self.add_error(known if known in self.fields else None, message)


def _offer(field: forms.Field, choices: Choices) -> None:
    if isinstance(field, forms.ChoiceField):
        field.choices = choices


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    filled = {key: value for key, value in given.items() if value not in ("", None, [], {})}
    kind, _colon, name = str(filled.pop("sales", "")).partition(":")
    return {**filled, kind: name} if kind else filled
