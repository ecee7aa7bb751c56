"""What is known of stores, products and days beside sales; a simulation knows all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from forecastlab.warehouse.domain.describing import HOLIDAY, NAME
from forecastlab.warehouse.domain.simulator import holidays
from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.domain.simulator.world import World
from forecastlab.warehouse.models import CalendarDay, Dataset, Product, Store

Attributes = Mapping[str, Mapping[str, Any]]
# The rules of the holidays go on after the last day of sales, for forecasts.
DAYS_AHEAD, AT_ONCE = 365, 1_000


def describe(dataset: Dataset, config: Config) -> None:
    """Fill in what is known of the stores, products and days that were loaded; others stay."""
    world = World(config)
    stores = {one.code: one.attributes() for one in world.stores}
    products = {one.code: one.attributes(config) for one in world.products}
    fill(Store, list(Store.objects.filter(dataset=dataset, code__in=stores)), stores)
    fill(Product, list(Product.objects.filter(dataset=dataset, code__in=products)), products)
    keep_days(dataset, _days(config))


def _days(config: Config) -> dict[date, dict[str, Any]]:
    """Return which days are holidays, from the first of the window to a year after the last."""
    last = config.as_of + timedelta(days=DAYS_AHEAD)
    named = holidays.between(config.first, last)
    if config.rush:
        rush = holidays.rush_between(config.first, last)
        named |= {day: holidays.RUSH[which] for day, which in rush.items()}
    days = [config.first + timedelta(days=one) for one in range((last - config.first).days + 1)]
    return {one: {HOLIDAY: float(one in named), NAME: named.get(one, "")} for one in days}


def fill(model: type[Store | Product], found: list[Any], told: Attributes) -> None:
    """Merge what is told over the attributes of the rows that were found."""
    for one in found:
        one.attributes = {**one.attributes, **told[one.code]}
    model.objects.bulk_update(found, ["attributes"], batch_size=500)


def keep_days(dataset: Dataset, told: Mapping[date, Mapping[str, Any]]) -> None:
    """Merge holiday, name and other attributes of days over what is known of them."""
    for start in range(0, len(told), AT_ONCE):
        _keep_some(dataset, list(told.items())[start : start + AT_ONCE])


def _keep_some(dataset: Dataset, told: Sequence[tuple[date, Mapping[str, Any]]]) -> None:
    days = CalendarDay.objects.filter(dataset=dataset, day__in=[day for day, _said in told])
    known = {one.day: one for one in days}
    for day, said in told:
        one = known.setdefault(day, CalendarDay(dataset=dataset, day=day))
        one.holiday = said.get(HOLIDAY, one.holiday)
        one.name = said.get(NAME, one.name)
        rest = {name: value for name, value in said.items() if name not in (HOLIDAY, NAME)}
        one.attributes = {**one.attributes, **rest}
    CalendarDay.objects.bulk_create(
        known.values(),
        update_conflicts=True,
        unique_fields=["dataset", "day"],
        update_fields=["holiday", "name", "attributes"],
    )
