"""Batches as pages show them: the list, one batch, its items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain import scopes
from forecastlab.forecasting.domain.batch_presets import PRESETS
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.models import Batch, BatchItem
from forecastlab.forecasting.queries import labels
from forecastlab.lib import downloads, figures, lists
from forecastlab.lib.contributions import Json
from forecastlab.lib.statuses import look_of

PER_PAGE = 50
NAMED = 3  # so many models are named in a title, more are counted
SORTS: Mapping[str, str] = {"place": "place", "wape": "wape", "took": "seconds"}


# -- the list ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of the list asks for."""

    dataset: str = ""
    status: str = ""
    preset: str = ""
    page: str = "1"

    @property
    def filters(self) -> Mapping[str, str]:
        asked = {"version__dataset__name": self.dataset, "status": self.status}
        return {key: one for key, one in {**asked, "preset": self.preset}.items() if one}


@dataclass(frozen=True, slots=True)
class Row:
    batch: Any
    title: str
    scope: str
    models: str
    done: str


@dataclass(frozen=True, slots=True)
class BatchList:
    wanted: Wanted
    datasets: Sequence[str]
    page: Page[Batch]
    rows: Sequence[Row]

    @property
    def choices(self) -> Sequence[Mapping[str, object]]:
        asked, statuses = self.wanted, _worded(Batch.Status.values)
        presets = [(one.name, one.title) for one in PRESETS.values()]
        return [
            lists.choice("dataset", _("Any dataset"), self.datasets, chosen=asked.dataset),
            lists.choice("status", _("Any status"), statuses, chosen=asked.status),
            lists.choice("preset", _("Ready-made or not"), presets, chosen=asked.preset),
        ]

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        return [
            {"label": _("Batch"), "key": ""},
            {"label": _("Status"), "key": ""},
            {"label": _("Items"), "key": "", "numeric": True},
            {"label": _("Scope"), "key": "", "wide": True},
            {"label": _("Models"), "key": "", "wide": True},
            {"label": _("Took"), "key": "", "numeric": True, "wide": True},
            {"label": _("Started"), "key": "", "numeric": True, "wide": True},
        ]


def wanted(parameters: Mapping[str, str]) -> Wanted:
    return Wanted(
        dataset=parameters.get("dataset", ""),
        status=parameters.get("status", ""),
        preset=parameters.get("preset", ""),
        page=parameters.get("page", "1"),
    )


def listed(viewer: User, asked: Wanted) -> BatchList:
    """Return a page of the batches that the viewer may see, newest first."""
    visible = Batch.objects.visible_to(viewer)
    found = visible.filter(**asked.filters).for_lists().newest()
    shown = Paginator(found, PER_PAGE).get_page(asked.page)
    names = visible.distinct_values("version__dataset__name")
    return BatchList(asked, names, shown, [_row(one) for one in shown])


def _row(batch: Any) -> Row:
    return Row(
        batch,
        title_of_batch(batch),
        scope_words(batch.scope, batch.by),
        ", ".join(title_of(one) for one in batch.model_names),
        figures.of_total(batch.items_succeeded, batch.total),
    )


def _worded(statuses: Sequence[str]) -> list[tuple[str, str]]:
    return [(one, str(look_of(one).word)) for one in statuses]


def title_of_batch(batch: Batch) -> str:
    if batch.preset in PRESETS:
        return PRESETS[batch.preset].title
    models = [title_of(one) for one in batch.model_names]
    return _("%(models)s: %(scope)s") % {
        "models": ", ".join(models) if len(models) <= NAMED else _("%s models") % len(models),
        "scope": scope_words(batch.scope, "all"),
    }


def scope_words(scope: Json, by: str) -> str:
    """Return "region North, by store"."""
    said = {
        "all": _("all series"),
        "region": _("region %(value)s"),
        "category": _("category %(value)s"),
        "top_revenue": _("top %(value)s by revenue"),
        "list": _("%(value)s listed series"),
    }[scope["scope"]]
    value = scope.get(scopes.SCOPES[scope["scope"]], "")
    shown = figures.number(len(value)) if isinstance(value, list) else value
    words = said % {"value": shown} if "%" in said else said
    parted = {"all": "", "store": _("by store"), "category": _("by category")}
    way = parted.get(by, _("series by series"))
    return f"{words}, {way}" if way else words


# -- one batch --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WantedItems:
    """What the address of a batch asks for; unheard-of words count as not asked."""

    status: str = ""
    model: str = ""
    sort: str = "place"
    page: str = "1"

    @property
    def is_filtered(self) -> bool:
        return bool(self.status or self.model)


def wanted_items(parameters: Mapping[str, str]) -> WantedItems:
    sort = parameters.get("sort", "")
    return WantedItems(
        status=parameters.get("status", ""),
        model=parameters.get("model", ""),
        sort=sort if sort.removeprefix("-") in SORTS else "place",
        page=parameters.get("page", "1"),
    )


@dataclass(frozen=True, slots=True)
class ItemRow:
    item: BatchItem
    model: str
    wape: float | None
    mase: float | None
    bias: float | None
    url: str


