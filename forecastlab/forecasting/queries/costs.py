"""How long models took here before: what shards are sized by."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

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
    for one in Backtest.objects.newest().select_related("version")[:RECENT]:
        series = one.judged + len(one.skipped)
        cells = max(series * one.version.periods * (one.config["folds"] + 1), 1)
        for name, told in one.result["models"].items():
            if name in zoo():
                found[name].append(told["seconds"] / cells)
    return {name: median(many) for name, many in found.items()}
