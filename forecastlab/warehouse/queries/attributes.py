"""What stores and products can be told apart by: choices for the filters of series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forecastlab.warehouse.models import Product, Store

SIDES = ("store.", "product.")
LONGEST = 120
# Choices are made from the first so many stores and products, and offered up to a readable number.
LOOKED_AT, MOST_CODES, MOST_VALUES, MOST_NAMES = 2_000, 200, 60, 6


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter: the parameter, its label, and the values to choose from; none to be typed."""

    name: str
    label: str
    values: Sequence[str]


def choices(dataset_id: int) -> list[Choice]:
    """Return filters by store, product and each of their attributes that tells some apart."""
    stores, products = _listed(Store, dataset_id), _listed(Product, dataset_id)
    found = [_codes("store", stores), _codes("product", products)]
    found += [*_attributes("store", stores), *_attributes("product", products)]
    return [one for one in found if one is not None]


def _listed(model: Any, dataset_id: int) -> list[tuple[str, Mapping[str, Any]]]:
    found = model.objects.filter(dataset=dataset_id).order_by("code")
    return list(found.values_list("code", "attributes")[:LOOKED_AT])


def _codes(side: str, found: Sequence[tuple[str, Any]]) -> Choice | None:
    if len(found) < 2:
        return None
    codes = [code for code, _attributes in found]
    return Choice(side, side, codes if len(codes) <= MOST_CODES else [])


def _attributes(side: str, found: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Choice]:
    values: defaultdict[str, set[str]] = defaultdict(set)
    for _code, attributes in found:
        for name, value in attributes.items():
            if value is not None and len(name) + len(side) < LONGEST:
                values[name].add(str(value))
    told = [
        Choice(f"{side}.{name}", name, sorted(some))
        for name, some in sorted(values.items())
        if 2 <= len(some) <= MOST_VALUES
    ]
    return told[:MOST_NAMES]
