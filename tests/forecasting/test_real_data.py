"""The figures that were measured before, on real data; skipped where it is not there."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from forecastlab.forecasting.domain.models import zoo
from forecastlab.forecasting.domain.panel import Panel, Signals, groups_of
from forecastlab.forecasting.domain.protocol import Task
from tests.forecasting.panels import judge, read_freshretail, read_orange_juice, whole_of

KNOWN = ["naive", "seasonal_naive", "moving_average", "ses_weekday"]


def test_freshretail_gives_the_known_figures(shared_data: Path) -> None:
    verdict, evidence, _ = judge(read_freshretail(shared_data), horizon=14, models=KNOWN)

    wape = {n: s.pooled(evidence.judged)["wape"] for n, s in verdict.standing.scores.items()}
    assert wape["naive"] == pytest.approx(39.8, abs=0.1)
    assert wape["seasonal_naive"] == pytest.approx(39.6, abs=0.3)
    assert wape["moving_average"] == pytest.approx(34.0, abs=0.1)
    assert wape["ses_weekday"] == pytest.approx(31.95, abs=0.3)


def test_orange_juice_gives_the_known_figures(shared_data: Path) -> None:
    verdict, evidence, _ = judge(
        read_orange_juice(shared_data), frequency="W", horizon=8, models=KNOWN
    )

    found = {n: s.pooled(evidence.judged) for n, s in verdict.standing.scores.items()}
    assert found["naive"]["wape"] == pytest.approx(101.5, abs=0.1)
    assert found["naive"]["mase"] == pytest.approx(0.81, abs=0.01)
    assert found["seasonal_naive"]["wape"] == pytest.approx(95.0, abs=0.4)
    assert found["moving_average"]["wape"] == pytest.approx(78.4, abs=0.1)


@pytest.mark.parametrize(
    ("name", "horizon", "season", "frequency", "model", "smape", "mase"),
    [
        ("Weekly", 13, 1, "W", "naive", 9.161, 2.777),
        ("Weekly", 13, 1, "W", "naive2", 9.161, 2.777),
        ("Hourly", 48, 24, "H", "naive", 43.003, 11.608),
        ("Hourly", 48, 24, "H", "seasonal_naive", 13.912, 1.193),
        ("Hourly", 48, 24, "H", "naive2", 18.383, 2.395),
        ("Weekly", 13, 1, "W", "ses_m4", 9.012, 2.685),
        ("Hourly", 48, 24, "H", "ses_m4", 18.094, 2.385),
        ("Weekly", 13, 1, "W", "theta_m4", 9.093, 2.637),
        ("Hourly", 48, 24, "H", "theta_m4", 18.138, 2.455),
    ],
)
def test_the_m4_benchmarks_are_exact(
    shared_data: Path,
    name: str,
    horizon: int,
    season: int,
    frequency: str,
    model: str,
    smape: float,
    mase: float,
) -> None:
    folder = shared_data / "m4-weekly-hourly"
    training = read_wide(folder / f"{name}-train.csv.gz")
    actual = np.array(read_wide(folder / f"{name}-test.csv.gz")).T
    panel = right_aligned(training)
    task = Task((panel.periods - 1,), horizon, season, frequency)

    learned = zoo()[model].learn(whole_of(panel), task)
    found = zoo()[model].forecast(panel, task, learned).values[0]

    scale = [np.abs(one[season:] - one[:-season]).mean() for one in training]
    errors = np.abs(actual - found)
    # What is fitted stops where the competition's own search for the least error did not.
    allowed = 0.001 if model.endswith("_m4") else 0.0005
    assert (200 * errors / (np.abs(actual) + np.abs(found))).mean() == pytest.approx(
        smape, abs=allowed
    )
    assert (errors / scale).mean() == pytest.approx(mase, abs=allowed)


def read_wide(path: Path) -> list[np.ndarray]:
    with gzip.open(path, "rt") as stream:
        rows = csv.reader(stream)
        next(rows)
        return [np.array([float(one) for one in row[1:] if one]) for row in rows]


def right_aligned(training: list[np.ndarray]) -> Panel:
    values = np.full((max(map(len, training)), len(training)), np.nan)
    for place, one in enumerate(training):
        values[-len(one) :, place] = one
    return bare(values)


def bare(values: np.ndarray) -> Panel:
    """Return a panel of which nothing is told but quantities: always open, each a product."""
    closed = np.zeros(values.shape, dtype=np.bool_)
    signals = Signals((), (), np.empty((0, *values.shape), dtype=np.float32))
    width = values.shape[1]
    return Panel(np.arange(width), values, values, closed, values, signals, groups_of({}, width))
