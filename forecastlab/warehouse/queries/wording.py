"""What pages call the options of an import and the knobs of the simulator, which commands and the
API name by their names.

Problems are told in the words of the command, the same everywhere; `on_page` gives a message the
labels of the form of the columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    Word = str | StrPromise

ROLES: dict[str, Word] = {
    "series": _("Series id"),
    "store": _("Store"),
    "product": _("Product"),
    "ds": _("Date"),
    "quantity": _("Quantity"),
    "price": _("Price"),
    "discount": _("Discount"),
    "promo": _("Promo, 0 or 1"),
    "open": _("Open, 0 or 1"),
    "stockout_share": _("Out of stock, 0 to 1"),
    "stock": _("Stock"),
    "holiday": _("Holiday, 0 or 1"),
}
KNOBS: dict[str, Word] = {
    "stores": _("Stores"),
    "products": _("Products"),
    "window_days": _("Days before the last"),
    "sparsity": _("Sparsity"),
    "promotion_intensity": _("Promotion intensity"),
    "stockout_intensity": _("Stock-out intensity"),
    "noise_sigma": _("Noise"),
}
LABELS: dict[str, Word] = {
    "layout": _("Layout"),
    "encoding": _("Encoding"),
    "decimal": _("Decimal sign"),
    "dates": _("Dates"),
    "timezone": _("Time zone"),
    "frequency": _("Frequency"),
    "returns": _("Negative sales"),
    "duplicates": _("Repeated rows"),
    "mode": _("What these rows are to the version before"),
    "signal": _("Is: Signal"),
}
CHOICES: dict[str, dict[str, Word]] = {
    "layout": {
        "long": _("Long: a row per series and date"),
        "wide": _("Wide: a column per date"),
        "m4": _("M4: a row per series, no dates"),
    },
    "decimal": {".": _("Point, 1,234.5"), ",": _("Comma, 1.234,5")},
    "returns": {
        "keep": _("Keep"),
        "missing": _("Treat as unknown"),
        "reject": _("Refuse the file"),
    },
    "duplicates": {
        "reject": _("Refuse the file"),
        "sum": _("Add them up"),
        "last": _("Keep the last one"),
    },
    "mode": {
        "replace": _("Replace: the file is everything there is."),
        "append": _("Append: newer rows and new series are added; no row may differ."),
        "correct": _("Correct: rows of the file take the place of the same rows; all others stay."),
    },
}
_DIVIDED = re.compile(r"--map \w+=COLUMN/NUMBER")
_ROLE = re.compile(rf"\b({'|'.join(ROLES)})=COLUMN\b")
_OPTION = re.compile(rf"--({'|'.join(LABELS)})\b((?: (?:says|or|COLUMN:known|[a-z0-9]+|[.,]))*)")


def on_page(message: str) -> str:
    """Return a message with the labels of the page in the place of the options of the command."""
    message = _DIVIDED.sub(f"'{_now('Divide by')}'", message)
    message = _ROLE.sub(lambda found: f"'{ROLES[found[1]]}'", message)
    return _OPTION.sub(_labelled, message)


def _labelled(found: re.Match[str]) -> str:
    choices, words = CHOICES.get(found[1], {}), found[2].split()
    is_value = found.string[found.end() :].startswith(" '") or (words and words[0] in choices)
    label = f"'{LABELS[found[1]]}'" + (":" if is_value else "")
    return " ".join([label, *(one for one in (_chosen(choices, one) for one in words) if one)])


def _chosen(choices: Mapping[str, Word], word: str) -> str:
    """Return the first words of the choice that is meant; what shows a command alone goes."""
    if word == "COLUMN:known":
        return ""
    choice = choices.get(word)
    return word if choice is None else f"'{re.split('[:,]', str(choice))[0]}'"