@dataclass(frozen=True)
class BatchPage:
    """One batch, and the items of it that are asked for."""

    batch: Any
    asked: WantedItems = WantedItems()

    @cached_property
    def title(self) -> str:
        return title_of_batch(self.batch)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        return {one: getattr(self.batch, f"items_{one}") for one in BatchItem.Status.values}

    @property
    def percent(self) -> int:
        return 100 * self._over // int(self.batch.total)

    @property
    def over(self) -> str:
        return _("%(done)s items done") % {"done": figures.of_total(self._over, self.batch.total)}

    @property
    def _over(self) -> int:
        return self.counts["succeeded"] + self.counts["failed"]

    @property
    def kpis(self) -> list[dict[str, Any]]:
        words = {
            "succeeded": _("Succeeded"),
            "failed": _("Failed"),
            "running": _("Running"),
            "queued": _("Queued"),
            "cancelled": _("Cancelled"),
        }
        return [
            {"label": word, "value": figures.number(self.counts[status])}
            for status, word in words.items()
            if self.counts[status] or status in ("succeeded", "failed")
        ]

    @property
    def facts(self) -> list[dict[str, Any]]:
        batch, config = self.batch, self.batch.config
        noun = BY_FREQUENCY[config["frequency"]].noun
        return [
            {"label": _("Scope"), "value": scope_words(batch.scope, batch.by)},
            {"label": _("Series"), "value": figures.number(batch.series_count)},
            {"label": _("Models"), "value": ", ".join(title_of(one) for one in batch.model_names)},
            {"label": _("Horizon"), "value": f"{config['horizon']} {noun}"},
            {"label": _("Folds"), "value": config["folds"]},
            {"label": _("Started by"), "value": str(batch.requested_by or figures.UNKNOWN)},
            *(
                [{"label": _("Job"), "value": batch.job_id, "url": batch.job.get_absolute_url()}]
                if batch.job
                else []
            ),
        ]

    @property
    def hidden(self) -> lists.Pairs:
        return [("sort", self.asked.sort)]

    @property
    def choices(self) -> Sequence[Mapping[str, object]]:
        statuses = _worded(BatchItem.Status.values)
        models = [(one, title_of(one)) for one in self.batch.model_names]
        return [
            lists.choice("status", _("Any status"), statuses, chosen=self.asked.status),
            lists.choice("model", _("Any model"), models, chosen=self.asked.model),
        ]

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        return [
            {"label": _("Part"), "key": "place"},
            {"label": _("Model"), "key": ""},
            {"label": _("Status"), "key": "", "wide": True},
            {"label": _("WAPE"), "key": "wape", "numeric": True},
            {"label": "MASE", "key": "", "numeric": True, "wide": True},
            {"label": _("Bias"), "key": "", "numeric": True, "wide": True},
            {"label": _("Series"), "key": "", "numeric": True, "wide": True},
            {"label": _("Took"), "key": "took", "numeric": True, "wide": True},
        ]

    @cached_property
    def page(self) -> Page[BatchItem]:
        return Paginator(self._items(), PER_PAGE).get_page(self.asked.page)

    @cached_property
    def rows(self) -> list[ItemRow]:
        return [self._item_row(one) for one in self.page]

    @property
    def downloads(self) -> list[dict[str, str]]:
        return downloads.offered("forecasting:batch-download", self.batch.pk)

    def _items(self) -> QuerySet[BatchItem]:
        found: QuerySet[BatchItem] = self.batch.items.all()
        if self.asked.status:
            found = found.filter(status=self.asked.status)
        if self.asked.model:
            found = found.filter(model=self.asked.model)
        field = F(SORTS[self.asked.sort.removeprefix("-")])
        if self.asked.sort.startswith("-"):
            return found.order_by(field.desc(nulls_last=True), "place")
        return found.order_by(field.asc(nulls_last=True), "place")

    def _item_row(self, item: BatchItem) -> ItemRow:
        told = item.metrics
        return ItemRow(
            item,
            title_of(item.model),
            labels.share(item.wape),
            told.get("mase"),
            labels.share(told.get("bias")),
            self._url(item),
        )

    def _url(self, item: BatchItem) -> str:
        """Return the page of the only series of a part, else "" ."""
        if item.series_count != 1:
            return ""
        version = self.batch.version
        (series,) = self.batch.parts[item.part]["series"]
        return reverse("warehouse:series-page", args=[version.dataset.name, version.number, series])


def of(pk: int) -> BatchPage | None:
    """Return the page of a batch for its live regions, None where there is none."""
    found = Batch.objects.for_lists().filter(pk=pk).first()
    return None if found is None else BatchPage(found)


# -- for the list of jobs ----------------------------------------------------------------------


def about(params: Json) -> str:
    return _("batch %(n)s on %(dataset)s") % {"n": params["batch"], "dataset": params["dataset"]}


def address(job_id: int) -> str:
    """Return the page of the batch that a job carries, "" once another job does."""
    found = Batch.objects.only("pk").filter(job=job_id).first()
    return found.get_absolute_url() if found else ""
