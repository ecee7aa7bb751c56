"""What the shards of a job made, put together again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import fallbacks
from forecastlab.forecasting.domain.by_model import ByModel
from forecastlab.forecasting.domain.evidence import Evidence
from forecastlab.forecasting.domain.panel import BLOCK, Flags, Floats, Integers
from forecastlab.forecasting.domain.protocol import Arrays, under
from forecastlab.forecasting.services import configs, keeping
from forecastlab.forecasting.services.keeping import Shelf
from forecastlab.lib.contributions import StepContext


def judged(context: StepContext, evidence: Evidence) -> ByModel:
    """Return the judged forecasts of every single model.

    What was made for this judgement comes first, what earlier ones made fills the rest. Closed
    periods are forecast as zero.
    """
    train, config = context.results["train"], configs.of(context)
    plan = keeping.restore(context.results["features"]["reuse"])
    made = [one["judged"] for one in (*train["shards"], *train["whole"])]
    shelf = Shelf([*made, *plan.shelf.digests])
    steps = slice(config.gap, config.gap + config.horizon)
    # Not all of the evidence: what reads them is kept longer.
    count, width, closed = evidence.count, evidence.width, evidence.closed

    def read(model: str, series: slice) -> Floats:
        start, stop, _step = series.indices(width)
        found = np.empty((count, config.horizon, stop - start))
        blocks = plan.keys[model][start // BLOCK : -(-stop // BLOCK)]
        for block, keys in enumerate(blocks.tolist()):
            part = slice(block * BLOCK, (block + 1) * BLOCK)
            for fold, key in enumerate(keys[:-1]):
                found[fold, :, part] = shelf[key][steps]
        if closed is not None:
            found[closed[..., series]] = 0.0
        return found

    return ByModel(train["trained"], read)


class Final:
    """What single models made on all data, read model by model.

    `forecasts` are steps x series.
    """

    def __init__(self, context: StepContext) -> None:
        train = context.results["train"]
        self._parts = [gateways.opened(one["final"]) for one in train["shards"]]
        self._widths = [next(iter(one.values())).shape[-1] for one in self._parts]
        self._whole = [gateways.opened(one["final"]) for one in train["whole"] if one["final"]]
        self.models = tuple(train["trained"])
        self.forecasts = ByModel(self.models, self._forecast)

    def state(self, model: str) -> Arrays:
        """Return what a model knows, by name."""
        begin = f"state/{model}/"
        found = [under(begin, one) for one in self._parts]
        joined = dict(fallbacks.side_by_side(found, self._widths))
        for one in self._whole:
            joined |= under(begin, one)
        return joined

    def _forecast(self, model: str, part: slice) -> Floats:
        name = f"final/{model}"
        stored = [one for one in self._whole if name in one] or self._parts
        found: Floats = np.concatenate([one[name] for one in stored], axis=-1)[..., part]
        return found


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
