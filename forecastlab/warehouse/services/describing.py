"""What is known of stores and products beside their sales; a simulation knows all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.domain.simulator.world import World
from forecastlab.warehouse.models import Dataset, Product, Store

Attributes = Mapping[str, Mapping[str, Any]]


def describe(dataset: Dataset, config: Config) -> None:
    """Fill in the attributes of the stores and products that were loaded; others are kept."""
    world = World(config)
    stores = {one.code: one.attributes() for one in world.stores}
    products = {one.code: one.attributes(config) for one in world.products}
    fill(Store, list(Store.objects.filter(dataset=dataset, code__in=stores)), stores)
    fill(Product, list(Product.objects.filter(dataset=dataset, code__in=products)), products)


def fill(model: type[Store | Product], found: list[Any], told: Attributes) -> None:
    """Merge what is told over the attributes of the rows that were found."""
    for one in found:
        one.attributes = {**one.attributes, **told[one.code]}
    model.objects.bulk_update(found, ["attributes"], batch_size=500)
