"""The list of backtests: which dataset was judged, and which model did best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models.fields.json import KeyTransform
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.models import Backtest
from forecastlab.forecasting.queries.labels import share
from forecastlab.lib import lists

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One backtest with its best model; percentages are shares."""

    backtest: Backtest
    best: str
    wape: float | None
    mase: float | None
    models: int
    windows: str


@dataclass(frozen=True, slots=True)
class BacktestList:
    dataset: str
    best: str
    datasets: Sequence[str]
    bests: Sequence[tuple[str, str]]
    page: Page[Backtest]
    rows: Sequence[Row]
    teaching: bool
    has_teaching: bool

    @property
    def is_filtered(self) -> bool:
        return bool(self.dataset or self.best)

    @property
    def hidden(self) -> lists.Pairs:
        return [("teaching", "1")] if self.teaching else []

    @property
    def choices(self) -> Sequence[Mapping[str, object]]:
        return [
            lists.choice("dataset", _("Any dataset"), self.datasets, chosen=self.dataset),
            lists.choice("best", _("Any best model"), self.bests, chosen=self.best),
        ]

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        return [
            {"label": _("Dataset"), "key": ""},
            {"label": _("Best model"), "key": ""},
            {"label": _("WAPE"), "key": "", "numeric": True},
            {"label": "MASE", "key": "", "numeric": True, "wide": True},
            {"label": _("Judged on"), "key": "", "wide": True},
            {"label": _("Models"), "key": "", "numeric": True, "wide": True},
            {"label": _("Series"), "key": "", "numeric": True, "wide": True},
            {"label": _("Judged"), "key": "", "numeric": True, "wide": True},
        ]


def listed(
    viewer: User, *, dataset: str, best: str, page: str, teaching: bool = False
) -> BacktestList:
    """Return a page of the backtests that the viewer may see, newest first."""
    everything = Backtest.objects.visible_to(viewer)
    visible = everything.shown(teaching=teaching)
    found = visible.newest().select_related("version__dataset").defer("result", "skipped")
    if dataset:
        found = found.filter(version__dataset__name=dataset)
    if best:
        found = found.filter(best_model=best)
    told = Paginator(found.annotate(judged_models=KeyTransform("models", "result")), PER_PAGE)
    shown = told.get_page(page)
    return BacktestList(
        dataset,
        best,
        visible.distinct_values("version__dataset__name"),
        [(name, title_of(name)) for name in visible.distinct_values("best_model")],
        shown,
        [_row(one) for one in shown],
        teaching,
        everything.filter(teaching=True).exists(),
    )


def _row(one: Any) -> Row:
    best = one.judged_models.get(one.best_model, {})
    noun = BY_FREQUENCY[one.version.frequency].noun
    said = {"folds": one.config["folds"], "horizon": one.horizon, "noun": noun}
    return Row(
        one,
        title_of(one.best_model),
        share(best.get("wape")),
        best.get("mase"),
        len(one.judged_models),
        _("%(folds)s × %(horizon)s %(noun)s") % said,
    )
