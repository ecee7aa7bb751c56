"""The zoo: every module here that has a `MODEL` is a model; adding one is adding a file."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from forecastlab.forecasting.domain.protocol import Model


@cache
def zoo() -> dict[str, Model]:
    """Return every model by its name, cheapest first."""
    modules = [import_module(f"{__name__}.{one.name}") for one in iter_modules(__path__)]
    models: list[Model] = [module.MODEL for module in modules if hasattr(module, "MODEL")]
    return {one.name: one for one in sorted(models, key=lambda one: (one.cost, one.name))}


def default_zoo() -> list[str]:
    """Return the models that run where nobody names any, cheapest first."""
    return [name for name, one in zoo().items() if one.default]


def unavailable() -> dict[str, str]:
    """Return why models cannot run here, by their names."""
    reasons = {name: one.unavailable() for name, one in zoo().items()}
    return {name: reason for name, reason in reasons.items() if reason}
