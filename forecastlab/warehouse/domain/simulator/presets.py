"""The presets: what each world of simulated sales is like, and how large it is.

`CHARACTERS` holds what makes a preset itself; `PRESETS` its own size, `SCENARIOS` the smaller one
in which the pipeline runs it. Sizes are stores, products and days before the last one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Settings = Mapping[str, Any]

YEAR, QUARTER, HALF = 365, 91, 180

CHARACTERS: Mapping[str, Settings] = {
    "demo_minimal": {},
    "showcase_rich": {"promotion_intensity": 0.15, "stockout_intensity": 0.05},
    "retail_standard": {"noise_sigma": 0.15},
    "holiday_rush": {
        "base": 80.0,
        "curve": "exponential",
        "slope": 0.005,
        "noise_sigma": 0.20,
        "promotion_intensity": 0.25,
        "stockout_intensity": 0.15,
        "months": (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.3, 1.8),
        "rush": (2.0, 3.0, 1.5, 0.3),
    },
    "high_variance": {
        "slope": 0.0,
        "noise_sigma": 0.40,
        "promotion_intensity": 0.15,
        "stockout_intensity": 0.05,
        "anomalies": 0.05,
        "anomaly_size": 3.0,
    },
    "stockout_heavy": {
        "base": 50.0,
        "slope": 0.0,
        "noise_sigma": 0.20,
        "promotion_intensity": 0.20,
        "stockout_intensity": 0.25,
        "whole_days_out": True,
    },
    "new_launches": {
        "base": 80.0,
        "slope": 0.002,
        "promotion_intensity": 0.15,
        "launches": True,
        "ramp_days": 45,
    },
    "sparse": {
        "slope": 0.0,
        "promotion_intensity": 0.05,
        "sparsity": 0.5,
        "gaps": 3,
    },
}


def _size(stores: int, products: int, window_days: int) -> Settings:
    return {"stores": stores, "products": products, "window_days": window_days}


PRESETS: Mapping[str, Settings] = {
    "demo_minimal": _size(3, 10, QUARTER),
    "showcase_rich": _size(5, 15, HALF),
    "retail_standard": _size(10, 50, YEAR),
    "holiday_rush": _size(10, 50, QUARTER),
    "high_variance": _size(10, 50, YEAR),
    "stockout_heavy": _size(10, 50, YEAR),
    "new_launches": _size(10, 100, YEAR),
    "sparse": _size(10, 50, YEAR),
}
SCENARIOS: Mapping[str, Settings] = {
    "demo_minimal": _size(3, 10, QUARTER),
    "showcase_rich": _size(5, 15, HALF),
    "retail_standard": _size(5, 15, HALF),
    "holiday_rush": _size(5, 15, QUARTER),
    "high_variance": _size(5, 15, HALF),
    "stockout_heavy": _size(5, 15, HALF),
    "new_launches": _size(5, 25, HALF),
    "sparse": _size(3, 10, QUARTER),
}
PROFILES = {"preset": PRESETS, "scenario": SCENARIOS}

# Knobs that a preset does not leave open, and why.
LOCKED: Mapping[str, Mapping[str, str]] = {
    "holiday_rush": {"window_days": "its 92 days are the quarter of the Christmas trade"},
}

# What can happen beside what every preset has; each is off until it is asked for.
GENERATORS: Mapping[str, str] = {
    "season": "a yearly wave, its peak by category",
    "changepoints": "sudden shifts of level that fade away",
    "weather": "daily temperature by region, which moves demand",
    "macro": "an index of the economy that wanders, and demand with it",
    "events": "event days by store, known ahead",
    "channels": "online, click and collect, and wholesale beside the store",
    "substitution": "groups of three products that stand in for each other",
    "cannibalisation": "a price cut takes sales from the others of these groups",
    "lifecycle": "launch, growth, maturity, decline and the end of products",
    "bundles": "two for one and bundles among the promotions",
    "markdowns": "clearances by age, in decline and before long stock-outs",
    "replenishment": "stock, orders every two weeks, lead times and incomplete deliveries",
    "returns": "units that come back within two weeks, and why",
}
# What makes a world rich: life cycles, deliveries, weather, the economy, and returns.
RICH = ("weather", "macro", "lifecycle", "replenishment", "returns")
