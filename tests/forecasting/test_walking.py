"""Trees that are walked many rows at a time say what the library says, to the last bit."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np

from forecastlab.forecasting.domain import boosting, walking

STEPS, WIDTH = 7, 600


def frame() -> Any:
    """Return columns alike for all steps and others, with holes, zeros and next to nothing."""
    random = np.random.default_rng(5)
    alike = np.tile(random.gamma(2.0, 1.0, (WIDTH, 4)), (STEPS, 1))
    own = random.normal(0.0, 1.0, (STEPS * WIDTH, 4))
    made = np.concatenate([alike, own], axis=1).astype(np.float32)
    made[random.random(made.shape) < 0.1] = 0.0
    made[np.tile(random.random(WIDTH) < 0.2, STEPS), 1] = np.nan
    made[random.random(len(made)) < 0.2, 5] = np.nan
    made[random.random(len(made)) < 0.2, 6] = np.float32(3e-36)
    return made


def fitted(rows: Any, **changed: Any) -> bytes:
    random = np.random.default_rng(6)
    level = np.nan_to_num(rows).sum(axis=1) + 3 * np.isnan(rows[:, 5])
    label = random.poisson(np.exp(np.clip(level / 4, -2, 3))).astype(float)
    settings = {**boosting.SETTINGS, "min_data_in_leaf": 5, **changed}
    return lightgbm.train(settings, lightgbm.Dataset(rows, label), 40).model_to_string().encode()


def test_what_is_walked_is_what_the_library_says_to_the_last_bit() -> None:
    rows = frame()
    # Holes that were never seen in learning: column 0 had none there.
    asked = rows.copy()
    asked[::9, 0] = np.nan
    for text in (fitted(rows), fitted(np.nan_to_num(rows))):
        trees = walking.read(text)
        assert trees is not None
        for one in (rows, asked):
            found = walking.forecast(trees, one)
            said = boosting.model(text).predict(one)
            assert found is not None
            assert found.tobytes() == said.tobytes()
            assert len(np.unique(found)) > 1_000


def test_what_is_not_walked_is_left_to_the_library() -> None:
    rows = frame()

    assert walking.read(fitted(rows, objective="regression")) is None
    assert walking.read(fitted(rows, num_leaves=60)) is None
    assert walking.read(fitted(rows, zero_as_missing=True)) is None
