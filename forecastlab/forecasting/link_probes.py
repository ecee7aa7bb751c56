from __future__ import annotations

from forecastlab.forecasting.models import Alias, Backtest, Batch, ForecastIssue, ModelRun
from forecastlab.lib import probes
from forecastlab.lib.contributions import LinkProbe

PROBES = (
    LinkProbe(
        "backtest",
        "Backtest",
        probes.rows(Backtest.objects),
        probes.page("forecasting:backtest"),
    ),
    LinkProbe(
        "model_run",
        "Model run",
        probes.rows(ModelRun.objects),
        probes.page("forecasting:model-run"),
    ),
    LinkProbe(
        "forecast_issue",
        "Forecasts",
        probes.rows(ForecastIssue.objects),
        probes.page("forecasting:issue"),
    ),
    LinkProbe("batch", "Batch", probes.rows(Batch.objects), probes.page("forecasting:batch")),
    LinkProbe("alias", "Alias", probes.rows(Alias.objects)),
)
