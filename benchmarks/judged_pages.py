"""How fast the pages of a large judgement answer: models, champions, series and forecasts.

    python -m benchmarks.judged_pages [--series 50000] [--periods 120] [--rounds 20]

Starts PostgreSQL and Redis of its own, simulates the sales and lets the default zoo judge and
forecast them. Pages are asked for as a browser does, in turn. Percentiles are those of the server's
time for whole pages.
"""

from __future__ import annotations

import argparse
import json

from django.core.management import call_command
from django.db import connection
from django.test import Client

from benchmarks.pages import asked_in_turn, figures, load
from benchmarks.portfolio import PRODUCTS, job_with, planner, simulated
from forecastlab.forecasting.models import Backtest, Champion, ForecastIssue, ModelRun
from forecastlab.warehouse.models import DatasetVersion

HORIZON = 14


def pages(backtest: Backtest, issue: ForecastIssue) -> dict[str, str]:
    """Return the addresses of the pages by what they are called here."""
    served = Champion.objects.filter(backtest=backtest).select_related("series__store")
    champion = served.order_by("series_id")[backtest.judged // 2]
    run = ModelRun.objects.get(backtest=backtest, model=backtest.best_model)
    store, product = champion.series.store.code, champion.series.unique_id.split("_")[-1]
    judged, listed = f"/models/backtests/{backtest.pk}/", f"/series/{issue.pk}/"
    return {
        "models": "/models/",
        "model comparison": judged,
        "model comparison, all stores": f"{judged}?by=store&whole=1",
        "champion map": f"{judged}champions/",
        "champion map, deep": f"{judged}champions/?page=10&stores=3",
        "champion map, one product": f"{judged}champions/?product={product}",
        "judged series": f"{judged}series/",
        "judged series, deep": f"{judged}series/?page={backtest.judged // 100}",
        "judged series, by name": f"{judged}series/?sort=series",
        "judged series, by margin": f"{judged}series/?sort=-margin",
        "judged series, search": f"{judged}series/?search={store}",
        "judged series, search, nothing found": f"{judged}series/?search=nowhere",
        "judged series, one store": f"{judged}series/?store={store}",
        "judged series, one champion": f"{judged}series/?champion={champion.model}",
        "judged series page": f"{judged}series/{champion.series_id}/",
        "judged series page, a fold, four models": f"{judged}series/{champion.series_id}/?fold=2"
        "&model=lightgbm&model=driver&model=theta&model=naive",
        "forecasts": listed,
        "forecasts, deep": f"{listed}?page={issue.series_count // 100}",
        "forecasts, by name": f"{listed}?sort=series",
        "forecasts, by champion": f"{listed}?sort=champion",
        "forecasts, search": f"{listed}?search={store}",
        "series page": f"{listed}{champion.series_id}/",
        "model runs": "/models/runs/",
        "model run": f"/models/{run.pk}/",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=50_000)
    parser.add_argument("--periods", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    call_command("migrate", verbosity=0)
    version = simulated("sales", given.series, given.periods)
    job_with(version, 2, HORIZON)
    measured(version, given.rounds)


def measured(version: DatasetVersion, rounds: int) -> None:
    """Ask for the pages of the newest judgement of a version, so often after a first time."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    backtest = Backtest.objects.filter(version=version).latest("pk")
    issue = ForecastIssue.objects.filter(version=version).latest("pk")
    client = Client(headers={"Host": "localhost"})
    client.force_login(planner())
    addresses = pages(backtest, issue)
    times = asked_in_turn(client, addresses, rounds=rounds)
    told = {"series": backtest.judged, "series_a_store": PRODUCTS, "load": load()}
    print(json.dumps(told))
    for name, found in times.items():
        print(json.dumps({"page": name, **figures(found)}))
    every = [one for found in times.values() for one in found]
    print(json.dumps({"page": "all of them", **figures(every)}))


if __name__ == "__main__":
    main()
