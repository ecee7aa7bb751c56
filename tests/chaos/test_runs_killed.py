"""A run in whose middle something dies ends as one that nobody disturbed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.stack import Stack

pytestmark = pytest.mark.chaos

# Four shards of 500 series, and a task for each of LightGBM's fits: of two folds, and of all data.
SERIES, SHARDS, HORIZON = 2000, 7, 7
PATIENCE = 150.0

RUN = """
SELECT run.status, run.config_hash, run.winner, run.winner_wape, job.error
FROM showcase_run run JOIN jobs_job job ON job.id = run.job_id WHERE run.id = %s
"""
SHARDS_OF = """
SELECT count(*) FROM jobs_jobstep shard JOIN jobs_jobstep parent ON parent.id = shard.parent_id
JOIN showcase_run run ON run.job_id = shard.job_id WHERE run.id = %s AND parent.name = 'train'
"""
ISSUES = "SELECT id FROM forecasting_forecastissue ORDER BY id"
FORECASTS = """
SELECT count(*), count(DISTINCT series_id), sum(cardinality(yhat)),
    md5(string_agg(concat_ws('|', series_id, model, yhat, lo80, hi80, lo95, hi95), ';'
                   ORDER BY series_id))
FROM forecasting_forecast WHERE issue_id = %s
"""


class House(Stack):
    """An installation whose workers a test can hold at named places."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o777)
        self.folder = folder
        env = {"FORECASTLAB_BARRIERS": str(folder), "FORECASTLAB_SERIES_PER_SHARD": "500"}
        super().__init__(env=env)

    def begin(self) -> int:
        """Start a run and return its number."""
        asked = ["--dataset", "wide", "--horizon", str(HORIZON), "--folds", "2", "--fresh"]
        return int(self.answer("run_showcase", *asked)["run"])

    def held_in_a_shard(self, kill: Callable[[int], None]) -> int:
        """Start a run and call `kill` with the process that has trained a shard, not stored it."""
        (self.folder / "shard-trained.arm").touch()
        run = self.begin()
        mark = _until(self._mark)
        kill(int(mark.suffix[1:]))
        mark.unlink(missing_ok=True)
        return run

    def _mark(self) -> Path | None:
        marks = self.folder.glob("shard-trained.*")
        return next((one for one in marks if one.suffix != ".arm"), None)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, connect_timeout=2) as connection:
            return connection.execute(query, values).fetchall()


@dataclass(frozen=True, slots=True)
class Made:
    """What a run that has succeeded leaves behind."""

    config_hash: str
    winner: str
    winner_wape: float
    shards: int
    forecasts: tuple[Any, ...]


def _until(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            found = look()
        except psycopg.OperationalError:  # down, or just coming back
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come to pass")


def made_by(house: House, run: int, *, before: int) -> Made:
    """Wait for the run to succeed; it has made one issue, whatever was repeated."""

    def ended() -> tuple[Any, ...] | None:
        (row,) = house.rows(RUN, run)
        return row if row[0] in {"succeeded", "failed", "cancelled"} else None

    status, config_hash, winner, wape, error = _until(ended)
    assert status == "succeeded", error
    issues = house.rows(ISSUES)
    assert len(issues) == before + 1
    ((shards,),) = house.rows(SHARDS_OF, run)
    (forecasts,) = house.rows(FORECASTS, issues[-1][0])
    return Made(config_hash, winner, wape, shards, forecasts)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("barriers"))
    with made:
        knobs = ["--set", "stores=20", "--set", "products=100"]
        made.answer("simulate_dataset", "wide", *knobs, "--as-of", "2026-01-31")
        yield made


@pytest.fixture(scope="module")
def undisturbed(house: House) -> Made:
    return made_by(house, house.begin(), before=0)


def test_an_undisturbed_run_forecasts_every_series_once(undisturbed: Made) -> None:
    assert undisturbed.shards == SHARDS
    assert undisturbed.forecasts[:3] == (SERIES, SERIES, SERIES * HORIZON)


@pytest.mark.parametrize("victim", ["process", "worker", "redis", "postgres"])
def test_a_run_whose_shard_is_hit_ends_with_the_same_numbers(
    house: House, undisturbed: Made, victim: str
) -> None:
    before = len(house.rows(ISSUES))

    def kill(held: int) -> None:
        others = {"worker": "worker-heavy", "redis": "redis", "postgres": "postgres"}
        house.kill(house.pid(others[victim]) if victim in others else held)

    run = house.held_in_a_shard(kill)

    assert made_by(house, run, before=before) == undisturbed
