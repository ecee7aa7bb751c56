"""What prices and other signals known ahead do to the sales of a version, learnt from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain import panel as panels
from forecastlab.forecasting.domain import shards
from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.domain.panel import Floats, Integers, Panel
from forecastlab.forecasting.queries.panels import Source
from forecastlab.lib import frames
from forecastlab.lib.errors import BadInput
from forecastlab.planning.domain import offers, pooling, price_checks, response, substitutes
from forecastlab.planning.domain.pooling import Estimate, Pooled
from forecastlab.planning.domain.response import PRICE, Calendar
from forecastlab.warehouse.models import DatasetVersion

Report = Callable[[float], None]
CUTS = (0.08, 0.12)
MOST_SHUFFLES = 200
_GROUPED = """
SELECT told.series_id, coalesce(p.attributes->>'substitute_group', '') AS standing_in,
    coalesce(st.code, '') AS store
FROM warehouse_seriesprofile told
JOIN warehouse_series s ON s.id = told.series_id
LEFT JOIN warehouse_store st ON st.id = s.store_id
LEFT JOIN warehouse_product p ON p.id = s.product_id
WHERE told.version_id = $1
"""


class NoPrices(BadInput):
    """The dataset has no prices to learn from."""

    code = "no_prices"


@dataclass(frozen=True, slots=True)
class Estimates:
    """What was learnt of a version up to a period: arrays have one number a series.

    `effects` has what each signal known ahead does to the logarithm of sales; a signal that no
    series tells anything of is missing. `category` numbers the categories of `labels`. `price` is
    the last known one, `lowest` and `highest` are what it was so far; NaN is unknown. `group`
    numbers the series that stand in for each other. `in_price` names the signals while which
    prices are lower.
    """

    series: Integers
    category: Integers
    labels: Sequence[str]
    effects: Mapping[str, Pooled]
    known: Sequence[str]
    price: Floats
    lowest: Floats
    highest: Floats
    group: Integers
    in_price: frozenset[str]

    def pick(self, series: Integers) -> Integers:
        """Return the places of some series."""
        return np.searchsorted(self.series, series)


def of(version: DatasetVersion, until: int) -> Estimates:
    """Return what the sales before the period `until` tell; kept by this process."""
    return _estimates(version.pk, until)


@lru_cache(maxsize=4)
def _estimates(version_id: int, until: int) -> Estimates:
    version = DatasetVersion.objects.select_related("dataset").get(pk=version_id)
    source = Source(version)
    parts = [_until(one, until) for one in _parts(source)]
    calendar = calendar_of(version, until)
    group = _groups(version, source.series)
    found = [
        response.effects(one, _known(one), calendar) for one in substitutes.beside(parts, group)
    ]
    category, count = source.groups.category, source.groups.categories
    names = found[0].names
    effects = response.Effects(
        names,
        np.concatenate([one.value for one in found], axis=-1),
        np.concatenate([one.variance for one in found], axis=-1),
        np.concatenate([one.influence for one in found], axis=-1),
    )
    pooled = {name: pooling.pool(effects, name, category, count) for name in names}
    return Estimates(
        series=source.series,
        category=category,
        labels=_labels(version, source),
        effects={name: one for name, one in pooled.items() if one is not None},
        known=tuple(_known(parts[0])),
        **_prices(parts),
        group=group,
        in_price=offers.in_price(parts, _known(parts[0])),
    )


def calendar_of(version: DatasetVersion, until: int) -> Calendar:
    return Calendar(BY_FREQUENCY[version.frequency].season, version.frequency, until)


def _parts(source: Source) -> list[Panel]:
    edges = shards.parts(source.width, shards.size_of(source.version.periods, 0.0))
    return [source.part(*one).panel for one in edges]


def _until(panel: Panel, until: int) -> Panel:
    return panel.until(until) if until < panel.periods else panel


def _known(panel: Panel) -> list[str]:
    both = zip(panel.signals.names, panel.signals.known, strict=True)
    return [name for name, known in both if known]


def _groups(version: DatasetVersion, series: Integers) -> Integers:
    """Number the series of one store whose products have the same group of substitutes."""
    told = frames.read(_GROUPED, [version.pk]).sort("series_id")
    key = told.select(pl.struct("store", "standing_in").rank("dense").cast(pl.Int64))
    numbers = key.to_series().to_numpy() - 1
    found = np.where((told["standing_in"] != "").to_numpy(), numbers, substitutes.ALONE)
    return np.asarray(found[np.searchsorted(told["series_id"].to_numpy(), series)], dtype=np.int64)


def _labels(version: DatasetVersion, source: Source) -> list[str]:
    """Return what each category is called; a product without one is one by itself."""
    told = panels_of(version)
    names = np.where(told["category"] != "", told["category"], told["product"])
    found = [""] * source.groups.categories
    for number, name in zip(source.groups.category.tolist(), names.tolist(), strict=True):
        found[number] = str(name)
    return found


def panels_of(version: DatasetVersion) -> pl.DataFrame:
    """Return the series of a version with their products and categories, in the panel's order."""
    query = """
    SELECT told.series_id, coalesce(p.code, '') AS product,
        coalesce(p.attributes->>'category', '') AS category
    FROM warehouse_seriesprofile told
    JOIN warehouse_series s ON s.id = told.series_id
    LEFT JOIN warehouse_product p ON p.id = s.product_id
    WHERE told.version_id = $1
    """
    return frames.read(query, [version.pk]).sort("series_id")


