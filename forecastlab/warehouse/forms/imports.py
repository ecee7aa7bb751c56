from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _

from forecastlab.warehouse.domain import formats
from forecastlab.warehouse.queries.wording import on_page
from forecastlab.warehouse.services.beside import Given

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

SIDES = ("stores", "products", "calendar", "test")


def _further(label: StrPromise, help_text: StrPromise) -> forms.FileField:
    return forms.FileField(label=label, help_text=help_text, required=False, allow_empty_file=True)


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
    stores = _further(_("Stores"), _("A row per store: its code, then any attributes."))
    products = _further(
        _("Products"),
        _("A row per product: its code, category, brand, cost, launch date, any attribute."),
    )
    calendar = _further(_("Calendar"), _("A row per day: its date, holiday 0 or 1, its name."))
    test = _further(
        _("Test"), _("With layout M4: how each series goes on, held back as the last fold.")
    )

    def further_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in SIDES]

    def refuse(self, field: str, message: str) -> None:
        """Put a message under the field that it is about, else above all, in the page's words."""
        self.add_error(field if field in self.fields else None, on_page(message))

    def more_is_open(self) -> bool:
        return any(self[name].errors for name in ("encoding", *SIDES))

    def further(self) -> dict[str, Given]:
        """Return the files that go with the sales; call it on a valid form."""
        files = {name: self.cleaned_data[name] for name in SIDES if self.cleaned_data[name]}
        return {name: (file.name, file.chunks()) for name, file in files.items()}
