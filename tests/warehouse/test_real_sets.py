"""Every real set, by command and by page, with the counts that its README documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from forecastlab.jobs.models import Job
from forecastlab.warehouse.models import DatasetVersion, Store
from tests.factories import make_user, run_job
from tests.forecasting.test_commands import run
from tests.warehouse.import_pages import accept, preview

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


@pytest.mark.parametrize(
    ("name", "further", "file", "rows", "series", "first", "last"),
    [
        (
            *("oj", {"stores": "storedemo.csv"}, "dominicks-oj/oj_long.csv.gz"),
            *(106_139, 913, "1990-06-14", "1992-10-01"),
        ),
        (
            *("fresh", {}, "freshretail-city0/sales_daily.parquet"),
            *(897_660, 9_974, "2024-03-28", "2024-06-25"),
        ),
    ],
)
def test_a_set_is_imported_by_page_with_its_tables(
    shared_data: Path,
    client: Client,
    transactional_db: None,
    name: str,
    further: dict[str, str],
    file: str,
    rows: int,
    series: int,
    first: str,
    last: str,
) -> None:
    client.force_login(make_user("alice"))
    path = shared_data / file
    tables = {
        role: SimpleUploadedFile(one, path.with_name(one).read_bytes())
        for role, one in further.items()
    }
    with path.open("rb") as stream:
        sent = client.post("/imports/new/", {"name": name, "file": stream, **tables})
    assert sent.status_code == 302, sent.content.decode()

    job = accept(client, preview(client, sent.url))

    assert job.status == "succeeded"
    version = DatasetVersion.objects.get(dataset__name=name)
    assert (version.rows, version.series_count) == (rows, series)
    assert (version.first, version.last) == (first, last)
    described = Store.objects.exclude(attributes={}).count()
    assert described == (Store.objects.count() if further else 0)


def test_m4_is_imported_by_api_with_what_is_held_back(
    shared_data: Path, client: Client, transactional_db: None
) -> None:
    client.force_login(make_user("alice"))
    files = {
        role: SimpleUploadedFile(f"{part}.csv.gz", (shared_data / M4 / part).read_bytes())
        for role, part in (("file", "Hourly-train.csv.gz"), ("test", "Hourly-test.csv.gz"))
    }
    said = {"name": "m4", "layout": "m4", "frequency": "H"}

    answer = client.post("/api/v1/datasets", {**said, **files})

    assert answer.status_code == 202, answer.content
    assert run_job(Job.objects.get(pk=answer.json()["job"])).status == "succeeded"
    version = DatasetVersion.objects.get(dataset__name="m4")
    assert (version.rows, version.series_count, version.held_back) == (373_372, 414, 48)
