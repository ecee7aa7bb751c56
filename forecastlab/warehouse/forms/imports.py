from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from forecastlab.warehouse.domain import formats

SIDES = ("stores", "products", "calendar", "test")


class UploadForm(forms.Form):
    name = forms.CharField(
        label=_("Dataset"),
        max_length=100,
        help_text=_("An existing name gets a new version. Lower-case letters, digits, - and _."),
    )
    file = forms.FileField(
        label=_("Sales file"),
        help_text=_(
            "CSV or TSV, plain or gzipped, or Parquet: a row per series and date, or a row per "
            "series with a column per date."
        ),
        allow_empty_file=True,
    )
    encoding = forms.ChoiceField(
        label=_("Encoding"),
        required=False,
        choices=[("", _("Guess")), *((one, formats.label(one)) for one in formats.ENCODINGS)],
        help_text=_("Say it only when the guess fails."),
    )
