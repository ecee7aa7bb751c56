"""The form in which somebody says what the columns of a file are, and how it is read."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from zoneinfo import available_timezones

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from forecastlab.warehouse.domain import formats, mapping
from forecastlab.warehouse.domain.options import Options
from forecastlab.warehouse.domain.periods import Frequency
from forecastlab.warehouse.domain.roles import KEYS, NUMBERS
from forecastlab.warehouse.queries import wording
from forecastlab.warehouse.services.import_profiles import LONGEST_NAME
from forecastlab.warehouse.services.looking import Look

Choices = Sequence[tuple[Any, Any]]
# What says how the bytes become a table: a change of it shows other columns and rows.
READING = ("layout", "encoding", "decimal", "dates", "timezone")
STORING = ("frequency", "returns", "duplicates", "mode")


def _of(names: Iterable[str]) -> Choices:
    return [(name, wording.ROLES.get(name, name)) for name in names]


ROLE_CHOICES: Choices = [
    ("", _("Leave out")),
    (_("Which row it is"), _of(KEYS)),
    (_("Numbers"), _of(NUMBERS)),
    (
        _("Other numbers"),
        [
            ("signal:known", _("Signal, known ahead")),
            ("signal:observed", _("Signal, only observed")),
        ],
    ),
]


@functools.cache
def _zones() -> Choices:
    """List what the system knows; it reads a folder for each continent."""
    return [
        ("", _("Leave times as written")),
        *((one, one) for one in sorted(available_timezones())),
    ]


class _LongSelect(forms.Select):
    """Hundreds of options, drawn without a template for each."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        drawn = self.get_context(name, value, attrs)["widget"]
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            (
                (one["value"], flatatt(one["attrs"]), one["label"])
                for _name, group, _index in drawn["optgroups"]
                for one in group
            ),
        )
        return format_html(
            '<select name="{}"{}>{}</select>', drawn["name"], flatatt(drawn["attrs"]), options
        )


class ColumnsForm(forms.Form):
    """One choice per column of the file, and how the whole is read and stored."""

    layout = forms.ChoiceField(
        label=wording.LABELS["layout"],
        required=False,
        choices=[("", _("Guess")), *wording.CHOICES["layout"].items()],
    )
    encoding = forms.ChoiceField(
        label=wording.LABELS["encoding"],
        required=False,
        choices=[("", _("Guess")), *((one, formats.label(one)) for one in formats.ENCODINGS)],
    )
    decimal = forms.ChoiceField(
        label=wording.LABELS["decimal"],
        required=False,
        choices=[("", _("Guess")), *wording.CHOICES["decimal"].items()],
    )
    dates = forms.CharField(
        label=wording.LABELS["dates"],
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"list": "date-orders", "autocomplete": "off"}),
        help_text=_(
            "Left empty: guessed. Else: day first, month first, period numbers, or a pattern like "
            "%d.%m.%y."
        ),
    )
    timezone = forms.ChoiceField(
        label=wording.LABELS["timezone"],
        required=False,
        choices=_zones,
        widget=_LongSelect,
        help_text=_("What times with an offset (+02:00) are turned into."),
    )
    frequency = forms.ChoiceField(
        label=wording.LABELS["frequency"],
        required=False,
        choices=[("", _("Guess from the dates")), *((one.value, one.noun) for one in Frequency)],
    )
    returns = forms.ChoiceField(
        label=wording.LABELS["returns"],
        choices=list(wording.CHOICES["returns"].items()),
        initial="keep",
    )
    duplicates = forms.ChoiceField(
        label=wording.LABELS["duplicates"],
        choices=list(wording.CHOICES["duplicates"].items()),
        initial="reject",
    )
    mode = forms.ChoiceField(
        label=wording.LABELS["mode"],
        required=False,
        widget=forms.RadioSelect,
        choices=list(wording.CHOICES["mode"].items()),
        initial="replace",
    )
    profile_name = forms.CharField(
        label=_("Save these choices as"),
        required=False,
        max_length=LONGEST_NAME,
        help_text=_("A profile of yours, offered for files with the same columns. Optional."),
    )
    columns = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, look: Look, has_version: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.look = look
        if not has_version:
            del self.fields["mode"]
        self.fields["columns"].initial = json.dumps(look.headings)
        for name, word in look.guesses.items():
            _say_guess(self.fields[name], word)
        offered = ROLE_CHOICES[:2] if look.keys_only else ROLE_CHOICES
        for place, heading in enumerate(look.headings):
            self.fields[f"role_{place}"] = forms.ChoiceField(
                label=heading, required=False, choices=offered
            )
            self.fields[f"divisor_{place}"] = forms.FloatField(
                label=_("Divide %(column)s by") % {"column": heading},
                required=False,
                min_value=mapping.LEAST_DIVISOR,
                max_value=mapping.MOST_DIVISOR,
                widget=forms.NumberInput(
                    attrs={"step": "any", "inputmode": "decimal", "placeholder": _("Divide by")}
                ),
            )

    def reading_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in READING]

    def storing_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in STORING if name in self.fields and name != "mode"]

    def table(self) -> list[dict[str, Any]]:
        """Return each column with its fields and its first values."""
        return [
            {
                "heading": heading,
                "role": self[f"role_{place}"],
                "divisor": self[f"divisor_{place}"],
                "values": self.look.samples[place],
            }
            for place, heading in enumerate(self.look.headings)
        ]

    def options(self) -> Options:
        """Return what was chosen; call it on a valid form."""
        given = self.cleaned_data
        placed, signals = [], []
        for place, heading in enumerate(self.look.headings):
            role, divisor = given[f"role_{place}"], given[f"divisor_{place}"]
            if role.startswith("signal:"):
                signals.append(f"{heading}:{role.removeprefix('signal:')}")
            elif role:
                placed.append(f"{role}={heading}{_by(role, heading, divisor)}")
        chosen = {name: given[name] for name in (*READING, *STORING) if given.get(name)}
        return Options(placed=placed, signals=signals, guess=False, **chosen)

    def refuse(self, field: str, message: str) -> None:
        """Put a message under the field that it is about, else above all, in its words."""
        self.add_error(field if field in self.fields else None, wording.on_page(message))


