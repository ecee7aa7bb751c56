"""Which forecasts are still needed: those that overrides and published forecasts were made from."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import ngettext

from forecastlab.planning.models import Override, Publication

PATHS = {"dataset_version": "issue__version", "backtest": "issue__backtest"}


def holders(kind: str, pk: int) -> Sequence[str]:
    """Return why a version or a backtest is needed, one sentence for each kind of thing."""
    if kind not in PATHS:
        return []
    of_it = {PATHS[kind]: pk}
    made = Override.objects.filter(**of_it).count()
    published = Publication.objects.filter(**of_it).count()
    told = [
        ngettext(
            "%(n)s override was made on forecasts from it",
            "%(n)s overrides were made on forecasts from it",
            made,
        )
        % {"n": made},
        ngettext(
            "%(n)s published forecast was made from it",
            "%(n)s published forecasts were made from it",
            published,
        )
        % {"n": published},
    ]
    return [words for words, count in zip(told, (made, published), strict=True) if count]
