"""The list of model runs, and one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import ModelRun
from forecastlab.forecasting.queries.labels import share
from forecastlab.lib import dates, figures

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    run: ModelRun
    title: str
    wape: float | None
    mase: float | None
    bias: float | None
    aliases: Sequence[str]


@dataclass(frozen=True, slots=True)
class ModelRunList:
    dataset: str
    datasets: Sequence[str]
    page: Page[ModelRun]
    rows: Sequence[Row]

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        return [
            {"label": _("Model"), "key": ""},
            {"label": _("WAPE"), "key": "", "numeric": True},
            {"label": "MASE", "key": "", "numeric": True, "wide": True},
            {"label": _("Bias"), "key": "", "numeric": True, "wide": True},
            {"label": _("Dataset"), "key": "", "wide": True},
            {"label": _("Trained"), "key": "", "numeric": True},
        ]


def listed(viewer: User, *, dataset: str, page: str) -> ModelRunList:
    """Return a page of model runs, the newest backtest first, in it the best model first."""
    visible = ModelRun.objects.visible_to(viewer)
    names = visible.order_by("version__dataset__name").values_list(
        "version__dataset__name", flat=True
    )
    runs = visible.select_related("version__dataset").prefetch_related("aliases")
    runs = runs.order_by("-backtest", "metrics__wape", "-pk")
    if dataset:
        runs = runs.filter(version__dataset__name=dataset)
    found = Paginator(runs, PER_PAGE).get_page(page)
    return ModelRunList(dataset, list(names.distinct()), found, [row(one) for one in found])


def row(run: ModelRun) -> Row:
    return Row(
        run,
        title_of(run.model),
        share(run.metrics["wape"]),
        run.metrics["mase"],
        share(run.metrics["bias"]),
        [one.name for one in run.aliases.all()],
    )


def facts(run: ModelRun) -> list[dict[str, Any]]:
    """Return what a model run was made of, as names and values."""
    config, window = run.config, run.window
    software = ", ".join(f"{name} {version}" for name, version in run.software.items())
    return [
        {"label": _("Dataset"), "value": run.version.ref, "url": run.version.get_absolute_url()},
        {"label": _("Learnt from"), "value": dates.window(window["first"], window["last"])},
        {"label": _("Series"), "value": figures.number(run.series_count)},
        {"label": _("Horizon"), "value": config["horizon"]},
        {"label": _("Folds"), "value": config["folds"]},
        {"label": _("Season"), "value": config["season"]},
        {"label": _("Software"), "value": software},
        {"label": _("Trained by"), "value": str(run.created_by or figures.UNKNOWN)},
    ]


def metrics(run: ModelRun) -> list[dict[str, str]]:
    """Return its judged metrics, each with its unit; unknown is a dash."""
    found = run.metrics
    coverage = found.get("coverage", {})
    return [
        {"name": "WAPE", "value": figures.percent(share(found["wape"]), 2)},
        {"name": _("Bias"), "value": figures.signed_percent(share(found["bias"]), 2)},
        {"name": "MASE", "value": figures.number(found["mase"], 3)},
        {"name": "RMSSE", "value": figures.number(found["rmsse"], 3)},
        {"name": "MAE", "value": figures.number(found["mae"], 3)},
        {"name": "RMSE", "value": figures.number(found["rmse"], 3)},
        {"name": "sMAPE", "value": figures.percent(share(found["smape"]), 2)},
        *(
            {
                "name": _("Inside the %(level)s %% interval, last fold") % {"level": level},
                "value": figures.percent(share(inside)),
            }
            for level, inside in coverage.items()
        ),
    ]


def peers(run: ModelRun) -> list[Row]:
    """Return the models that were judged beside this one, best first."""
    found = ModelRun.objects.filter(backtest=run.backtest_id).prefetch_related("aliases")
    rows = [row(one) for one in found]
    return sorted(rows, key=lambda one: (one.wape is None, one.wape))
