"""The places of what is planned, as tabs above each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _


def dataset_choice(names: Sequence[str], chosen: str, *, always: bool) -> Mapping[str, object]:
    """Return the choice of a dataset for components/filters.html; `always` means of one."""
    return {
        "name": "dataset",
        "label": _("Dataset") if always else _("All datasets"),
        "options": [(one, one) for one in names],
        "chosen": chosen,
        "always": always,
    }


def tabs(here: str, dataset: str = "") -> Sequence[Mapping[str, object]]:
    """Return the tabs; `here` is the URL name of the one that is shown."""
    places = {
        "plans": _("What-if plans"),
        "overrides": _("Overrides"),
        "freezes": _("Freezes"),
        "publications": _("Published"),
        "value-added": _("Value added"),
    }
    query = {"dataset": dataset} if dataset else None
    return [
        {"label": label, "url": reverse(f"planning:{name}", query=query), "is_here": name == here}
        for name, label in places.items()
    ]
