"""LightGBM without its Python package: the same bytes, and none of what the package imports."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import lightgbm
import numpy as np
import pytest

from forecastlab.forecasting.domain import boosting, tree_library
from forecastlab.forecasting.domain.tree_library import LibraryError, Rows, Trees

NAMES = ["0_place", "1_price", "2_level", "3_step"]
SETTINGS = {**boosting.SETTINGS, "min_data_in_leaf": 20}


def rows(weight: Any = None) -> Rows:
    random = np.random.default_rng(8)
    table = random.gamma(2.0, 1.0, (3_000, len(NAMES))).astype(np.float32)
    table[random.random(len(table)) < 0.1, 1] = np.nan
    label = random.poisson(np.nan_to_num(table).sum(axis=1)).astype(float)
    return Rows(table, label, np.ones(len(label)) if weight is None else weight, NAMES)


def of_package(given: Rows, settings: dict[str, Any], rounds: int) -> lightgbm.Booster:
    data = lightgbm.Dataset(
        given.table, given.label, weight=given.weight, feature_name=list(given.names)
    )
    return lightgbm.train(settings, data, rounds)


@pytest.mark.parametrize("settings", [SETTINGS, boosting.SIDE_BY_SIDE])
@pytest.mark.parametrize("weighed", [True, False])
def test_what_is_grown_and_said_is_what_the_package_grows_and_says(settings, weighed) -> None:
    given = rows(np.random.default_rng(9).uniform(0.5, 9, 3_000) if weighed else None)
    heard: list[int] = []

    text = tree_library.grow(given, settings, 12, heard.append)

    booster = of_package(given, settings, 12)
    assert text == booster.model_to_string().encode()
    assert heard == list(range(1, 13))
    assert len(np.unique(Trees(text).predict(given.table))) > 100
    assert Trees(text).predict(given.table).tobytes() == (
        booster.predict(given.table, num_threads=1).tobytes()
    )


def test_a_large_model_comes_whole() -> None:
    settings = {**SETTINGS, "num_leaves": 255, "min_data_in_leaf": 2}

    text = tree_library.grow(rows(), settings, 120, lambda _: None)

    assert len(text) > 1 << 20
    assert text == of_package(rows(), settings, 120).model_to_string().encode()


def test_what_the_library_refuses_is_told_in_its_words() -> None:
    with pytest.raises(LibraryError, match="num_leaves"):
        tree_library.grow(rows(), {**SETTINGS, "num_leaves": 1}, 2, lambda _: None)
    with pytest.raises(LibraryError, match="number of features"):
        Trees(tree_library.grow(rows(), SETTINGS, 2, lambda _: None)).predict(rows().table[:, :2])


def test_no_process_imports_the_package_to_fit_and_forecast() -> None:
    program = """
import sys
import django
django.setup()
import numpy as np
from forecastlab.forecasting.domain.models import lightgbm
from forecastlab.forecasting.domain.protocol import Task
from tests.forecasting.panels import make_panel
sales = np.random.default_rng(5).poisson(9, (90, 9)).astype(float)
task = Task((75, 82, 89), 7, 7, "D")
learned = lightgbm.MODEL.learn(make_panel(sales), task)
assert lightgbm.MODEL.forecast(make_panel(sales), task, learned).values.all()
assert learned["text.0"].tobytes().startswith(b"tree")
print(sorted({"lightgbm", "pandas", "sklearn"} & set(sys.modules)))
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert told.stdout == "[]\n", told.stderr
