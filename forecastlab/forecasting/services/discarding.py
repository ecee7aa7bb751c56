"""Judgements that nobody needs any more, with all that came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from forecastlab.forecasting.models import Backtest, Batch
from forecastlab.lib import deleting


@dataclass(frozen=True, slots=True)
class Discarded:
    """`counts` are the rows that went, by table; `left` are backtests that stay after all.

    Something, such as an alias, began to use those after it was asked what holds them.
    """

    counts: Mapping[str, int]
    left: Sequence[int]

    @property
    def why_left(self) -> str:
        return _("something has just begun to use it")


def discard(backtests: Iterable[int], batches: Iterable[int]) -> Discarded:
    """Delete backtests with their model runs and forecasts, and batches with their items.

    Belongs in a transaction of somebody who has asked what holds them.
    """
    counts = deleting.delete(Batch.objects.filter(pk__in=list(batches)))
    left = []
    for pk in backtests:
        gone = _discarded(pk)
        counts.update(gone or {})
        left += [pk] if gone is None else []
    return Discarded(counts, left)


def _discarded(backtest: int) -> Counter[str] | None:
    try:
        with transaction.atomic():
            return deleting.delete(Backtest.objects.filter(pk=backtest))
    except IntegrityError:  # RestrictedError and ProtectedError are such
        return None
