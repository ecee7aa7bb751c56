"""What the shards of a job made, put together again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import fallbacks
from forecastlab.forecasting.domain.judgement import Evidence
from forecastlab.forecasting.domain.panel import Flags, Floats, Integers
from forecastlab.forecasting.domain.protocol import Arrays
from forecastlab.lib.contributions import StepContext

Digests = Sequence[Mapping[str, Any]]


def judged(context: StepContext, evidence: Evidence) -> dict[str, Floats]:
    """Return the judged forecasts of every single model: folds x steps x series."""
    train = context.results["train"]
    frame = _side_by_side(train["shards"], train["whole"])
    shape = (-1, *evidence.actual.shape[:2])
    return {
        name: np.ascontiguousarray(
            # Taken out of the frame, so that no model is held twice.
            frame.drop_in_place(name).to_numpy().reshape(shape).transpose(1, 2, 0)
        )
        for name in train["trained"]
    }


def _side_by_side(shards: Digests, whole: Digests) -> pl.DataFrame:
    """Return the judged forecasts of both kinds of models, a column a model."""
    parts = [gateways.get_frame(one["judged"]) for one in shards]
    beside = [gateways.get_frame(one["judged"]).drop("series_id") for one in whole]
    return pl.concat([*([pl.concat(parts)] if parts else []), *beside], how="horizontal")


def final(context: StepContext) -> tuple[dict[str, Floats], Mapping[str, Arrays]]:
    """Return the forecasts on all data, steps x series, and the state of every single model."""
    train = context.results["train"]
    made = [gateways.get_arrays(one["final"]) for one in train["shards"]]
    trained = train["trained"]
    widths = [next(iter(one.values())).shape[-1] for one in made]
    whole = dict(fallbacks.side_by_side(made, widths))
    for one in train["whole"]:
        whole |= gateways.get_arrays(one["final"])
    forecasts = {name: whole[f"final/{name}"] for name in trained}
    states: dict[str, dict[str, NDArray[Any]]] = {name: {} for name in trained}
    for path, values in whole.items():
        kind, model, *name = path.split("/")
        if kind == "state" and model in states:
            states[model][name[0]] = values
    return forecasts, states


def learned(context: StepContext) -> Mapping[str, Arrays]:
    """Return what each model learned from the whole panel."""
    found = gateways.get_nested(context.results["features"]["learned"])
    for one in context.results["train"]["whole"]:
        found |= gateways.get_nested(one["learned"])
    return found


def closed(context: StepContext, ahead: int) -> Flags:
    """Return which of the periods to come are known to be closed: steps x series."""
    features = context.results["features"]
    parts = [gateways.get_arrays(one["digest"], ["closed"])["closed"] for one in features["shards"]]
    told = np.concatenate(parts, axis=1)[features["periods"] :][:ahead]
    found = np.zeros((ahead, told.shape[1]), dtype=np.bool_)
    found[: len(told)] = told
    return found


def series(context: StepContext) -> Integers:
    """Return the series of the panel, in its order."""
    made = context.results["features"]["shards"]
    parts = [gateways.get_arrays(one["digest"], ["series"])["series"] for one in made]
    return np.concatenate(parts)
