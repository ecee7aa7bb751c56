"""Scores, champions and judged forecasts of all series as frames; the rows go in by COPY."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forecastlab.forecasting.domain import champion, judgement, slices
from forecastlab.forecasting.domain.by_model import parts
from forecastlab.forecasting.domain.evidence import Evidence
from forecastlab.forecasting.domain.judgement import Judgement
from forecastlab.forecasting.domain.metrics import METRICS
from forecastlab.forecasting.domain.panel import Floats, Integers
from forecastlab.forecasting.models import Backtest, Champion, SeriesScore, SliceScore
from forecastlab.lib import frames

SCORES = SeriesScore._meta.db_table
SLICES = SliceScore._meta.db_table
CHAMPIONS = Champion._meta.db_table
CHOSEN_BY = {
    judgement.GROUP_BEST: Champion.Reason.GROUP,
    judgement.SERIES_BEST: Champion.Reason.SERIES,
}


def keep(backtest: Backtest, series: Integers, evidence: Evidence, verdict: Judgement) -> None:
    """Write the rows of a backtest in the current transaction."""
    scores = _score_frames(backtest, series, evidence, verdict)
    first = next(scores)
    frames.copy_in(SCORES, first.columns, chain([first], scores))
    parts = _slice_frames(backtest, verdict)
    frames.copy_in(SLICES, parts[0].columns, parts)
    champions = _champion_frames(backtest, series, evidence, verdict)
    first = next(champions)
    frames.copy_in(CHAMPIONS, first.columns, chain([first], champions))


def judged_frames(
    series: Integers, evidence: Evidence, verdict: Judgement
) -> Iterator[pl.DataFrame]:
    """Yield every judged forecast: a row per series, fold and step, a column per model."""
    folds, steps, width = evidence.actual.shape
    for part in parts(width):
        cell = np.arange((part.stop - part.start) * folds * steps)
        yield pl.DataFrame(
            {
                "series_id": np.repeat(series[part], folds * steps),
                "fold": (cell // steps % folds).astype(np.int16),
                "step": (cell % steps + 1).astype(np.int16),
                "judged": np.repeat(evidence.judged[part], folds * steps),
                "y": _down(evidence.actual[..., part]),
                **{name: _down(one) for name, one in verdict.forecasts.on(part).items()},
            }
        ).with_columns(pl.col("y").fill_nan(None))


def _down(values: Floats) -> Floats:
    flat: Floats = np.ascontiguousarray(values.transpose(2, 0, 1)).reshape(-1)
    return flat


def _score_frames(
    backtest: Backtest, series: Integers, evidence: Evidence, verdict: Judgement
) -> Iterator[pl.DataFrame]:
    judged = evidence.judged
    for name, scores in verdict.standing.scores.items():
        metrics = {key: one[judged] for key, one in scores.series.items()}
        yield pl.DataFrame({"series_id": series[judged], **metrics}).select(
            pl.lit(backtest.pk, pl.Int64).alias("backtest_id"),
            "series_id",
            pl.lit(name).alias("model"),
            pl.Series("points", scores.points[judged].astype(np.int32)),
            pl.col(METRICS).fill_nan(None),
        )


def _slice_frames(backtest: Backtest, verdict: Judgement) -> list[pl.DataFrame]:
    return [
        pl.DataFrame(
            {
                "by": [part.by] * len(part.keys),
                "key": part.keys,
                "place": np.arange(len(part.keys), dtype=np.int32),
                "series": part.series.astype(np.int32),
                "points": part.points,
                **part.values,
            },
            schema_overrides={"by": pl.String, "key": pl.String},
        ).select(
            pl.lit(backtest.pk, pl.Int64).alias("backtest_id"),
            pl.lit(model).alias("model"),
            pl.exclude(slices.REPORTED),
            pl.col(slices.REPORTED).fill_nan(None),
        )
        for model, parts in verdict.slices.items()
        for part in parts
    ]


def _champion_frames(
    backtest: Backtest, series: Integers, evidence: Evidence, verdict: Judgement
) -> Iterator[pl.DataFrame]:
    standing = verdict.standing
    values = np.stack(
        [standing.scores[name].of_series(backtest.metric) for name in standing.choice.models]
    )
    points = standing.scores[standing.best].points
    reasons = _reasons(evidence, verdict, backtest.default_policy)
    folds, steps, width = evidence.actual.shape
    for part in parts(width):
        choice, judged = standing.choice.on(part), evidence.judged[part]
        here, count = values[:, part], len(judged)
        value = np.take_along_axis(here, choice.which[None, :], axis=0)[0]
        runner_up, margin = _rivals(here, choice.which)
        names = np.array([*choice.models, ""], dtype=np.str_)
        served = champion.served(choice, verdict.forecasts.on(part))
        yield pl.DataFrame(
            {
                "backtest_id": np.full(count, backtest.pk),
                "series_id": series[part],
                "model": names[choice.which],
                "metric": np.full(count, backtest.metric),
                "value": np.where(judged, value, np.nan),
                "margin": np.where(judged, margin, np.nan),
                "points": np.where(judged, points[part], 0).astype(np.int32),
                "reason": reasons[part],
                "score": np.where(judged, choice.score, np.nan),
                "runner_up": names[np.where(judged, runner_up, len(choice.models))],
            }
        ).with_columns(
            pl.col("value", "margin", "score").fill_nan(None),
            pl.Series("judged", _down(served).reshape(count, folds * steps)),
        )


def _rivals(values: Floats, which: Integers) -> tuple[Integers, Floats]:
    """Return the best of the other models, and how far ahead of it the champion is.

    Where there is no other, or none has a value, the place after the last model is returned.
    """
    size = np.abs(values)
    own = np.take_along_axis(size, which[None, :], axis=0)[0]
    others = np.where(np.isnan(size), np.inf, size)
    np.put_along_axis(others, which[None, :], np.inf, axis=0)
    best = others.argmin(axis=0)
    error = others.min(axis=0)
    rival = np.isfinite(error)
    margin = np.full(len(own), np.nan)
    np.divide(100 * (error - own), error, out=margin, where=rival & (error > 0))
    return np.where(rival, best, len(values)), margin


def _reasons(evidence: Evidence, verdict: Judgement, policy: str) -> NDArray[np.str_]:
    standing = verdict.standing
    usual = standing.choice.models.index(standing.default)
    chosen = np.where(standing.choice.which == usual, "default", "switched")
    if policy in CHOSEN_BY:
        chosen = np.full(len(standing.choice.which), CHOSEN_BY[policy].value)
    return np.where(evidence.judged, chosen, Champion.Reason.NOT_JUDGED.value)