def _by(role: str, heading: str, divisor: float | None) -> str:
    """Return what is divided by; a heading such as `sales/2` is told from a division by two."""
    if role not in NUMBERS or not (divisor or "/" in heading):
        return ""
    return f"/{divisor or 1:.10g}"


def _say_guess(field: forms.Field, word: str) -> None:
    if isinstance(field, forms.ChoiceField):
        others = list(cast("Choices", field.choices))[1:]
        field.choices = [("", _("Guess: %(word)s") % {"word": word}), *others]
    else:
        field.widget.attrs["placeholder"] = _("Guess: %(word)s") % {"word": word}


# -- what a form begins with -------------------------------------------------------------------


def reading_of(data: Mapping[str, str]) -> Options:
    """Return how posted fields want the file to be read, whatever they say of its columns."""
    return Options(
        layout=data.get("layout", "").strip() or Options().layout,
        encoding=data.get("encoding", "").strip(),
        decimal=data.get("decimal", "").strip(),
        dates=data.get("dates", "").strip(),
        timezone=data.get("timezone", "").strip(),
    )


def from_options(options: Options, look: Look) -> dict[str, Any]:
    """Return what fields show for these options, with guesses for columns they do not name."""
    start: dict[str, Any] = {name: getattr(options, name) for name in (*READING, *STORING)}
    placed = [mapping.parse_placed(one) for one in options.placed]
    signals = [mapping.parse_signal(one) for one in options.signals]
    roles = {one.column: one.role for one in placed}
    roles |= {one.column: f"signal:{'known' if one.known else 'observed'}" for one in signals}
    divisors = {one.column: one.divisor for one in placed if one.divisor != 1.0}
    guessed = look.roles if options.guess else {}
    for place, heading in enumerate(look.headings):
        start[f"role_{place}"] = roles.get(heading, guessed.get(heading, ""))
        start[f"divisor_{place}"] = divisors.get(heading)
    return start


def carried(data: Mapping[str, str], look: Look) -> tuple[dict[str, Any], bool]:
    """Return posted values under the places that their columns have now, and whether all fit.

    A column that was not shown before gets its guess.
    """
    before = _headings(data.get("columns", ""))
    values = {
        name: value for name, value in data.items() if not name.startswith(("role_", "divisor_"))
    }
    values["columns"] = json.dumps(look.headings)
    for place, heading in enumerate(look.headings):
        if heading in before:
            old = before.index(heading)
            values[f"role_{place}"] = data.get(f"role_{old}", "")
            values[f"divisor_{place}"] = data.get(f"divisor_{old}", "")
        else:
            values[f"role_{place}"] = look.roles.get(heading, "")
    return values, before == look.headings


def _headings(text: str) -> list[str]:
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return []
    return [str(one) for one in found] if isinstance(found, list) else []
