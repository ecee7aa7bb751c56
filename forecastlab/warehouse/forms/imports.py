from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from forecastlab.warehouse.domain import mapping
from forecastlab.warehouse.domain.periods import Frequency
from forecastlab.warehouse.domain.roles import NUMBERS, ROLES
from forecastlab.warehouse.services.imports import Options

SIGNALS = (("signal:known", _("signal, known ahead")), ("signal:observed", _("signal, observed")))


class UploadForm(forms.Form):
    name = forms.CharField(
        label=_("Dataset"),
        max_length=100,
        help_text=_("An existing name gets a new version. Lower-case letters, digits, - and _."),
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "CSV or TSV in UTF-8, plain or gzipped, or Parquet; one row per series and date."
        ),
        allow_empty_file=True,
    )


class MappingForm(forms.Form):
    """One choice per column of the file, and how the whole is read."""

    frequency = forms.ChoiceField(
        label=_("Frequency"),
        required=False,
        choices=[("", _("Guess from the dates")), *((one.value, one.noun) for one in Frequency)],
    )
    returns = forms.ChoiceField(
        label=_("Negative sales"),
        choices=[
            ("keep", _("Keep")),
            ("missing", _("Treat as unknown")),
            ("reject", _("Refuse the file")),
        ],
        initial="keep",
    )

    def __init__(self, *args: Any, headings: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headings = headings
        guessed = {one.column: one.role for one in mapping.guess(headings)}
        roles = [("", _("Leave out")), *((one, one) for one in ROLES), *SIGNALS]
        for place, heading in enumerate(headings):
            self.fields[f"role_{place}"] = forms.ChoiceField(
                label=heading, required=False, choices=roles, initial=guessed.get(heading, "")
            )
            self.fields[f"divisor_{place}"] = forms.FloatField(
                label=_("divide by"), required=False, min_value=1e-9
            )

    def options(self) -> Options:
        """Return what was chosen; call it on a valid form."""
        placed, signals = [], []
        for place, heading in enumerate(self.headings):
            role = self.cleaned_data[f"role_{place}"]
            divisor = self.cleaned_data[f"divisor_{place}"]
            if role.startswith("signal:"):
                signals.append(f"{heading}:{role.removeprefix('signal:')}")
            elif role:
                by = f"/{divisor:g}" if divisor and role in NUMBERS else ""
                placed.append(f"{role}={heading}{by}")
        return Options(
            placed=placed,
            signals=signals,
            frequency=self.cleaned_data["frequency"],
            returns=self.cleaned_data["returns"],
            guess=False,
        )

    def columns(self, rows: Sequence[Sequence[str | None]]) -> list[dict[str, Any]]:
        """Return each column with its fields and its first values."""
        return [
            {
                "heading": heading,
                "role": self[f"role_{place}"],
                "divisor": self[f"divisor_{place}"],
                "values": [row[place] for row in rows],
            }
            for place, heading in enumerate(self.headings)
        ]
