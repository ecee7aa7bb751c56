"""Every real set, by command and by page, with the counts that its README documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from forecastlab.jobs.models import Job
from forecastlab.warehouse.models import DatasetVersion, SalesFact, Series, Store
from tests.factories import make_user, run_job
from tests.forecasting.test_commands import run
from tests.warehouse.import_pages import accept, preview, upload

M4 = "m4-weekly-hourly"


@pytest.fixture
def sets(shared_data: Path, worker: None) -> Path:
    make_user("alice")
    return shared_data


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "frequency", "series", "rows", "horizon", "season", "published"),
    [
        (
            *("Weekly", "W", 359, 371_579, 13, 1),
            {
                "naive": (9.161, 2.777),
                "seasonal_naive": (9.161, 2.777),
                "naive2": (9.161, 2.777),
                "ses_m4": (9.012, 2.685),
                "theta_m4": (9.093, 2.637),
            },
        ),
        (
            *("Hourly", "H", 414, 373_372, 48, 24),
            {
                "naive": (43.003, 11.608),
                "seasonal_naive": (13.912, 1.193),
                "naive2": (18.383, 2.395),
                "ses_m4": (18.094, 2.385),
                "theta_m4": (18.138, 2.455),
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
    for model, (smape, mase) in published.items():
        allowed = 0.001 if model.endswith("_m4") else 0.0005
        assert told["models"][model]["smape"] == pytest.approx(smape, abs=allowed), model
        assert told["models"][model]["mase"] == pytest.approx(mase, abs=allowed), model


@pytest.mark.slow
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


# The raw table of the orange juice: weeks by their number, the logarithm of what was moved.
YX = {
    "dates": "period numbers",
    "frequency": "W",
    "placed": {"store": "store", "brand": "product", "week": "ds", "logmove": "quantity"},
    "known": [*(f"price{one}" for one in range(1, 12)), "deal", "feat"],
}


def weeks_are_those_of_the_file() -> bool:
    version = DatasetVersion.objects.get(dataset__name="oj")
    assert (version.rows, version.series_count) == (106_139, 913)
    assert (version.frequency, version.periods, version.last) == ("W", 161, "160")
    assert list(version.signals.values_list("known", flat=True)) == [True] * 13
    series = Series.objects.get(unique_id="2:1")
    first = SalesFact.objects.filter(version_id=version.pk, series_id=series.pk).order_by("t")[0]
    assert (first.t, first.quantity) == (40, pytest.approx(9.0186954877))
    return True


@pytest.mark.slow
def test_the_raw_orange_juice_is_imported_by_command(sets: Path) -> None:
    asked = ["--dates", str(YX["dates"]), "--frequency", str(YX["frequency"])]
    for column, role in YX["placed"].items():
        asked += ["--map", f"{role}={column}"]
    for column in YX["known"]:
        asked += ["--signal", f"{column}:known"]

    code, told = run("import_dataset", "oj", str(sets / "dominicks-oj/yx.csv.gz"), *asked)

    assert code == 0, told
    assert weeks_are_those_of_the_file()
    assert told["problems"][0]["code"] == "dropped_columns"


@pytest.mark.slow
def test_the_raw_orange_juice_is_imported_by_page(
    shared_data: Path, client: Client, transactional_db: None
) -> None:
    client.force_login(make_user("alice"))
    path = shared_data / "dominicks-oj/yx.csv.gz"
    address = upload(client, path.read_bytes(), name="oj", called=path.name).url
    headings = client.get(address).context["form"].look.headings
    roles = {**YX["placed"], **dict.fromkeys(YX["known"], "signal:known")}
    chosen = {f"role_{headings.index(one)}": role for one, role in roles.items()}

    read = {"dates": str(YX["dates"]), "frequency": str(YX["frequency"])}
    job = accept(client, preview(client, address, **chosen, **read))

    assert job.status == "succeeded", job.error
    assert weeks_are_those_of_the_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "frequency", "series", "rows", "held_back"),
    [("Weekly", "W", 359, 371_579, 13), ("Hourly", "H", 414, 373_372, 48)],
)
def test_m4_is_imported_by_page_with_what_is_held_back(
    shared_data: Path,
    client: Client,
    transactional_db: None,
    name: str,
    frequency: str,
    series: int,
    rows: int,
    held_back: int,
) -> None:
    client.force_login(make_user("alice"))
    train, test = (
        SimpleUploadedFile(
            f"{name}-{part}.csv.gz", (shared_data / M4 / f"{name}-{part}.csv.gz").read_bytes()
        )
        for part in ("train", "test")
    )
    sent = client.post("/imports/new/", {"name": "m4", "file": train, "test": test})
    assert sent.status_code == 302, sent.content.decode()

    job = accept(client, preview(client, sent.url, layout="m4", frequency=frequency))

    assert job.status == "succeeded", job.error
    version = DatasetVersion.objects.get(dataset__name="m4")
    assert (version.rows, version.series_count, version.held_back) == (rows, series, held_back)


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
