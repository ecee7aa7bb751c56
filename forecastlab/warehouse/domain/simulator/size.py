"""How much a config will draw, told before it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from forecastlab.warehouse.domain.simulator import holidays, sales
from forecastlab.warehouse.domain.simulator.config import Config, nothing_sold
from forecastlab.warehouse.domain.simulator.world import World

# What a million rows take to draw and to load, and a table of them with its key in megabytes, on
# the machine that benchmarks/README.md names.
DRAWING, LOADING, STARTING = 0.9, 2.6, 1.0
PLAIN_MEGABYTES, PER_SIGNAL, ANY_SIGNAL = 151.0, 4.0, 24.0
MANY_MISSING, MUCH_OUT = 0.6, 0.4


@dataclass(frozen=True, slots=True)
class Size:
    """`rows` is `exact` unless gaps are drawn; seconds and megabytes are estimates."""

    config: Config
    series: int
    rows: int
    exact: bool

    @property
    def seconds(self) -> float:
        return round(STARTING + (DRAWING + LOADING) * self.rows / 1e6, 1)

    @property
    def megabytes(self) -> float:
        signals = len(sales.signals(self.config))
        each = PLAIN_MEGABYTES + PER_SIGNAL * signals + (ANY_SIGNAL if signals else 0.0)
        return round(each * self.rows / 1e6, 1)

    @property
    def notes(self) -> list[str]:
        """Return what is worth knowing before it starts."""
        return [one for one in (self._rush(), *self._risks()) if one]

    def as_json(self) -> dict[str, Any]:
        config = self.config
        return {
            "preset": config.preset,
            "seed": config.seed,
            "as_of": config.as_of.isoformat(),
            "first": config.first.isoformat(),
            "last": config.as_of.isoformat(),
            "days": config.days,
            "stores": config.stores,
            "products": config.products,
            "series": self.series,
            "rows": self.rows,
            "exact": self.exact,
            "seconds": self.seconds,
            "megabytes": self.megabytes,
            "notes": self.notes,
            "config": config.as_json(),
        }

    def _rush(self) -> str:
        config = self.config
        if not config.rush:
            return ""
        found = holidays.rush_between(config.first, config.as_of)
        if len(found) == len(holidays.RUSH):
            return ""
        named = ", ".join(holidays.RUSH[which] for _day, which in sorted(found.items())) or "none"
        return (
            f"Of the four days of the rush this window holds {named}. With the last day on "
            "31 December it holds them all."
        )

    def _risks(self) -> list[str]:
        config, found = self.config, []
        if config.sparsity >= MANY_MISSING:
            found.append(
                f"With a sparsity of {config.sparsity:g} few series are left to learn from; a run "
                "over them may fail."
            )
        if config.stockout_intensity >= MUCH_OUT:
            found.append(
                f"With a stock-out intensity of {config.stockout_intensity:g} much of the demand "
                "is never seen in the sales."
            )
        return found


def of(config: Config) -> Size:
    """Count the series and rows. Raises SimulationUnusable when nothing would be sold."""
    world = World(config)
    lives = {one.code: int(one.lives(config).sum()) for one in world.products}
    if config.sparsity:
        sold = [one.code for store in world.stores for one in world.sold(store)]
    else:
        sold = [*lives] * config.stores
    if not sold:
        raise nothing_sold(config)
    rows = sum(lives[code] for code in sold)
    missing = round(len(sold) * sales.usually_missing(config))
    return Size(config, len(sold), rows - missing, exact=not config.gaps)
