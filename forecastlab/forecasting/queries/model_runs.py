"""The list of model runs, and one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import Alias, ModelRun
from forecastlab.forecasting.queries.labels import share
from forecastlab.lib import dates, figures, lists
from forecastlab.lib.errors import NotFound
from forecastlab.warehouse.models import DatasetVersion

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for."""

    dataset: str = ""
    model: str = ""
    with_alias: bool = False
    teaching: bool = False
    page: str = "1"


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
    wanted: Wanted
    datasets: Sequence[str]
    models: Sequence[tuple[str, str]]
    page: Page[ModelRun]
    rows: Sequence[Row]
    has_teaching: bool

    @property
    def is_filtered(self) -> bool:
        return bool(self.wanted.dataset or self.wanted.model or self.wanted.with_alias)

    @property
    def hidden(self) -> lists.Pairs:
        return [("teaching", "1")] if self.wanted.teaching else []

    @property
    def choices(self) -> Sequence[Mapping[str, object]]:
        asked = self.wanted
        return [
            lists.choice("dataset", _("Any dataset"), self.datasets, chosen=asked.dataset),
            lists.choice("model", _("Any model"), self.models, chosen=asked.model),
        ]

    @property
    def flags(self) -> Sequence[Mapping[str, object]]:
        return [{"name": "alias", "label": _("With an alias"), "is_set": self.wanted.with_alias}]

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


def wanted(parameters: Mapping[str, str]) -> Wanted:
    return Wanted(
        dataset=parameters.get("dataset", ""),
        model=parameters.get("model", ""),
        with_alias="alias" in parameters,
        teaching="teaching" in parameters,
        page=parameters.get("page", "1"),
    )


def listed(viewer: User, asked: Wanted) -> ModelRunList:
    """Return a page of model runs, the newest backtest first, in it the best model first."""
    everything = ModelRun.objects.visible_to(viewer)
    visible = everything.shown(teaching=asked.teaching)
    runs = visible.select_related("version__dataset").prefetch_related("aliases")
    runs = runs.order_by("-backtest", "metrics__wape", "-pk")
    if asked.dataset:
        runs = runs.filter(version__dataset__name=asked.dataset)
    if asked.model:
        runs = runs.filter(model=asked.model)
    if asked.with_alias:
        runs = runs.filter(Exists(Alias.objects.filter(model_run=OuterRef("pk"))))
    found = Paginator(runs, PER_PAGE).get_page(asked.page)
    names = visible.distinct_values("model")
    return ModelRunList(
        asked,
        visible.distinct_values("version__dataset__name"),
        [(name, title_of(name)) for name in names],
        found,
        [row(one) for one in found],
        everything.filter(teaching=True).exists(),
    )


def find(pk: int, *, viewer: User) -> ModelRun:
    """Return a model run with its backtest, without what that tells at length; raises NotFound."""
    visible = ModelRun.objects.visible_to(viewer)
    joined = visible.select_related("version__dataset", "backtest", "created_by")
    light = joined.defer("backtest__result", "backtest__skipped")
    found: ModelRun | None = light.filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such model run, or not for you."))
    return found


def of_dataset(pk: int, version: DatasetVersion, *, viewer: User) -> ModelRun:
    """Return a model run of the version's dataset, and of no other; raises NotFound."""
    found = find(pk, viewer=viewer)
    if found.version.dataset_id != version.dataset_id:
        raise NotFound(
            _("'%(dataset)s' has no model run %(pk)s.") % {"dataset": version.dataset, "pk": pk}
        )
    return found


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
        *_learnt(config.get("learnt")),
        {"label": _("Software"), "value": software},
        {"label": _("Trained by"), "value": str(run.created_by or figures.UNKNOWN)},
    ]


def _learnt(told: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if not told:
        return []
    groups = ", ".join(one.replace("_", " ") for one in told["groups"])
    return [
        {"label": _("Feature frame"), "value": f"{told['frame_version']}: {groups}"},
        {"label": _("History"), "value": told["history"][-1]},
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
