"""The form that starts a run. Its rules are those of `domain/config.py`, nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from forecastlab.forecasting.queries import verdicts
from forecastlab.warehouse.domain.simulator import config as simulator
from forecastlab.warehouse.domain.simulator.config import KNOBS
from forecastlab.warehouse.domain.simulator.presets import LOCKED, SCENARIOS
from forecastlab.warehouse.queries import wording
from showcase.domain.config import METRICS, RICHEST_SCENARIO

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    Text = str | StrPromise

Choices = Sequence[tuple[Any, Any]]
ANY_DAY = date(2026, 1, 1)
LIMITS = ("keep_going", "fresh", "step_timeout", "run_timeout", "approval_patience_s")
SIMULATED, JUDGED = ("seed", "as_of"), ("policy", "step", "gap", "window")


@dataclass(frozen=True, slots=True)
class Group:
    """Fields under one heading: those that stand open, and those behind `more`."""

    title: Text
    fields: Sequence[BoundField]
    more: Text = ""
    further: Sequence[BoundField] = ()

    @property
    def is_open(self) -> bool:
        """Say whether something behind `more` was filled in, or is wrong."""
        return any(field.errors or _is_filled(field) for field in self.further)


def _whole(label: Text, help_text: Text) -> forms.CharField:
    """Return a field for a whole number that may be left out; the config says what it may be."""
    typed = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    return forms.CharField(label=label, required=False, widget=typed, help_text=help_text)


class RunForm(forms.Form):
    """Every field may stay empty: then the frequency's default holds."""

    sales = forms.ChoiceField(label=_("Sales"), help_text=_("A dataset, or sales simulated anew."))
    seed = _whole(_("Seed"), _("42 if empty. The same seed, the same simulated sales."))
    as_of = forms.CharField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Today in UTC if empty."),
    )
    reset = forms.BooleanField(
        label=_("Delete earlier versions"),
        required=False,
        help_text=_("Of these simulated sales, where nothing refers to them; not the newest."),
    )
    horizon = _whole(_("Horizon, periods"), _("1 to 90, in periods of the data."))
    folds = _whole(_("Folds"), _("1 to 20; each is judged by every model."))
    metric = forms.ChoiceField(
        label=_("Ranked by"), required=False, choices=[(name, name.upper()) for name in METRICS]
    )
    policy = forms.ChoiceField(
        label=_("What serves is chosen by"), required=False, choices=verdicts.choices
    )
    step = _whole(_("Step between folds"), _("1 to 90; the horizon if empty."))
    gap = _whole(_("Gap before each fold"), _("0 to 30, under the horizon."))
    window = _whole(
        _("Learn from"), _("The last so many periods before each fold; all of them if empty.")
    )
    models = forms.MultipleChoiceField(
        label=_("Models"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: the default ones."),
    )
    name = forms.CharField(
        label=_("Name"), required=False, help_text=_("Left empty: what is run, and how far ahead.")
    )
    table = forms.ChoiceField(
        label=_("Table"),
        required=False,
        choices=[
            ("", _("The usual one")),
            ("short", _("Short: data to verified forecasts")),
            ("long", _("Long: with every step there is")),
        ],
        help_text=_("Short, but for %(scenario)s.") % {"scenario": RICHEST_SCENARIO},
    )
    focus = forms.CharField(
        label=_("Focus"),
        required=False,
        help_text=_("STORE:PRODUCT, a lens on one series; the best-selling one if empty."),
    )
    keep = forms.BooleanField(
        label=_("Keep this run"),
        required=False,
        help_text=_("Makes a workspace of it."),
    )
    keep_as = forms.CharField(
        label=_("Keep it as"),
        required=False,
        help_text=_("Lower-case letters, digits, - and _; its number if empty."),
    )
    keep_going = forms.BooleanField(
        label=_("Keep going after a failed step"),
        required=False,
        help_text=_("Only steps that need the failed one are skipped."),
    )
    step_timeout = _whole(
        _("Seconds for each step"), _("1 to 21,600; what each step needs if empty.")
    )
    run_timeout = _whole(
        _("Seconds for the run"), _("1 to 86,400, once it has begun; 6 hours if empty.")
    )
    approval_patience_s = _whole(
        _("Seconds to wait for an answer"),
        _("0 to 3,600, where an agent asks for something; 30 if empty."),
    )
    fresh = forms.BooleanField(
        label=_("Compute everything anew"),
        required=False,
        help_text=_("Also what an equal run over the same sales has found."),
    )
    preset_name = forms.CharField(
        label=_("Save these settings as"),
        required=False,
        help_text=_("A run preset of yours, to start from again. Optional."),
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
        kind, _colon, name = str(self["sales"].value() or self.first_sales).partition(":")
        for knob in KNOBS:
            self.fields[knob] = _knob(knob, scenario=name if kind == "scenario" else "")

    # -- how the fields stand -----------------------------------------------------------------

    def simulated(self) -> Group:
        knobs = [*self._some(SIMULATED), *self._some(KNOBS), self["reset"]]
        said = _("Simulated sales: seed, last day, seven knobs, earlier versions")
        return Group("", [], said, knobs)

    def groups(self) -> list[Group]:
        """Return what stands below what is simulated."""
        judged = self._some(("horizon", "folds", "metric"))
        kept = self._some(("name", "table", "focus", "keep", "keep_as"))
        limits = self._some(LIMITS)
        more = _("More: what serves, step, gap, learning window")
        return [
            Group(_("How it is judged"), judged, more, self._some(JUDGED)),
            Group("", [], self._models_said(), [self["models"]]),
            Group(_("The run"), kept, _("More: failures and time limits"), limits),
        ]

    def _some(self, names: Sequence[str] | Mapping[str, Any]) -> list[BoundField]:
        return [self[name] for name in names]

    def _models_said(self) -> Text:
        ticked = len(self["models"].value() or [])
        return (
            _("Models: %(n)s ticked") % {"n": ticked} if ticked else _("Models: the default ones")
        )

    # -- what they say ------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("keep_as") and not given.get("keep"):
            self.add_error("keep_as", _("Tick 'Keep this run', or leave the name empty."))
        return given

    def options(self) -> dict[str, Any]:
        """Return what was filled in, in the words of the config."""
        return _options(self.cleaned_data)

    def initial_options(self) -> dict[str, Any]:
        """Return what an untouched form would start."""
        return _options({"sales": self.first_sales, **self.initial})

    def refuse(self, field: str, message: str) -> None:
        """Put a message under the field that it is about."""
        known = {"dataset": "sales", "scenario": "sales", "simulate": "sales", "keep": "keep_as"}
        name = known.get(field, field)
        self.add_error(name if name in self.fields else None, message)


def initial_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the fields hold for options in the words of the config."""
    scenario, dataset = options.get("scenario"), options.get("dataset")
    sales = f"scenario:{scenario}" if scenario else f"dataset:{dataset}" if dataset else ""
    apart = ("scenario", "dataset", "simulate", "reuse")
    rest = {key: one for key, one in options.items() if key not in apart}
    rest |= {} if options.get("reuse", True) else {"fresh": True}
    return {**rest, **(options.get("simulate") or {}), **({"sales": sales} if sales else {})}


def _is_filled(field: BoundField) -> bool:
    """Say whether a field holds something else than it does when it is left alone."""
    value, choices = field.value(), getattr(field.field, "choices", None)
    usual = str(next(iter(choices))[0]) if choices and not isinstance(value, list) else ""
    return value not in (None, "", [], False, usual)


def _offer(field: forms.Field, choices: Choices) -> None:
    if isinstance(field, forms.ChoiceField):
        field.choices = choices


def _knob(name: str, *, scenario: str) -> forms.CharField:
    """Return the field of a knob, with the scenario's own number where nothing is typed."""
    knob = KNOBS[name]
    limits = {"min": knob.low, "max": knob.high, "step": 1 if knob.whole else "any"}
    locked: Text = _("For simulated sales only.")
    shown = ""
    if scenario in SCENARIOS:
        native = simulator.build(scenario, seed=0, as_of=ANY_DAY, profile="scenario").as_json()
        shown, reason = f"{native[name]:g}", LOCKED.get(scenario, {}).get(name)
        locked = _("Locked: %s.") % reason if reason else ""
    span = {"low": f"{knob.low:g}", "high": f"{knob.high:g}", "native": shown}
    disabled = {"disabled": True} if locked else {}
    return forms.CharField(
        label=wording.KNOBS[name],
        required=False,
        widget=forms.NumberInput(attrs={**limits, "placeholder": shown, **disabled}),
        help_text=locked or _("%(low)s to %(high)s; %(native)s if empty.") % span,
    )


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    filled = {key: value for key, value in given.items() if value not in ("", None, [], {})}
    kind, _colon, name = str(filled.pop("sales", "")).partition(":")
    knobs = {knob: filled.pop(knob) for knob in KNOBS if knob in filled}
    keep, keep_as = filled.pop("keep", False), filled.pop("keep_as", "")
    if keep:
        filled["keep"] = keep_as or True
    if filled.pop("fresh", False):
        filled["reuse"] = False
    filled.pop("preset_name", None)
    sold = {kind: name} if kind else {}
    return {**filled, **sold, **({"simulate": knobs} if knobs else {})}
