"""Names that configs of earlier systems give to models that are called otherwise here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

OLD: Mapping[str, str] = {
    "prophet_like": "driver",
    "regression": "lightgbm",
    "seasonal_average": "seasonal_mean",
    "xgboost": "lightgbm",
}


def translated(names: Iterable[str]) -> list[str]:
    """Return the models that are meant, each once, in the order in which they were named."""
    return list(dict.fromkeys(OLD.get(name, name) for name in names))


def renamed(names: Iterable[str]) -> dict[str, str]:
    """Return the model behind each old name among these."""
    return {name: OLD[name] for name in names if name in OLD}
