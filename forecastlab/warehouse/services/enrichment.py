"""The row that tells what a version holds beside the sales themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from django.db.models import Q
from django.utils.translation import gettext as _

from forecastlab.lib import figures
from forecastlab.lib.contributions import Done, Skipped, StepContext, StepResult
from forecastlab.warehouse import queries
from forecastlab.warehouse.domain.companions import (
    DELIVERED,
    MACRO,
    RETURNED,
    WEATHER,
    is_about,
)
from forecastlab.warehouse.models import DatasetVersion, Product, SeriesProfile
from forecastlab.warehouse.services import versions

# So many series are read together.
AT_ONCE = 5_000
LIFE = ("launch_date", "discontinue_date", "lifecycle_stage")
ABOUT: Mapping[str, re.Pattern[str]] = {
    "weather": WEATHER,
    "macro": MACRO,
    "deliveries": DELIVERED,
    "returns": RETURNED,
}
STOCK = "stock"


def tell(context: StepContext) -> StepResult:
    """Count products with a life of their own, deliveries, values of weather and economy, returns.

    Of simulated sales all of it is drawn before what is sold, which it moves.
    """
    version = versions.version_of(context)
    companions = _companions(version)
    counted = _counted(version, companions, context.report)
    found = {"product": _products(version), **counted}
    if not any(found.values()):
        return Skipped(
            _("These sales come without life cycles, deliveries, weather, economy or returns."),
            {"records_created": found},
        )
    data = {"records_created": found, "signals": companions.names}
    return Done(_told(found), data)


@dataclass(frozen=True, slots=True)
class _Companions:
    """The places of a version's signals by what they are about; `stock` says it has that column."""

    names: Mapping[str, Sequence[str]]
    places: Mapping[str, Sequence[int]]
    stock: bool

    @property
    def every(self) -> list[int]:
        return sorted({place for places in self.places.values() for place in places})

    @property
    def outside(self) -> list[int]:
        """Return the places of what is the same for all products of a store."""
        return sorted({*self.places["weather"], *self.places["macro"]})


def _companions(version: DatasetVersion) -> _Companions:
    told = list(version.signals.order_by("position").values_list("position", "name"))
    found = {
        about: [(place, name) for place, name in told if is_about(pattern, name)]
        for about, pattern in ABOUT.items()
    }
    return _Companions(
        names={about: [name for _place, name in one] for about, one in found.items() if one},
        places={about: [place for place, _name in one] for about, one in found.items()},
        stock=STOCK in version.profile.get("columns", ()),
    )


def _products(version: DatasetVersion) -> int:
    """Return how many products of the version tell of their life."""
    told = Q()
    for name in LIFE:
        told |= Q(**{f"attributes__{name}__isnull": False})
    series = SeriesProfile.objects.filter(version=version).values("series")
    return Product.objects.filter(told, series__in=series).distinct().count()


class _Counts:
    """What was counted of the parts of a version."""

    def __init__(self, companions: _Companions) -> None:
        self.companions = companions
        self.deliveries = self.returns = 0
        self.outside: dict[int, list[pl.DataFrame]] = {one: [] for one in companions.outside}

    def add(self, facts: pl.DataFrame) -> None:
        """Count one part, sorted by series and period, with the store of each row."""
        places = self.companions.places
        returned = [pl.col(f"signal_{place}") for place in places["returns"]]
        self.returns += sum(_positive(facts, one) for one in returned)
        if places["deliveries"]:
            told = [pl.col(f"signal_{place}") for place in places["deliveries"]]
            self.deliveries += sum(_positive(facts, one) for one in told)
        elif self.companions.stock:
            self.deliveries += _positive(facts, _delivered(returned))
        for place, parts in self.outside.items():
            seen = facts.filter(pl.col(f"signal_{place}").is_not_null())
            parts.append(seen.select("store", "t").unique())

    def told(self) -> dict[str, int]:
        values = sum(pl.concat(parts).unique().height for parts in self.outside.values() if parts)
        return {
            "replenishment_event": self.deliveries,
            "exogenous_signal": values,
            "sales_returns": self.returns,
        }


def _delivered(returned: Sequence[pl.Expr]) -> pl.Expr:
    """Return what came in before a period: more stock than was left, but for what came back."""
    left = (pl.col(STOCK) - pl.col("quantity")).shift(1).over("series_id")
    back = pl.sum_horizontal([one.fill_null(0) for one in returned]) if returned else pl.lit(0)
    return pl.col(STOCK) - left - back


def _positive(facts: pl.DataFrame, values: pl.Expr) -> int:
    return int(facts.select((values > 0).sum()).item())


def _counted(
    version: DatasetVersion, companions: _Companions, report: Callable[..., None]
) -> dict[str, int]:
    """Go through the facts part by part; they are not read where there is nothing to count."""
    counts = _Counts(companions)
    if not companions.every and not companions.stock:
        return counts.told()
    columns = ["quantity", STOCK] if companions.stock else []
    stores = queries.series_frame(version).select("series_id", "store")
    for start in range(0, stores.height, AT_ONCE):
        part = stores["series_id"][start : start + AT_ONCE]
        ends = int(part[0]), int(part[-1])
        facts = queries.facts(version, columns, between=ends, signals=companions.every)
        counts.add(facts.join(stores, on="series_id", how="left", maintain_order="left"))
        report((start + len(part)) / stores.height, _("Counting what is beside the sales"))
    return counts.told()


def _told(found: Mapping[str, int]) -> str:
    return _(
        "%(product)s products with a life of their own, %(deliveries)s deliveries, "
        "%(outside)s values of weather and economy, %(returns)s periods with returns"
    ) % {
        "product": figures.number(found["product"]),
        "deliveries": figures.number(found["replenishment_event"]),
        "outside": figures.number(found["exogenous_signal"]),
        "returns": figures.number(found["sales_returns"]),
    }
