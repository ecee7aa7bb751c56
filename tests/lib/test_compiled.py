"""Functions compiled to machine code say what their lines say, to the last bit."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from forecastlab.forecasting.domain import (
    decomposition,
    effects,
    observed,
    regressions,
    smoothing,
)
from forecastlab.forecasting.domain.frames import products, sources
from forecastlab.forecasting.domain.models import theta

PERIODS, WIDTH, WIDE = 40, 19, 600
random = np.random.default_rng(8)


def sales(width: int = WIDTH) -> Any:
    values = random.gamma(0.8, 9.0, (PERIODS, width))
    values[random.random(values.shape) < 0.2] = np.nan
    values[random.random(values.shape) < 0.2] = 0.0
    values[:, 3] = np.nan
    return values


def cells() -> Any:
    return np.stack([random.integers(-3, PERIODS + 3, 90), random.integers(0, WIDTH, 90)])


def empty(*shape: int, dtype: Any = np.float64) -> Any:
    return np.full(shape, -1, dtype=dtype)


ENDS = np.array([11, 33, PERIODS])
SUMS = empty(PERIODS + 1, WIDTH), empty(PERIODS + 1, WIDTH, dtype=np.int32)
SOLD = sales()
TOTALS = observed.running(SOLD)
RATES = np.array(smoothing.RATES, dtype=np.float32)
SIGNALS = random.normal(0, 1, (2, PERIODS, WIDTH))
# Each function with what it is given; it writes into the arrays that `empty` made.
FUNCTIONS = [
    (observed._running, (sales(), *SUMS)),
    (observed._running, (sales().astype(np.float32), *SUMS)),
    (observed._by_place, (sales(), ENDS, empty(3, 7, WIDTH), empty(3, 7, WIDTH))),
    (sources._at, (sales(), cells(), empty(90))),
    (products._add, (sales(), random.integers(0, 5, WIDTH), empty(PERIODS, 5))),
    (
        smoothing._run,
        (sales(), ENDS - 1, RATES, *(empty(3, 9, WIDTH, dtype=np.float32) for _ in range(2))),
    ),
    (
        smoothing._run,
        (sales(WIDE), ENDS - 1, RATES, *(empty(3, 9, WIDE, dtype=np.float32) for _ in range(2))),
    ),
    (decomposition._lagged, (sales(), empty(WIDTH), empty(8, WIDTH))),
    (decomposition._lagged, (sales(WIDE), empty(WIDE), empty(8, WIDE))),
    (decomposition._over_average, (SOLD, *TOTALS, 7, empty(PERIODS, WIDTH))),
    (decomposition._over_average, (SOLD, *TOTALS, 8, empty(PERIODS, WIDTH))),
    (effects._log_sales, (sales(), 0.1, empty(PERIODS, WIDTH))),
    (
        regressions._add,
        (SIGNALS, np.log(sales() + 1), ENDS - 1, empty(3, 4, 4, WIDTH), empty(3, 4, 7, WIDTH)),
    ),
    (
        regressions._about_means,
        (
            random.gamma(2.0, 1.0, (4, 4, WIDTH)),
            empty(WIDTH, 2, 2),
            empty(WIDTH, 2),
            empty(WIDTH, 2),
        ),
    ),
    (
        effects._exponential,
        (SIGNALS, SIGNALS[0, :2].copy(), SIGNALS[1, :7].copy(), 3.0, empty(PERIODS, WIDTH)),
    ),
    (
        theta._bend,
        (
            sales(),
            random.gamma(9.0, 0.1, (7, WIDTH)),
            empty(WIDTH),
            empty(WIDTH),
            empty(PERIODS, WIDTH),
        ),
    ),
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("function", "given"), FUNCTIONS, ids=lambda one: str(one)[:40])
def test_a_compiled_function_writes_what_its_lines_would(function: Any, given: Any) -> None:
    plainly, compiled = ([np.copy(one) for one in given] for _ in range(2))
    for before, one in zip(given, compiled, strict=True):
        one.setflags(write=bool((np.asarray(before) == -1).all()))

    function.plain(*(one if one.ndim else one[()] for one in plainly))
    function(*(one if one.ndim else one[()] for one in compiled))

    for before, one, other in zip(given, plainly, compiled, strict=True):
        assert one.tobytes() == other.tobytes()
        written = (np.asarray(before) == -1).all()
        assert not written or (one != before).any()


def alternately(function: Any, *given: Any) -> None:
    """Call a function that adds to what it is given, plainly and compiled."""
    plainly, compiled = ([np.copy(one) for one in given] for _ in range(2))
    function.plain(*plainly)
    function(*compiled)
    for one, other in zip(plainly, compiled, strict=True):
        assert one.tobytes() == other.tobytes()
    assert any((one != before).any() for one, before in zip(plainly, given, strict=True))


def test_a_compiled_function_changes_what_is_there_as_its_lines_would() -> None:
    alternately(effects._fill, sales())
    alternately(
        regressions._pool,
        random.integers(0, 3, WIDTH),
        *(random.normal(0, 1, shape) for shape in ((WIDTH, 2, 2), (WIDTH, 2), (3, 2, 2), (3, 2))),
    )


def test_nothing_is_compiled_before_it_is_called() -> None:
    program = """
import sys
from forecastlab.forecasting.domain import shards, walking
from forecastlab.forecasting.domain.models import zoo
zoo()
print("numba" in sys.modules)
"""

    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert told.stdout == "False\n"


def test_what_cannot_be_kept_is_compiled_all_the_same() -> None:
    # Nothing is kept for a program that is no file.
    program = """
import numpy as np
from forecastlab.lib.compiled import compiled

@compiled("void(float64[::1])")
def twice(values):
    for place in range(len(values)):
        values[place] *= 2

values = np.arange(3.0)
twice(values)
print(values.tolist())
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert told.stdout == "[0.0, 2.0, 4.0]\n", told.stderr
