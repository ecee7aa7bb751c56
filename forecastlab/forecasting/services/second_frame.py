"""The row that trains LightGBM on the newest feature frame, to be compared with the usual one."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.frames import NEWEST_VERSION
from forecastlab.forecasting.domain.models import zoo
from forecastlab.forecasting.models import ModelRun
from forecastlab.forecasting.queries import labels
from forecastlab.forecasting.services import retraining
from forecastlab.lib.contributions import Done, Skipped, StepContext, StepResult

MODEL = "lightgbm"


def train(context: StepContext) -> StepResult:
    """Train LightGBM on the newest frame and judge it on the last fold; it serves nothing."""
    why = zoo()[MODEL].unavailable()
    if why:
        return Skipped(_("%(model)s cannot run here. ") % {"model": title_of(MODEL)} + why)
    run = retraining.judged_run(
        context, model=MODEL, frame_version=NEWEST_VERSION, folds=1, key="v2"
    )
    data = _data(run)
    told = _(
        "%(model)s, frame %(version)s of %(columns)s columns: WAPE %(wape)s on the last fold"
    ) % {
        "model": title_of(MODEL),
        "columns": data["feature_columns_count"],
        "version": data["feature_frame_version"],
        "wape": labels.measured(data["wape"], "wape"),
    }
    return Done(told, data)


def _data(run: ModelRun) -> dict[str, Any]:
    groups = run.config["learnt"]["groups"]
    return {
        "v2_run_id": run.pk,
        "model_runs": [run.pk],
        "feature_frame_version": run.frame_version,
        "model_type": run.model,
        "feature_columns_count": sum(len(columns) for columns in groups.values()),
        "feature_groups": list(groups),
        "groups": [{"name": name, "columns": list(columns)} for name, columns in groups.items()],
        "artifact": run.artefact,
        "wape": run.metrics["wape"],
        "folds": run.backtest.config["folds"],
        "series_judged": run.backtest.judged,
        "series_skipped": len(run.backtest.skipped),
    }
