from __future__ import annotations

import time
from datetime import UTC, datetime

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from forecastlab.lib.contributions import StepContext
from forecastlab.warehouse import queries
from forecastlab.warehouse.domain import spacing
from forecastlab.warehouse.domain.periods import Calendar, Frequency
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import profiles, versions
from tests.factories import make_user, make_version

DAY = 24 * 3600


@pytest.mark.parametrize(
    ("frequency", "epoch", "month_day", "labels"),
    [
        ("H", datetime(2024, 3, 30, 22), 1, ["2024-03-30T22:00", "2024-03-30T23:00"]),
        ("D", datetime(2024, 2, 28), 1, ["2024-02-28", "2024-02-29"]),
        ("W", datetime(2024, 2, 29), 1, ["2024-02-29", "2024-03-07"]),
        ("M", datetime(2024, 1, 1), 31, ["2024-01-31", "2024-02-29"]),
        ("Q", datetime(2023, 10, 1), 1, ["2023-10-01", "2024-01-01"]),
        ("Y", datetime(2023, 1, 1), 31, ["2023-01-31", "2024-01-31"]),
    ],
)
def test_periods_are_dated_and_numbered(
    frequency: str, epoch: datetime, month_day: int, labels: list[str]
) -> None:
    calendar = Calendar(Frequency(frequency), epoch, month_day)

    assert [calendar.label(0), calendar.label(1)] == labels
    starts = [calendar.start(t) for t in range(40)]
    assert [calendar.number(one) for one in starts if one] == list(range(40))


def test_without_dates_a_period_is_its_number() -> None:
    assert Calendar(Frequency.WEEK, None).label(7) == "7"


@pytest.mark.parametrize(
    ("gaps", "frequency"),
    [
        ({}, "D"),
        ({DAY: 90, 3 * DAY: 2}, "D"),
        ({7 * DAY: 90, 14 * DAY: 2}, "W"),
        ({31 * DAY: 7, 30 * DAY: 4, 28 * DAY: 1}, "M"),
        ({91 * DAY: 2, 92 * DAY: 2, 90 * DAY: 1}, "Q"),
        ({365 * DAY: 3, 366 * DAY: 1}, "Y"),
        ({3600: 20}, "H"),
        ({7 * DAY: 5, 3 * DAY: 5, 2 * DAY: 4}, "D"),
        ({1800: 5}, None),
    ],
)
def test_frequency_is_guessed_from_the_gaps(gaps: dict[int, int], frequency: str | None) -> None:
    assert spacing.guess(gaps) == frequency


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE warehouse_salesfact SET quantity = 1",
        "DELETE FROM warehouse_salesfact",
        "UPDATE {partition} SET quantity = 1",
        "DELETE FROM {partition}",
    ],
)
def test_facts_cannot_be_changed(change: str) -> None:
    version = make_version()
    partition = f"warehouse_salesfact_v{version.pk}"

    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(change.format(partition=partition))


@pytest.mark.django_db(transaction=True)
def test_dropping_a_version_takes_its_facts_along() -> None:
    version = make_version()
    pk = version.pk

    with transaction.atomic():
        versions.drop(version, at=timezone.now(), actor_id=None)

    assert not DatasetVersion.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"warehouse_salesfact_v{pk}"])
        assert cursor.fetchone() == (None,)


@pytest.mark.django_db(transaction=True)
def test_facts_of_very_many_series_are_read_as_fast_as_all_of_them() -> None:
    version = make_version()
    everything = queries.facts(version)
    known = everything["series_id"].unique().to_list()

    begun = time.perf_counter()
    found = queries.facts(version, series_ids=[*known, *range(10**9, 10**9 + 300_000)])

    assert found.equals(everything)
    assert time.perf_counter() - begun < 3  # it was 20 ms for every row


@pytest.mark.django_db(transaction=True)
def test_few_facts_are_those_that_are_read_with_many() -> None:
    version = make_version(price=np.full((90, 3), 2.5), promo=np.eye(90, 3), open=np.ones((90, 3)))
    ids = queries.facts(version)["series_id"].unique().sort().to_list()
    columns = ("quantity", "price", "promo", "open", "stockout_share")

    few = queries.facts(version, columns, ids)
    many = queries.facts(version, columns, between=(ids[0], ids[-1]))

    assert few.equals(many)
    assert few.schema == many.schema


@pytest.mark.django_db(transaction=True)
def test_names_resolve_to_the_newest_or_the_numbered_version() -> None:
    first, second = make_version(), make_version()
    alice = first.created_by

    assert queries.resolve("shop", alice) == second
    assert queries.resolve("shop@1", alice) == first
    with pytest.raises(queries.NoSuchDataset, match=r"no version '9'\. It has 1, 2"):
        queries.resolve("shop@9", alice)
    with pytest.raises(queries.NoSuchDataset, match="There are: shop"):
        queries.resolve("chop", alice)
    for number in ("new", "9" * 5000, "\u0661", "0"):
        with pytest.raises(queries.NoSuchDataset):
            queries.resolve(f"shop@{number}", alice)


@pytest.mark.django_db(transaction=True)
def test_status_names_the_best_seller_and_warns_of_a_dangling_focus(worker: None) -> None:
    make_user("alice")
    call_command("simulate_dataset", "demo", "--as-of", "2026-11-21", "--as", "alice")
    version = DatasetVersion.objects.get()

    plain = profiles.status(context(version=version.pk))
    dangling = profiles.status(context(version=version.pk, focus="S9:P9"))
    asked = profiles.status(context(version=version.pk, focus="S0002:SKU-10003"))

    assert plain.data["focus"] == version.profile["best_selling"]
    assert (plain.data["rows"], plain.data["series"], plain.data["gaps"]) == (2760, 30, 0)
    assert (dangling.warn, dangling.data["user_scope_applied"]) == (True, False)
    assert (asked.warn, asked.data["product_id"]) == (False, "SKU-10003")


def context(**params: object) -> StepContext:
    return StepContext(
        job_id=1,
        step="status",
        params=params,
        now=datetime(2026, 11, 21, tzinfo=UTC),
        actor_id=None,
        report=lambda fraction=None, text="": None,
        fenced=transaction.atomic,
    )


@pytest.mark.django_db
def test_list_datasets_prints_items_and_next(capsys: pytest.CaptureFixture[str]) -> None:
    make_version(name="apples")
    make_version(name="pears")

    call_command("list_datasets", "--json", "--as", "alice", "--limit", "1")

    out = capsys.readouterr().out
    assert '"dataset": "apples"' in out
    assert '"next": "apples"' in out
