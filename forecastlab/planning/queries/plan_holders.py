"""Why a version, or a judgement, is still needed by plans that people made."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import ngettext

from forecastlab.planning.models import Plan

HELD_BY = {"dataset_version": "version", "backtest": "issue__backtest"}


def holders(kind: str, pk: int) -> Sequence[str]:
    """Return one sentence, or none; plans that a run made go with what it made."""
    if kind not in HELD_BY:
        return ()
    count = Plan.objects.not_of_runs().filter(**{HELD_BY[kind]: pk}).count()
    words = ngettext(
        "%(n)s plan starts from its forecasts", "%(n)s plans start from its forecasts", count
    )
    return [words % {"n": count}] if count else ()
