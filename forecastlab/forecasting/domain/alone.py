"""One model on some series alone: learnt from them, judged on the folds of the whole version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain import folds, metrics, shards
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.panel import Panel
from forecastlab.lib.errors import BadInput


class NothingToJudge(BadInput):
    """None of these series can be judged."""

    code = "nothing_to_judge"


class ModelFailed(BadInput):
    """The model can forecast none of these series."""

    code = "model_failed"


@dataclass(frozen=True, slots=True)
class Alone:
    """`values` are the pooled metrics, NaN where undefined, over the `judged` series.

    `fallen` counts series on which the model failed and fell back, `reason` is the first cause.
    """

    values: dict[str, float]
    judged: int
    skipped: int
    fallen: int
    reason: str


def judge(
    panel: Panel, config: Config, work: shards.Work, report: Callable[[float], None]
) -> Alone:
    """Train and judge the one model of `config`; raises NothingToJudge or ModelFailed."""
    (model,) = config.models
    why = folds.unjudged(panel, config.windows, config.frequency)
    if len(why) == panel.width:
        raise NothingToJudge(f"No series can be judged; the first one: {why[min(why)]}.")
    learned = shards.learn([model], panel, work, shards.part_of(report, 0, 2))
    done = shards.run(panel, work, learned, shards.part_of(report, 1, 2))[model]
    fallen = list(done.fallen.values())
    if len(fallen) == panel.width:
        raise ModelFailed(f"The model can forecast none of these series: {fallen[0]}.")
    judged = np.ones(panel.width, dtype=np.bool_)
    judged[list(why)] = False
    known = config.windows.scaled_on(panel.periods)
    scale = metrics.scales(panel.actual[:known], config.scale)
    actual = folds.judged_values(panel.actual, config.windows)
    scores = metrics.score(actual, done.judged, scale)
    return Alone(
        scores.pooled(judged), int(judged.sum()), len(why), len(fallen), next(iter(fallen), "")
    )
