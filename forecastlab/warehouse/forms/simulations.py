"""The form of a simulation. Its rules are those of `domain/simulator`, nowhere else."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.domain.simulator.config import KNOBS
from forecastlab.warehouse.domain.simulator.presets import GENERATORS, LOCKED, PRESETS
from forecastlab.warehouse.queries import wording
from forecastlab.warehouse.services.simulations import Asked

SAID = {
    "season": _("Season: a yearly wave, its peak by category"),
    "changepoints": _("Changepoints: sudden shifts of level that fade away"),
    "weather": _("Weather: daily temperature by region, which moves demand"),
    "macro": _("Macro: an index that wanders, and demand with it"),
    "events": _("Events: event days by store, known ahead"),
    "channels": _("Channels: online, click and collect, wholesale"),
    "substitution": _("Substitution: groups of three that stand in for each other"),
    "cannibalisation": _("Cannibalisation: a price cut takes sales from the others of a group"),
    "lifecycle": _("Life cycle: launch, growth, maturity, decline, end"),
    "bundles": _("Bundles: two for one, and bundles"),
    "markdowns": _("Markdowns: by age, in decline, before long stock-outs"),
    "replenishment": _("Replenishment: stock, orders, lead times"),
    "returns": _("Returns: units that come back within two weeks"),
}


class SimulationForm(forms.Form):
    """Every knob may stay empty: then the preset's own number holds."""

    preset = forms.ChoiceField(label=_("Preset"), required=False)
    name = forms.CharField(
        label=_("Dataset"),
        required=False,
        help_text=_("An existing name gets a new version. Lower-case letters, digits, - and _."),
    )
    seed = forms.CharField(
        label=_("Seed"), required=False, help_text=_("The same seed, the same sales.")
    )
    as_of = forms.CharField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Today in UTC if empty."),
    )
    enable = forms.MultipleChoiceField(
        label=_("What else happens"),
        required=False,
        choices=[(name, SAID[name]) for name in GENERATORS],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        preset = self.fields["preset"]
        if isinstance(preset, forms.ChoiceField):
            preset.choices = [(name, _sized(name)) for name in PRESETS]
        self._add_knobs(str(self["preset"].value() or configs.DEFAULT_PRESET))

    def _add_knobs(self, preset: str) -> None:
        """Add a field for each knob, with the preset's number where nothing is typed."""
        native = configs.native(preset).as_json()
        for name, knob in KNOBS.items():
            own = f"{native[name]:g}"
            limits = {"min": knob.low, "max": knob.high, "step": 1 if knob.whole else "any"}
            shown = {"placeholder": own}
            reason = LOCKED.get(preset, {}).get(name)
            locked = {"disabled": True} if reason else {}
            self.fields[name] = forms.CharField(
                label=wording.KNOBS[name],
                required=False,
                widget=forms.NumberInput(attrs={**limits, **shown, **locked}),
                help_text=_("Locked: %s.") % reason
                if reason
                else _("%(low)s to %(high)s; %(native)s if empty.")
                % {"low": f"{knob.low:g}", "high": f"{knob.high:g}", "native": own},
            )

    def knobs(self) -> list[forms.BoundField]:
        return [self[name] for name in KNOBS]

    def asked(self) -> Asked:
        """Return what was filled in; call it on a valid form. Raises SimulationUnusable."""
        given = self.cleaned_data
        return Asked(
            preset=given["preset"] or configs.DEFAULT_PRESET,
            seed=configs.parse_seed(given["seed"]),
            as_of=configs.parse_day(given["as_of"]),
            knobs={name: given[name] for name in KNOBS if given[name]},
            enabled=given["enable"],
        )

    def refuse(self, field: str, message: str) -> None:
        """Put a message under the field that it is about."""
        self.add_error(field if field in self.fields else None, message)


def _sized(preset: str) -> str:
    native = configs.native(preset)
    size = _("%(stores)s stores, %(products)s products, %(days)s days") % {
        "stores": native.stores,
        "products": native.products,
        "days": native.days,
    }
    return f"{preset}: {size}"
