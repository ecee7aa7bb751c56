"""The forms that start a batch and promote a model; their rules are those of the services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from forecastlab.forecasting.domain.batch_presets import PRESETS
from forecastlab.forecasting.domain.gates import Name
from forecastlab.forecasting.domain.scopes import MOST_TOP
from forecastlab.forecasting.services.promotion import Decision
from forecastlab.lib import texts
from forecastlab.lib.errors import BadInput

SCOPES = (
    ("", _("All series")),
    ("region", _("The stores of a region")),
    ("category", _("The products of a category")),
    ("top_revenue", _("The series with the most revenue")),
    ("list", _("Listed series")),
)
PARTS = (
    ("", _("As it fits the scope")),
    ("store", _("One part a store")),
    ("category", _("One part a category")),
    ("series", _("Series by series")),
    ("all", _("In one part")),
)
WHOLE = ("top_n", "horizon", "folds")
MOST_BYTES = 5_000_000


class BatchForm(forms.Form):
    """Every field but the dataset may stay empty."""

    dataset = forms.ChoiceField(label=_("Dataset"))
    preset = forms.ChoiceField(
        label=_("Ready-made"),
        required=False,
        help_text=_("Brings its own scope and models; leave those empty then."),
    )
    scope = forms.ChoiceField(label=_("Scope"), required=False, choices=SCOPES)
    region = forms.CharField(
        label=_("Region"), required=False, help_text=_("For a scope of one region.")
    )
    category = forms.CharField(
        label=_("Category"), required=False, help_text=_("For a scope of one category.")
    )
    top_n = forms.CharField(
        label=_("How many"),
        required=False,
        help_text=_("1 to %(most)s, by revenue.") % {"most": MOST_TOP},
    )
    series = forms.CharField(
        label=_("Series"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("STORE:PRODUCT, one a line or with commas between them."),
    )
    file = forms.FileField(
        label=_("Series from a file"),
        required=False,
        help_text=_("One a line; read when the batch starts."),
    )
    by = forms.ChoiceField(label=_("Parted"), required=False, choices=PARTS)
    models = forms.MultipleChoiceField(
        label=_("Models"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("1 to 10; each is judged on every part."),
    )
    horizon = forms.CharField(label=_("Horizon, periods"), required=False)
    folds = forms.CharField(label=_("Folds"), required=False)

    def __init__(
        self,
        *args: Any,
        datasets: Sequence[str],
        models: Sequence[tuple[str, str]],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        _offer(self.fields["dataset"], [(name, name) for name in datasets])
        ready = [(one.name, one.title) for one in PRESETS.values()]
        _offer(self.fields["preset"], [("", _("None: choose below")), *ready])
        _offer(self.fields["models"], models)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name in WHOLE:
            if given.get(name):
                given[name] = self._whole(name, given[name])
        try:
            given["series"] = [*listed(given.get("series", "")), *self._uploaded()]
        except BadInput as error:
            self.add_error("file", error.message)
        return given

    def _whole(self, name: str, text: str) -> int | None:
        number = texts.number(text.strip())
        if number is None:
            self.add_error(name, _("Give a whole number."))
        return number

    def _uploaded(self) -> list[str]:
        file = self.files.get("file")
        return read_list(file.read(MOST_BYTES + 1)) if file else []

    def options(self) -> Mapping[str, Any]:
        """Return what was filled in, in the words of a batch."""
        left = ("dataset", "file")
        return {
            key: value
            for key, value in self.cleaned_data.items()
            if key not in left and value not in ("", None, [])
        }

    def refuse(self, field: str, message: str) -> None:
        """Put a message under the field that it is about."""
        self.add_error(field if field in self.fields else None, message)


def listed(text: str) -> list[str]:
    """Return the ids that a text lists, by lines or commas."""
    found = (one.strip() for line in text.splitlines() for one in line.split(","))
    return [one for one in found if one]


def read_list(content: bytes) -> list[str]:
    """Return the ids that a file lists; raises BadInput for one that is no text or too large."""
    if len(content) > MOST_BYTES:
        raise BadInput("The file is larger than any list of series.", field="series")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("The file is no text in UTF-8.", field="series") from error
    texts.check(text, field="series")
    return listed(text)


def _offer(field: forms.Field, choices: Sequence[tuple[Any, Any]]) -> None:
    if isinstance(field, forms.ChoiceField):
        field.choices = choices


class PromoteForm(forms.Form):
    """A decision about an alias; `seen` is what it pointed at when the page was made."""

    seen = forms.IntegerField(widget=forms.HiddenInput)
    acknowledged = forms.MultipleChoiceField(
        choices=[(one.value, one.value) for one in Name],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    note = forms.CharField(
        label=_("Why"), max_length=500, required=False, help_text=_("Kept with the promotion.")
    )

    def again(self, seen: int) -> PromoteForm:
        """Return the form for another look at the gates: what was typed stays, ticks do not."""
        return PromoteForm(initial={"seen": seen, "note": self.cleaned_data["note"]})

    @property
    def decision(self) -> Decision:
        told: dict[str, Any] = self.cleaned_data
        return Decision(told["acknowledged"], told["note"], seen=told["seen"])
