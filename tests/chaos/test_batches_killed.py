"""A worker that dies in an item of a batch costs a second try of that item, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.stack import Stack

pytestmark = pytest.mark.chaos

STATUS = "SELECT status FROM forecasting_batch WHERE id = %s"
ITEMS = "SELECT status, attempts FROM forecasting_batchitem WHERE batch_id = %s ORDER BY place"


def until(look: Callable[[], Any]) -> Any:
    ends = time.monotonic() + 90
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come to pass")


def test_an_item_whose_worker_dies_is_judged_by_another(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with Stack(env={"FORECASTLAB_BARRIERS": str(tmp_path)}) as stack:

        def rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
            with psycopg.connect(stack.database_url) as connection:
                return connection.execute(query, values).fetchall()

        def mark() -> Path | None:
            marks = tmp_path.glob("batch-item.*")
            return next((one for one in marks if one.suffix != ".arm"), None)

        stack.answer("simulate_dataset", "shop", "--as-of", "2026-01-31")
        (tmp_path / "batch-item.arm").touch()
        preset = ["--preset", "quick_baseline_sweep", "--no-wait"]
        batch = stack.answer("run_batch", "--dataset", "shop", *preset)["batch"]
        held = until(mark)
        stack.kill(int(held.suffix[1:]))
        held.unlink(missing_ok=True)

        status = until(lambda: _over(rows(STATUS, batch)[0][0]))

        items = rows(ITEMS, batch)
    assert status == "completed"
    assert {one for one, _attempts in items} == {"succeeded"}
    assert sorted(attempts for _one, attempts in items) == [*[1] * 17, 2]


def _over(status: str) -> str:
    return "" if status in ("queued", "running") else status
