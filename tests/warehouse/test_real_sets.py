"""Every real set, by command and by page, with the counts that its README documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories import make_user
from tests.forecasting.test_commands import run

M4 = "m4-weekly-hourly"


@pytest.fixture
def sets(shared_data: Path, worker: None) -> Path:
    make_user("alice")
    return shared_data


@pytest.mark.parametrize(
    ("name", "frequency", "series", "rows", "horizon", "season", "published"),
    [
        (
            *("Weekly", "W", 359, 371_579, 13, 1),
            {
                "naive": (9.161, 2.777),
                "seasonal_naive": (9.161, 2.777),
                "naive2": (9.161, 2.777),
            },
        ),
        (
            *("Hourly", "H", 414, 373_372, 48, 24),
            {
                "naive": (43.003, 11.608),
                "seasonal_naive": (13.912, 1.193),
                "naive2": (18.383, 2.395),
            },
        ),
    ],
)
def test_m4_is_imported_and_judged_on_what_is_held_back(
    sets: Path,
    name: str,
    frequency: str,
    series: int,
    rows: int,
    horizon: int,
    season: int,
    published: dict[str, tuple[float, float]],
) -> None:
    files = [str(sets / M4 / f"{name}-{part}.csv.gz") for part in ("train", "test")]
    asked = ["--test", files[1], "--layout", "m4", "--frequency", frequency]

    code, told = run("import_dataset", "m4", files[0], *asked)

    assert code == 0, told
    assert (told["series"], told["rows"], told["frequency"]) == (series, rows, frequency)
    judging = ["--folds", "1", "--season-length", str(season), "--models", ",".join(published)]
    code, told = run("backtest", "--dataset", "m4", *judging)
    assert code == 0, told
    assert (told["horizon"], told["judged"], told["skipped"]) == (horizon, series, [])
    found = {
        model: (round(one["smape"], 3), round(one["mase"], 3))
        for model, one in told["models"].items()
    }
    assert found == published
