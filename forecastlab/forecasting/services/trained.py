"""What the shards of a job made, put together again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import fallbacks
from forecastlab.forecasting.domain.judged import Judged
from forecastlab.forecasting.domain.judgement import Evidence
from forecastlab.forecasting.domain.panel import BLOCK, Flags, Floats, Integers
from forecastlab.forecasting.domain.protocol import Arrays
from forecastlab.forecasting.domain.reuse import Keys
from forecastlab.forecasting.services import configs, keeping
from forecastlab.forecasting.services.keeping import Shelf
from forecastlab.lib.contributions import StepContext


def judged(context: StepContext, evidence: Evidence) -> Judged:
    """Return the judged forecasts of every single model.

    What was made for this judgement comes first, what earlier ones made fills the rest. Closed
    periods are forecast as zero.
    """
    train, config = context.results["train"], configs.of(context)
    plan = keeping.restore(context.results["features"]["reuse"])
    made = [one["judged"] for one in (*train["shards"], *train["whole"])]
    shelf = Shelf([*made, *plan.shelf.digests])
    steps = slice(config.gap, config.gap + config.horizon)
    closed = np.zeros_like(evidence.judged) if evidence.closed is None else evidence.closed

    def read(model: str, series: slice) -> Floats:
        start, stop, _step = series.indices(len(evidence.judged))
        keys = plan.keys[model][start // BLOCK : -(-stop // BLOCK)]
        return np.where(closed[..., series], 0.0, _of_blocks(shelf, keys, steps))

    return Judged(train["trained"], read)


def _of_blocks(shelf: Shelf, keys: Keys, steps: slice) -> Floats:
    """Return some of the steps from all origins but the last one."""
    judged = keys[:, :-1].T.tolist()
    found = shelf.read(key for fold in judged for key in fold)
    return np.stack(
        [np.concatenate([found[key][steps] for key in fold], axis=-1) for fold in judged]
    )


def final(context: StepContext) -> tuple[dict[str, Floats], Mapping[str, Arrays]]:
    """Return the forecasts on all data, steps x series, and the state of every single model."""
    train = context.results["train"]
    made = [gateways.opened(one["final"]) for one in train["shards"]]
    trained = train["trained"]
    widths = [next(iter(one.values())).shape[-1] for one in made]
    whole = dict(fallbacks.side_by_side(made, widths))
    for digest in (one["final"] for one in train["whole"] if one["final"]):
        whole |= gateways.get_arrays(digest)
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
    for digest in (one["learned"] for one in context.results["train"]["whole"] if one["learned"]):
        found |= gateways.get_nested(digest)
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