def _prices(parts: Sequence[Panel]) -> dict[str, Floats]:
    told = [_prices_of(one) for one in parts]
    return {name: np.concatenate([one[name] for one in told]) for name in told[0]}


def _prices_of(panel: Panel) -> dict[str, Floats]:
    if PRICE not in panel.signals.names:
        unknown = np.full(panel.width, np.nan)
        return {"price": unknown, "lowest": unknown, "highest": unknown}
    values = panel.signals.of(PRICE)[: panel.periods]
    values = values.astype(np.float64)
    known = ~np.isnan(values)
    some = known.any(axis=0)
    last = len(values) - 1 - np.argmax(known[::-1], axis=0)
    return {
        "price": np.where(some, values[last, np.arange(panel.width)], np.nan),
        "lowest": np.where(some, np.where(known, values, np.inf).min(axis=0), np.nan),
        "highest": np.where(some, np.where(known, values, -np.inf).max(axis=0), np.nan),
    }


# -- for the command ---------------------------------------------------------------------------


def report(version: DatasetVersion, *, shuffles: int = 0, held_back: int = 0) -> dict[str, Any]:
    """Return elasticities by category, and how they do against shuffled and held-back prices.

    Raises NoPrices where there is nothing to learn from, BadInput for too many shuffles.
    """
    if not 0 <= shuffles <= MOST_SHUFFLES:
        raise BadInput(
            _("%(n)s is no number of shuffles.") % {"n": shuffles},
            hint=_("Give at most %(most)s.") % {"most": MOST_SHUFFLES},
            field="shuffles",
        )
    if not 0 <= held_back < version.history // 2:
        raise BadInput(
            _("%(n)s periods cannot be held back of %(all)s.")
            % {"n": held_back, "all": version.history},
            hint=_("Give less than half of them."),
            field="held_back",
        )
    found = of(version, version.history)
    price = prices_of(found, version)
    told = {
        "dataset": version.ref,
        "periods": version.history,
        "series": len(found.series),
        "series_told": int(price.told.sum()),
        "elasticity": shown(price.every),
        "between_series": round(price.between, 4),
        "categories": {
            label: shown(one) for label, one in zip(found.labels, price.category, strict=True)
        },
    }
    if not shuffles and not held_back:
        return told
    panel = panels.joined(_parts(Source(version)))
    calendar = calendar_of(version, version.history)
    if shuffles:
        told["shuffled"] = _shuffled(panel, calendar, shuffles)
    if held_back:
        told["held_back"] = _held_back(panel, calendar, held_back)
    return told


def prices_of(found: Estimates, version: DatasetVersion) -> Pooled:
    """Return the elasticities; raises NoPrices where there is nothing to learn from."""
    if PRICE not in found.effects:
        raise NoPrices(
            _("'%(dataset)s' has no prices that change.") % {"dataset": version.ref},
            hint=_("Import a column 'price' to learn what prices do."),
            field="dataset",
        )
    return found.effects[PRICE]


def shown(one: Estimate) -> dict[str, Any]:
    """Return an estimate for JSON: its standard error and 95 % interval."""
    low, high = one.interval
    return {
        "value": round(one.value, 4),
        "standard_error": round(one.error, 4),
        "low95": round(low, 4),
        "high95": round(high, 4),
        "series": one.series,
    }


def _shuffled(panel: Panel, calendar: Calendar, times: int) -> dict[str, Any]:
    found = price_checks.shuffled(panel, calendar, times)
    return {
        "times": found.times,
        "intervals_covering_zero": found.every,
        "category_intervals": found.of,
        "category_intervals_covering_zero": found.categories,
    }


def _held_back(panel: Panel, calendar: Calendar, periods: int) -> dict[str, Any] | None:
    found = price_checks.held_back(panel, calendar, periods, CUTS)
    if found is None:
        return None
    return {
        "periods": periods,
        "cuts": found.periods,
        "mean_cut": round(found.cut, 4),
        "sold": round(found.sold / found.usual, 4),
        "expected": round(found.expected / found.usual, 4),
        "low95": round(found.low / found.usual, 4),
        "high95": round(found.high / found.usual, 4),
    }
