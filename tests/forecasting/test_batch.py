"""Batches: models judged on every part of a scope, each item by itself."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from celery import Task
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.events import queries as events
from forecastlab.forecasting.models import Batch
from forecastlab.forecasting.pipeline_steps import BATCH
from forecastlab.forecasting.services import backtests
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.queries import kinds
from forecastlab.jobs.services import jobs, sweeping
from forecastlab.lib.contributions import JobKind
from forecastlab.warehouse.models import DatasetVersion, Product, Series, Store
from tests.factories import make_sales, make_user, make_version, run_job

pytestmark = pytest.mark.django_db

NAIVE = ("naive", "seasonal_naive")


def make_shop(
    sales: np.ndarray[Any, Any] | None = None, *, stores: int = 3, **columns: np.ndarray[Any, Any]
) -> DatasetVersion:
    """Sales of two products in each store, the first store in the north, the others in the south.

    Series are A0:P0, A0:P1, A1:P0 and so on; P1 alone names a category.
    """
    values = make_sales(90, 2 * stores) if sales is None else sales
    version = make_version(values, by=make_user(), **columns)
    products = [
        Product.objects.create(dataset=version.dataset, code=code, attributes=told)
        for code, told in (("P0", {}), ("P1", {"category": "Tea"}))
    ]
    for number, series in enumerate(Series.objects.order_by("pk")):
        region = {"region": "South" if number // 2 else "North"}
        series.store, _made = Store.objects.get_or_create(
            dataset=version.dataset, code=f"A{number // 2}", defaults={"attributes": region}
        )
        series.product = products[number % 2]
        series.unique_id = f"{series.store.code}:{series.product.code}"
        series.save()
        version.series_profiles.filter(series=series).update(unique_id=series.unique_id)
    return version


@pytest.fixture
def shop() -> DatasetVersion:
    return make_shop()


@pytest.fixture
def alice(client: Client) -> Client:
    client.force_login(make_user_of_shop())
    return client


def make_user_of_shop() -> Any:
    return DatasetVersion.objects.get().created_by


def posted(client: Client, **options: Any) -> Any:
    body = {"dataset": "shop", "horizon": 7, **options}
    return client.post(reverse("api:batch-start"), body, content_type="application/json")


def started(client: Client, **options: Any) -> Batch:
    answer = posted(client, **options)
    assert answer.status_code == 202, answer.json()
    return Batch.objects.get(pk=answer.json()["batch"])


def carried(batch: Batch) -> Batch:
    """Do what workers would do until the batch is over."""
    batch.refresh_from_db()
    assert batch.job is not None
    run_job(batch.job)
    batch.refresh_from_db()
    return batch


def items_of(client: Client, batch: Batch, **asked: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(
        reverse("api:batch-items", args=[batch.pk]), asked
    ).json()["items"]
    return items


def printed(*arguments: str) -> tuple[int, dict[str, Any]]:
    out, code = io.StringIO(), 0
    try:
        call_command(*arguments, "--json", "--as", "alice", stdout=out, stderr=io.StringIO())
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    return code, json.loads(out.getvalue())


def test_a_batch_over_everything_says_what_a_backtest_says(
    shop: DatasetVersion, alice: Client
) -> None:
    options = {"horizon": 7, "models": list(NAIVE)}
    judged = run_job(backtests.start(shop, options, by=shop.created_by, at=timezone.now()))
    expected = backtests.of_job(judged).result["models"]

    batch = carried(started(alice, models=list(NAIVE), by="all"))

    told = items_of(alice, batch)
    assert (batch.status, [one["model"] for one in told]) == ("completed", list(NAIVE))
    for one in told:
        for metric in ("wape", "mase", "rmsse", "bias", "smape"):
            assert one["metrics"][metric] == pytest.approx(expected[one["model"]][metric], rel=1e-5)


def test_a_batch_started_on_its_page_is_shown_and_taken_away(
    shop: DatasetVersion, alice: Client
) -> None:
    form = {"dataset": "shop", "scope": "region", "region": "South", "models": list(NAIVE)}
    new = reverse("forecasting:batch-new")
    preview = alice.get(new, form).content.decode()

    answer = alice.post(new, {**form, "by": "series", "horizon": "7"})
    batch = carried(Batch.objects.get())

    assert "region South, by store" in preview
    assert "A1: 2 series" in preview
    assert answer.url == batch.get_absolute_url()
    page = alice.get(batch.get_absolute_url()).content.decode()
    assert "8 of 8 items done" in page
    assert reverse("warehouse:series-page", args=["shop", 1, Series.objects.last().pk]) in page
    assert "A1:P0" in alice.get(batch.get_absolute_url(), {"model": "naive"}).content.decode()
    table = alice.get(reverse("forecasting:batch-download", args=[batch.pk, "parquet"]))
    frame = pl.read_parquet(io.BytesIO(b"".join(table.streaming_content)))
    assert frame["part"].unique().sort().to_list() == ["A1:P0", "A1:P1", "A2:P0", "A2:P1"]
    assert frame["wape"].null_count() == 0
    listed = alice.get(reverse("forecasting:batches"), {"status": "completed"}).content.decode()
    assert batch.get_absolute_url() in listed


def test_series_can_be_given_as_a_file(shop: DatasetVersion, alice: Client) -> None:
    file = io.BytesIO("\ufeffA0:P1\nA2:P0\n".encode())
    file.name = "series.txt"
    form = {"dataset": "shop", "scope": "list", "models": ["naive"], "by": "series"}

    alice.post(reverse("forecasting:batch-new"), {**form, "file": file})

    assert [one["title"] for one in Batch.objects.get().parts] == ["A0:P1", "A2:P0"]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"scope": "planet"}, "scope"),
        ({"region": "South"}, "region"),
        ({"scope": "region"}, "region"),
        ({"scope": "region", "region": "West"}, "region"),
        ({"scope": "category", "category": "Coffee"}, "category"),
        ({"scope": "top_revenue", "top_n": 1001}, "top_n"),
        ({"scope": "top_revenue", "top_n": True}, "top_n"),
        ({"scope": "list", "series": ["A0:P0", "A9:P9"]}, "series"),
        ({"by": "mood"}, "by"),
        ({"models": []}, "models"),
        ({"models": ["naive", "ensemble"]}, "models"),
        ({"models": ["crystal_ball"]}, "models"),
        ({"horizon": 400}, "horizon"),
        ({"preset": "nonsense", "models": None}, "preset"),
        ({"preset": "quick_baseline_sweep"}, "models"),
        ({"preset": "high_wape_recovery", "models": None}, "preset"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(
    shop: DatasetVersion, alice: Client, options: dict[str, Any], field: str
) -> None:
    answer = posted(alice, **{"models": ["naive"], **options})

    assert (answer.status_code, answer.json().get("field")) == (422, field)
    assert not Batch.objects.exists()


def test_a_dry_run_tells_what_scopes_mean() -> None:
    make_shop(price=np.linspace(1, 9, 6) * np.ones((90, 1)))
    told = {}
    for name, asked in {
        "region": ["--scope", "region", "--region", "South"],
        "category": ["--scope", "category", "--category", "Tea", "--by", "series"],
        "top": ["--scope", "top_revenue", "--top", "2", "--by", "series"],
    }.items():
        code, told[name] = printed(
            "run_batch", "--dataset", "shop", "--models", "naive", "--dry-run", *asked
        )
        assert code == 0, told[name]

    assert told["region"]["parts"] == [{"part": "A1", "series": 2}, {"part": "A2", "series": 2}]
    assert [one["part"] for one in told["category"]["parts"]] == ["A0:P1", "A1:P1", "A2:P1"]
    worth = make_sales(90, 6).sum(axis=0) * np.linspace(1, 9, 6)
    best = {f"A{place // 2}:P{place % 2}" for place in np.argsort(worth)[-2:]}
    assert {one["part"] for one in told["top"]["parts"]} == best
    assert not told["top"]["notes"]
    assert not Batch.objects.exists()


def test_commands_start_list_stop_and_finish_a_batch(shop: DatasetVersion) -> None:
    asked = ["--dataset", "shop", "--models", "naive", "--by", "store", "--horizon", "7"]

    code, begun = printed("run_batch", *asked, "--no-wait")
    number = str(begun["batch"])
    stopped = printed("cancel_batch", number)
    again = printed("retry_batch", number, "--no-wait")
    carried(Batch.objects.get())
    listed = printed("list_batches", "--dataset", "shop", "--status", "completed")
    refused, told = printed("retry_batch", number, "--no-wait")

    assert (code, begun["status"], begun["total_items"]) == (0, "queued", 3)
    assert (stopped[0], stopped[1]["status"], stopped[1]["cancelled_items"]) == (0, "cancelled", 3)
    assert (again[0], again[1]["status"]) == (0, "queued")
    assert [one["completed_items"] for one in listed[1]["items"]] == [3]
    assert (refused, told["error"]["code"]) == (1, "nothing_failed")


def test_where_no_price_is_known_units_count_and_it_is_said(
    shop: DatasetVersion, alice: Client
) -> None:
    batch = started(alice, models=["naive"], scope="top_revenue", top_n=1, by="series")

    most = int(make_sales(90, 6).sum(axis=0).argmax())
    assert batch.parts[0]["title"] == f"A{most // 2}:P{most % 2}"
    assert "No price is known" in batch.notes[0]
    assert "No price is known" in alice.get(batch.get_absolute_url()).content.decode()


def test_items_are_handed_to_workers_in_the_order_of_the_table(
    shop: DatasetVersion,
    alice: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    sent: list[int] = []

    def send(_task: Any, *, kwargs: dict[str, int], **_options: Any) -> None:
        sent.append(kwargs.get("step_id", 0))

    monkeypatch.setattr(Task, "apply_async", send)
    batch = started(alice, models=list(NAIVE), by="store")
    with django_capture_on_commit_callbacks(execute=True):
        jobs.advance(batch.job_id)
    shards = JobStep.objects.exclude(parent=None)
    handed = {one.pk: one.shard["item"] for one in shards}
    first = [handed[pk] for pk in sent if pk]
    sent.clear()
    for pk in sorted(handed, reverse=True):  # as if every message had been lost
        shards.filter(pk=pk).update(enqueued_at=timezone.now() - timedelta(hours=1))
    with django_capture_on_commit_callbacks(execute=True):
        sweeping.sweep()

    table = list(batch.items.order_by("place").values_list("pk", flat=True))
    assert (len(table), first, [handed[pk] for pk in sent]) == (6, table, table)


def test_an_item_that_fails_fails_alone_and_only_it_is_judged_again(client: Client) -> None:
    sales = make_sales(90, 6)
    sales[:, 2:4] = 0
    client.force_login(make_shop(sales).created_by)

    batch = carried(started(client, models=list(NAIVE), by="store"))
    told = items_of(client, batch)

    assert (batch.status, batch.job.status) == ("partial", "succeeded")
    assert [one["status"] for one in told] == [*["succeeded"] * 2, *["failed"] * 2] + (
        ["succeeded"] * 2
    )
    assert told[2]["error"] == "No series can be judged; the first one: all zeros."
    again = client.post(reverse("forecasting:batch-retry", args=[batch.pk]))
    assert again.url == batch.get_absolute_url()
    batch = carried(batch)
    assert [one["attempts"] for one in items_of(client, batch)] == [1, 1, 2, 2, 1, 1]
    assert batch.status == "partial"
    kinds_told = [one.kind for one in events.after(batch.stream, 0)]
    assert kinds_told.count("item.failed") == 4
    assert (kinds_told.count("batch.partial"), kinds_told.count("batch.retried")) == (2, 1)


def test_where_every_item_fails_the_batch_and_its_job_fail(client: Client) -> None:
    client.force_login(make_shop(np.zeros((90, 6))).created_by)

    batch = carried(started(client, models=["naive"], by="store"))

    assert (batch.status, batch.job.status) == ("failed", "failed")
    assert "all zeros" in batch.job.error["detail"]


def test_a_stopped_batch_keeps_what_is_judged_and_can_be_finished(
    shop: DatasetVersion, alice: Client
) -> None:
    batch = started(alice, models=list(NAIVE), by="store")
    jobs.advance(batch.job_id)
    jobs.advance_step(JobStep.objects.exclude(parent=None).order_by("pk").first().pk)

    stopped = alice.post(reverse("api:batch-cancel", args=[batch.pk]))
    assert "No worker is running." in alice.get(batch.get_absolute_url()).content.decode()
    batch = carried(batch)

    assert stopped.status_code == 200
    assert (batch.status, batch.job.status) == ("cancelled", "cancelled")
    told = [one["status"] for one in items_of(alice, batch)]
    assert (told[0], set(told[1:])) == ("succeeded", {"cancelled"})
    assert "1 of 6 items done" in alice.get(batch.get_absolute_url()).content.decode()
    refused = alice.post(reverse("api:batch-cancel", args=[batch.pk]))
    assert refused.status_code == 409
    assert alice.post(reverse("api:batch-retry", args=[batch.pk])).status_code == 202
    batch = carried(batch)
    assert batch.status == "completed"
    assert {one["attempts"] for one in items_of(alice, batch)} == {1}
    assert alice.post(reverse("api:batch-retry", args=[batch.pk])).status_code == 409


def test_a_batch_stopped_before_it_began_is_over_at_once(
    shop: DatasetVersion, alice: Client
) -> None:
    batch = started(alice, models=["naive"], by="all")

    alice.post(reverse("forecasting:batch-cancel", args=[batch.pk]))

    batch.refresh_from_db()
    assert (batch.status, batch.items.get().status) == ("cancelled", "cancelled")


def test_presets_say_where_they_can_be_used(shop: DatasetVersion, alice: Client) -> None:
    url = reverse("api:batch-presets")
    before = {one["preset"]: one for one in alice.get(url, {"dataset": "shop"}).json()["items"]}
    options = {"horizon": 7, "models": [*NAIVE, "seasonal_mean", "ses"]}
    run_job(backtests.start(shop, options, by=shop.created_by, at=timezone.now()))
    after = {one["preset"]: one for one in alice.get(url, {"dataset": "shop"}).json()["items"]}

    plan = posted(alice, preset="champion_challenger_refresh", dry_run=True).json()
    champion = started(alice, preset="champion_challenger_refresh")

    assert len(before) == 5
    assert before["quick_baseline_sweep"]["usable"]
    assert "known ahead" in before["feature_aware_comparison"]["reason"]
    assert "stock-outs" in before["stockout_sensitive_products"]["reason"]
    assert "judged" in before["champion_challenger_refresh"]["reason"]
    assert after["champion_challenger_refresh"]["usable"]
    assert len(champion.model_names) == 3
    assert champion.model_names[0] in options["models"]
    assert champion.total == plan["total_items"] == 3 * 3
    assert [one["part"] for one in plan["parts"]] == ["A0", "A1", "A2"]
    worst = posted(alice, preset="high_wape_recovery").json()
    assert "do well" in worst["detail"]


def test_presets_pick_what_their_names_say(client: Client) -> None:
    out = np.zeros((90, 6))
    out[10:20, 3] = 1
    sales = make_sales(90, 6)
    sales[-21:, 5] *= np.arange(21) % 2 * 9
    version = make_shop(sales, stockout_share=out, promo=np.ones((90, 6)))
    client.force_login(version.created_by)
    options = {"horizon": 7, "models": list(NAIVE)}
    run_job(backtests.start(version, options, by=version.created_by, at=timezone.now()))

    sold_out = started(client, preset="stockout_sensitive_products")
    worst = started(client, preset="high_wape_recovery")
    features = started(client, preset="feature_aware_comparison")

    assert sold_out.scope == {"scope": "list", "series": ["A1:P1"]}
    assert "A2:P1" in worst.scope["series"]
    assert worst.by == "all"
    assert {"seasonal_naive", "driver"} <= set(features.model_names)
    assert features.scope == {"scope": "top_revenue", "top_n": 200}


# -- as a row of the pipeline -------------------------------------------------------------------


@pytest.fixture
def row() -> Iterator[str]:
    """A kind of job whose only step is the row of the pipeline."""
    with kinds.registered(JobKind("pipeline_row", "Row", lambda _params: [BATCH.plan])):
        yield "pipeline_row"


def make_row(kind: str, version: DatasetVersion) -> Job:
    params = {"version": version.pk}
    return jobs.create(kind, params=params, by=version.created_by, at=timezone.now())


def test_the_row_of_the_pipeline_is_a_real_batch(
    shop: DatasetVersion, alice: Client, row: str
) -> None:
    job = run_job(make_row(row, shop))

    step = job.steps.get(parent=None)
    batch = Batch.objects.get()
    assert (job.status, step.outcome, batch.status) == ("succeeded", "pass", "completed")
    told = {name: value for name, value in step.data.items() if name not in ("wins", "batch_id")}
    assert told == {
        "kind": "preset",
        "preset_source": "quick_baseline_sweep",
        "preset_title": "Quick baseline sweep",
        "model_types": ["naive", "seasonal_naive", "moving_average"],
        "status": "completed",
        "total_items": 18,
        "completed_items": 18,
        "failed_items": 0,
    }
    assert sum(int(one["value"]) for one in step.data["wins"]) == 6
    assert BATCH.tables == ("long",)


def test_the_row_is_skipped_where_stores_are_few(row: str) -> None:
    job = run_job(make_row(row, make_shop(stores=2)))

    step = job.steps.get(parent=None)
    assert (step.outcome, Batch.objects.count()) == ("skip", 0)
    assert "3 stores" in step.detail


def test_a_run_that_stops_takes_its_batch_along(
    shop: DatasetVersion, alice: Client, row: str
) -> None:
    job = make_row(row, shop)
    jobs.advance(job.pk)
    batch = Batch.objects.get()
    refused = alice.post(reverse("api:batch-cancel", args=[batch.pk]))

    jobs.cancel(job, by=shop.created_by, at=timezone.now())
    batch = carried(batch)

    assert (refused.status_code, batch.status) == (409, "cancelled")
    assert set(batch.items.values_list("status", flat=True)) == {"cancelled"}
    alice.post(reverse("api:batch-retry", args=[batch.pk]))
    assert carried(batch).status == "completed"
