"""How long models took here before: what shards are sized by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from django.db.models import F, Func, IntegerField
from django.db.models.fields.json import KeyTransform

from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.models import zoo
from forecastlab.forecasting.domain.shards import local
from forecastlab.forecasting.models import Backtest

# Seconds per period, series and origin that a model of cost 1 takes, where none has been measured.
USUAL = 6.5e-9
RECENT = 5


def seconds_per_series(config: Config, periods: int) -> float:
    """Return about how long all models that run in shards take for one series on all folds."""
    measured = _measured()
    cells = periods * (config.folds + 1)
    return cells * sum(
        measured.get(name, USUAL * zoo()[name].cost) for name in local(config.single)
    )


def _measured() -> dict[str, float]:
    """Return the seconds per period, series and origin in the last backtests, by model."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for periods, series, folds, models, reused in _recent():
        cells = max(series * periods * (folds * (1 - (reused or 0)) + 1), 1)
        for name, told in models.items():
            if name in zoo():
                found[name].append(told["seconds"] / cells)
    return {name: median(many) for name, many in found.items()}


def _recent() -> Iterable[tuple[int, int, int, Mapping[str, Any], float | None]]:
    """Return periods, series, folds and models of the last backtests, and no more of them.

    Last comes which share of what was judged was taken over from earlier ones.
    """
    skipped = Func("skipped", function="jsonb_array_length", output_field=IntegerField())
    told = (
        Backtest.objects.real()
        .newest()
        .values_list(
            "version__periods",
            F("judged") + skipped,
            KeyTransform("folds", "config"),
            KeyTransform("models", "result"),
            KeyTransform("reused", "result"),
        )
    )
    found: Iterable[tuple[int, int, int, Mapping[str, Any], float | None]] = told[:RECENT]
    return found
