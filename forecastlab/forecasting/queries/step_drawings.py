"""What the cards of steps draw: bars and small tables as texts; a template only lays them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.domain.slices import REPORTED
from forecastlab.forecasting.queries import labels
from forecastlab.lib import figures

# As many models as a table of a card has columns for.
MOST_COLUMNS = 4

Part = Mapping[str, Mapping[str, Mapping[str, Any]]]


def ranked(models: Mapping[str, Any], metric: str, best: str) -> list[str]:
    """Return the models by the size of the metric, its sign apart, best first."""
    sizes = {name: abs(one[metric]) for name, one in models.items() if one[metric] is not None}
    return sorted(sizes, key=lambda name: (sizes[name], name != best, name))


def bars(result: Mapping[str, Any], metric: str) -> list[dict[str, Any]]:
    """Return the models of a backtest as `components/ranked_bars.html` wants them."""
    models = result["models"]
    names = ranked(models, metric, result["best_model"])
    most = max((abs(models[name][metric]) for name in names), default=0.0) or 1.0
    folds = result.get("slices", {}).get("fold", {})
    return [
        {
            "name": title_of(name),
            "share": round(abs(models[name][metric]) / most, 4),
            "value": labels.measured(models[name][metric], metric),
            "note": _folds(folds, name, metric),
        }
        for name in names
    ]


def _folds(folds: Part, model: str, metric: str) -> str:
    """28.9, 29.6, 31.0: what each fold came to; nothing for one fold alone."""
    values = [one.get(model, {}).get(metric) for one in folds.values()]
    if len(values) < 2 or metric not in REPORTED or None in values:
        return ""
    places = 1 if metric in ("wape", "bias") else 2
    return ", ".join(figures.number(one, places) for one in values)


def buckets(result: Mapping[str, Any], metric: str, frequency: str) -> dict[str, Any] | None:
    """Return the best models by how far ahead they forecast, the best of each row marked.

    None where the whole horizon is one bucket.
    """
    parts: Part = result.get("slices", {}).get("horizon", {})
    if len(parts) < 2:
        return None
    metric = metric if metric in REPORTED else "wape"
    names = ranked(result["models"], metric, result["best_model"])[:MOST_COLUMNS]
    return {
        "metric": labels.metric_title(metric),
        "columns": [title_of(name) for name in names],
        "rows": [
            {"name": ahead(key, frequency), "cells": _cells(models, names, metric)}
            for key, models in parts.items()
        ],
    }


def _cells(
    models: Mapping[str, Mapping[str, Any]], names: Sequence[str], metric: str
) -> list[dict[str, Any]]:
    values = [models.get(name, {}).get(metric) for name in names]
    known = [abs(one) for one in values if one is not None]
    best = min(known, default=None)
    return [
        {"value": labels.measured(one, metric), "best": one is not None and abs(one) == best}
        for one in values
    ]


def ahead(key: str, frequency: str) -> str:
    """`h_1_7` is 1 to 7 days ahead."""
    _h, low, high = key.split("_")
    said = {"low": low, "high": high, "noun": BY_FREQUENCY[frequency].noun}
    if high == "plus":
        return _("%(low)s %(noun)s ahead and more") % said
    return _("%(low)s to %(high)s %(noun)s ahead") % said
