from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from forecastlab.forecasting.domain.panel import planned_ahead
from forecastlab.forecasting.models import ForecastIssue
from forecastlab.forecasting.queries import panels
from forecastlab.jobs.models import JobStep
from forecastlab.warehouse.models import DatasetVersion
from tests.factories import make_user
from tests.forecasting.test_commands import run

DAYS, PLANNED, HORIZON = 84, 9, 7
FIRST = date(2026, 1, 5)


@pytest.fixture
def sold_and_planned(tmp_path: Path, worker: None) -> Path:
    """A file of sales that a price halves or doubles, and of prices after the last sale."""
    make_user("alice")
    draw = np.random.default_rng(6)
    rows = ["store,product,ds,quantity,price,open,visits,leaflet"]
    for product in "ABCD":
        for t in range(DAYS + PLANNED):
            low = t % 5 in (1, 2) if t < DAYS else t < DAYS + 3
            closed = t % 7 == 6
            sold = draw.poisson(60 if low else 20) * (not closed)
            quantity = sold if t < DAYS else ""
            day = FIRST + timedelta(days=t)
            told = f"{5 if low else 10},{int(not closed)}"
            rows.append(f"S,{product},{day},{quantity},{told},{'' if t >= DAYS else t},{t % 2}")
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.slow
def test_a_plan_after_the_last_sale_is_forecast_with(sold_and_planned: Path) -> None:
    signals = "--signal", "visits:observed", "--signal", "leaflet:known"
    code, told = run("import_dataset", "shop", str(sold_and_planned), *signals)
    assert code == 0, told
    asked = "--models", "naive,seasonal_naive,driver", "--horizon", str(HORIZON), "--folds", "2"

    code, judged = run("backtest", "--dataset", "shop", *asked)

    assert code == 0, judged
    version = DatasetVersion.objects.get()
    assert (version.periods, version.history, version.planned) == (93, 84, 9)
    assert judged["folds"][-1]["end"] == str(FIRST + timedelta(days=DAYS - 1))
    assert judged["best_model"] == "driver"
    assert judged["models"]["driver"]["wape"] < 25
    panel = panels.Source(version).part(0, 4).panel
    assert (panel.periods, panel.planned) == (84, 9)
    assert panel.signals.names == ("price", "leaflet", "visits")
    assert panel.signals.known == (True, True, False)
    assert panel.signals.values[2, 83].tolist() == [83] * 4
    assert np.isnan(panel.signals.values[2, 84:]).all()
    assert panel.closed[90].all()

    code, told = run("forecast", "--dataset", "shop", "--horizon", str(HORIZON))

    assert code == 0, told
    issue = ForecastIssue.objects.get()
    assert (issue.origin, issue.without_plan) == (DAYS - 1, False)
    features = JobStep.objects.filter(name="features").latest("pk")
    assert features.data["planned"] == PLANNED
    (first, *_rest) = issue.forecasts.all()
    assert min(first.yhat[:3]) > 1.5 * max(first.yhat[3:])
    assert first.yhat[6] == 0


def test_sales_take_the_place_of_their_plan(tmp_path: Path, worker: None) -> None:
    make_user("alice")
    path = tmp_path / "sales.csv"
    head = "product,ds,quantity,price"
    path.write_text(
        f"{head}\nA,2026-01-01,3,5\nA,2026-01-02,4,5\nA,2026-01-03,,4\nA,2026-01-04,,4\n"
    )
    assert run("import_dataset", "shop", str(path))[0] == 0
    path.write_text("product,ds,quantity,price\nA,2026-01-03,9,3\n")

    code, told = run("import_dataset", "shop", str(path), "--mode", "append")

    assert code == 0, told
    version = DatasetVersion.objects.latest("number")
    assert (version.number, version.history, version.planned) == (2, 3, 1)


def test_a_last_day_that_is_closed_is_no_plan(tmp_path: Path, worker: None) -> None:
    make_user("alice")
    path = tmp_path / "sales.csv"
    days = ["A,2026-01-01,3,1", "A,2026-01-02,4,1", "A,2026-01-03,,0"]
    path.write_text("\n".join(["product,ds,quantity,open", *days]) + "\n")

    code, told = run("import_dataset", "shop", str(path))

    assert code == 0, told
    assert DatasetVersion.objects.get().history == 3


@pytest.mark.parametrize(
    ("later", "closed", "history"),
    [(1, "", 90), (4, "", 90), (60, "", 90), (1, "91 92", 92), (4, "91 95", 91)],
)
def test_a_plan_that_begins_later_leaves_the_history_at_the_last_sale(
    tmp_path: Path, worker: None, later: int, closed: str, history: int
) -> None:
    make_user("alice")
    shut = [int(one) for one in closed.split()]
    days = [(t, str(t), 1) for t in range(1, 91)] + [(t, "0", 0) for t in shut]
    begun = max([90 + later, *(one + 1 for one in shut)])
    days += [(t, "", 1) for t in range(begun, begun + 7)]
    rows = [
        f"{one},{date(2025, 12, 31) + timedelta(t)},{y},{o}" for t, y, o in days for one in "AB"
    ]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(["product,ds,quantity,open", *rows]) + "\n")

    code, told = run("import_dataset", "shop", str(path))

    assert code == 0, told
    version = DatasetVersion.objects.get()
    assert (version.history, version.periods) == (history, days[-1][0])


@pytest.mark.parametrize(
    ("told", "ahead"),
    [
        ([3, 3, 3, 0, 3, 3, 3, 0, 3], 5),
        ([3, 3, 3, 3, 3, 0, 0, 0, 0], 1),
        ([3, 0, 3, 3, 1, 3, 3, 3, 3], 0),
        ([3, 0, 3, 3, 0, 3, 1, 3, 3], 2),
        ([0, 0, 0, 0, 3, 3, 3, 3, 3], None),
    ],
)
def test_days_of_which_nothing_is_told_do_not_end_a_plan(told: list[int], ahead: int) -> None:
    assert planned_ahead(np.array([told]), 5) == ahead
