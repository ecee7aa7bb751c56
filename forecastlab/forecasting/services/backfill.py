"""The row that shows what models would have been made earlier: trained and judged as of then."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.config import Config, title_of
from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.models import ModelRun
from forecastlab.forecasting.queries import labels
from forecastlab.forecasting.services import configs, retraining
from forecastlab.forecasting.services.failing import NothingJudged
from forecastlab.lib import dates, figures
from forecastlab.lib.contributions import Done, Skipped, StepContext, StepResult
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import versions

MODELS = ("naive", "seasonal_naive")
# So many times, a horizon apart, ending a horizon before the last sales.
TIMES = 3


def fill(context: StepContext) -> StepResult:
    """Train and judge two baselines as known at three earlier periods, kept as made to teach."""
    version, config = versions.version_of(context), configs.of(context)
    needed = TIMES * config.horizon + config.windows.steps + _history(config)
    if version.history < needed:
        return Skipped(_too_short(config, version, needed))
    runs, failed = _made(context, version, config)
    if not runs:
        none = {"series_judged": 0, "series_skipped": context.results["features"]["series"]}
        told = _("No model could be judged as of then.")
        return Done(told, {**none, "runs_created": 0, "failed": failed}, warn=True)
    return Done(_told(runs), _data(runs, failed))


def _made(
    context: StepContext, version: DatasetVersion, config: Config
) -> tuple[list[ModelRun], list[dict[str, str]]]:
    """Return the runs, oldest first, and where none could be made and why."""
    cutoffs = [version.history - back * config.horizon for back in range(TIMES, 0, -1)]
    asked = [(until, model) for until in cutoffs for model in MODELS]
    runs, failed = [], []
    for place, (until, model) in enumerate(asked):
        here = retraining.part(context, place, len(asked))
        key = f"backfill.{model}.{until}"
        try:
            runs.append(retraining.judged_run(here, model=model, until=until, key=key))
        except NothingJudged as error:
            cutoff = version.calendar.label(until - 1)
            told = {"cutoff": cutoff, "day": dates.day(cutoff), "reason": error.message}
            failed.append({"model": model, **told})
    return runs, failed


def _history(config: Config) -> int:
    return BY_FREQUENCY[config.frequency].history


def _too_short(config: Config, version: DatasetVersion, needed: int) -> str:
    return _("Needs %(needed)s %(noun)s of sales, there are %(periods)s.") % {
        "needed": needed,
        "noun": BY_FREQUENCY[config.frequency].noun,
        "periods": version.history,
    }


def _data(runs: list[ModelRun], failed: list[dict[str, str]]) -> dict[str, Any]:
    newest = runs[-1].backtest
    return {
        "runs_created": len(runs),
        "cutoffs": list(dict.fromkeys(one.window["last"] for one in runs)),
        "models": list(dict.fromkeys(one.model for one in runs)),
        "judged": [_row(one) for one in runs],
        "failed": failed,
        "model_runs": [one.pk for one in runs],
        "series_judged": newest.judged,
        "series_skipped": len(newest.skipped),
    }


def _row(run: ModelRun) -> dict[str, Any]:
    return {
        "cutoff": run.window["last"],
        "day": dates.day(run.window["last"]),
        "model": run.model,
        "run_id": run.pk,
        "folds": run.backtest.config["folds"],
        "wape": run.metrics["wape"],
        "value": labels.measured(run.metrics["wape"], "wape"),
        "series_judged": run.backtest.judged,
        "series_skipped": len(run.backtest.skipped),
    }


def _told(runs: list[ModelRun]) -> str:
    return _("%(models)s as known at %(cutoffs)s, judged on %(series)s series") % {
        "models": ", ".join(title_of(name) for name in dict.fromkeys(one.model for one in runs)),
        "cutoffs": ", ".join(dict.fromkeys(dates.day(one.window["last"]) for one in runs)),
        "series": figures.number(runs[-1].backtest.judged),
    }
