"""What a judgement found, as programs and agents read it."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import Backtest, Champion, ForecastIssue
from forecastlab.forecasting.queries import representations, series_filters
from forecastlab.forecasting.queries.judged_series import reason_of
from forecastlab.forecasting.queries.series_filters import Wanted
from forecastlab.lib.errors import NotFound
from forecastlab.warehouse.models import DatasetVersion

METRICS = ("wape", "bias", "mase", "rmsse", "smape", "mae", "rmse")


class NoJudgement(NotFound):
    """There is no backtest."""

    code = "no_judgement"


def newest(viewer: User, version: DatasetVersion) -> Backtest:
    """Return the newest backtest of a version, else of its dataset; raises NoJudgement."""
    mine = Backtest.objects.visible_to(viewer).real().select_related("version__dataset")
    of_dataset = mine.filter(version__dataset=version.dataset_id)
    found: Backtest | None = (
        of_dataset.filter(version=version).newest().first() or of_dataset.newest().first()
    )
    if found is None:
        raise NoJudgement(
            _("Nothing was judged on '%s' yet.") % version.dataset.name,
            hint=_("Start a run or a backtest first."),
        )
    return found


def find(viewer: User, pk: int | None, version: DatasetVersion) -> Backtest:
    """Return a backtest by its number, without one the newest of the version's dataset."""
    if pk is None:
        return newest(viewer, version)
    mine = Backtest.objects.visible_to(viewer).select_related("version__dataset")
    found: Backtest | None = mine.filter(pk=pk, version__dataset=version.dataset_id).first()
    if found is None:
        raise NoJudgement(
            _("'%(dataset)s' has no backtest %(pk)s.") % {"dataset": version.dataset.name, "pk": pk}
        )
    return found


def serving(viewer: User, pk: int | None, version: DatasetVersion) -> Backtest:
    """Return a backtest by its number; without one, that whose champions serve.

    Where nothing is forecast yet, it is the newest. Judgements of parts serve nobody.
    """
    issues = ForecastIssue.objects.serving().visible_to(viewer)
    newest_issue = issues.filter(version__dataset=version.dataset_id).newest().first()
    return find(viewer, pk or (newest_issue.backtest_id if newest_issue else None), version)


def figures(backtest: Backtest) -> dict[str, Any]:
    """Return how every model did, over which folds."""
    result = backtest.result
    return {
        "backtest": backtest.pk,
        "dataset": backtest.version.ref,
        "metric": backtest.metric,
        "horizon": backtest.horizon,
        "folds": result.get("folds", []),
        "best_model": backtest.best_model,
        "series_judged": backtest.judged,
        "series_skipped": len(backtest.skipped),
        "models": {
            name: {metric: told.get(metric) for metric in METRICS}
            for name, told in result.get("models", {}).items()
        },
        "judged_at": backtest.created_at,
    }


def compared(backtest: Backtest) -> dict[str, Any]:
    """Return whether the best model can be told apart from the others, and what serves."""
    result = backtest.result
    same = ("comparison", "comparisons", "champions", "default_model", "champion_policies")
    return {
        "backtest": backtest.pk,
        "dataset": backtest.version.ref,
        "best_model": backtest.best_model,
        "default_policy": backtest.default_policy,
        **{name: result.get(name) for name in same},
    }


def champions(backtest: Backtest, asked: Wanted, *, limit: int) -> list[dict[str, Any]]:
    """Return what serves the series that are meant, the worst first."""
    found = series_filters.champions(backtest, asked).select_related("series").defer("judged")
    worst = found.order_by(F("value").desc(nulls_last=True), "series__unique_id")
    return [champion(one) for one in worst[:limit]]


def champion(one: Champion) -> dict[str, Any]:
    return {
        "series": one.series.unique_id,
        "champion": one.model,
        "champion_title": title_of(one.model),
        "metric": one.metric,
        "value": one.value,
        "margin": one.margin,
        "points": one.points,
        "chosen": reason_of(one.reason),
        "runner_up": one.runner_up or None,
    }


def explained(issue: ForecastIssue, unique_id: str) -> dict[str, Any]:
    """Return the forecast of a series with what serves it and why; raises NotFound."""
    told = representations.whole(issue, unique_id)
    judged = Champion.objects.filter(backtest=issue.backtest_id, series__unique_id=unique_id)
    one = judged.select_related("series").defer("judged").first()
    return {**told, "why": champion(one) if one else None}
