"""The five ready-made batches: what each needs, which models it names, which series it picks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

BASELINES = ("naive", "seasonal_naive", "moving_average")
STORES, PRODUCTS = 3, 2
MOST_PICKED = 50
FOR_FEATURES = 200
# From this WAPE on, in percent, a series wants another look.
HIGH_WAPE = 50.0
CHALLENGERS = 3


@dataclass(frozen=True, slots=True)
class Situation:
    """What the rules may know of a version.

    `planned` are the models that can run here and read what is known ahead, `ranked` the single
    models of the dataset's newest judgement that can run here, best first; empty without one.
    """

    stores: int
    products: int
    tells_plans: bool
    tells_stockouts: bool
    planned: tuple[str, ...] = ()
    ranked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sold:
    """What one series sold, in which store and of what."""

    series: str
    store: str
    product: str
    units: float


@dataclass(frozen=True, slots=True)
class Preset:
    """A batch that needs no options.

    `pick` says how series are picked: `grid`, `top` sellers, `all`, most `stockouts` or `worst`
    judged ones. `unusable` says why it cannot be used, "" where it can.
    """

    name: str
    title: str
    text: str
    pick: str
    by: str
    unusable: Callable[[Situation], str]
    models: Callable[[Situation], Sequence[str]]


def grid(sold: Sequence[Sold], *, stores: int = STORES, products: int = PRODUCTS) -> list[str]:
    """Return the series of the first stores and of the products that sell best in them.

    Products that more of these stores sell come first, then those that sell more, then by name.
    """
    chosen = sorted({one.store for one in sold})[:stores]
    there = [one for one in sold if one.store in chosen]
    shops: dict[str, set[str]] = {}
    units: dict[str, float] = {}
    for one in there:
        shops.setdefault(one.product, set()).add(one.store)
        units[one.product] = units.get(one.product, 0.0) + one.units
    ranked = sorted(units, key=lambda name: (-len(shops[name]), -units[name], name))[:products]
    places = {name: place for place, name in enumerate(ranked)}
    taken = [one for one in there if one.product in places]
    taken.sort(key=lambda one: (one.store, places[one.product]))
    return [one.series for one in taken]


def _no_grid(told: Situation) -> str:
    if told.stores >= STORES and told.products >= PRODUCTS:
        return ""
    return (
        f"It needs {STORES} stores and {PRODUCTS} products; "
        f"there are {told.stores} and {told.products}."
    )


def _no_plans(told: Situation) -> str:
    if not told.tells_plans:
        return "The sales tell nothing that is known ahead, such as prices or promotions."
    return "" if told.planned else "No model that reads what is known ahead can run here."


def _not_judged(told: Situation) -> str:
    return "" if told.ranked else "Nothing was judged on this dataset yet: start a run first."


def _no_stockouts(told: Situation) -> str:
    return "" if told.tells_stockouts else "The sales tell of no stock-outs."


def _beside(told: Situation, *names: str) -> list[str]:
    """Return the best model, if one is known, and others that are not it."""
    return list(dict.fromkeys([*told.ranked[:1], *names]))


PRESETS: Mapping[str, Preset] = {
    one.name: one
    for one in (
        Preset(
            "quick_baseline_sweep",
            "Quick baseline sweep",
            "Three simple models on the two best products of the first three stores, "
            "series by series: in seconds, what any model must beat.",
            "grid",
            "series",
            _no_grid,
            lambda _told: BASELINES,
        ),
        Preset(
            "feature_aware_comparison",
            "Models with what is known ahead",
            f"Models that read prices, promotions and holidays beside one that does not, on the "
            f"{FOR_FEATURES} series with the most revenue.",
            "top",
            "",
            _no_plans,
            lambda told: ("seasonal_naive", *told.planned),
        ),
        Preset(
            "champion_challenger_refresh",
            "Champion and challengers",
            "The best model of the newest judgement and the two behind it, judged anew on all "
            "series.",
            "all",
            "",
            _not_judged,
            lambda told: told.ranked[:CHALLENGERS],
        ),
        Preset(
            "stockout_sensitive_products",
            "Products that sell out",
            f"The {MOST_PICKED} series with the most periods out of stock, with models for gaps "
            f"beside the best one.",
            "stockouts",
            "",
            _no_stockouts,
            lambda told: _beside(told, "seasonal_mean", "croston_sba", "tsb"),
        ),
        Preset(
            "high_wape_recovery",
            "Series with a high WAPE",
            f"The {MOST_PICKED} worst series above {HIGH_WAPE:.0f} % WAPE in the newest judgement, "
            f"learnt by themselves, with models for rare and level sales.",
            "worst",
            "all",
            _not_judged,
            lambda told: _beside(told, "seasonal_mean", "ses", "croston_sba", "tsb"),
        ),
    )
}
