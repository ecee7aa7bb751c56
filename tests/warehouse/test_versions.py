"""New sales as the next version: added, overwriting, or instead of what is there."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.warehouse import queries
from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.models import Dataset, DatasetVersion, ImportReport
from forecastlab.warehouse.services import datasets, imports, merging, simulations, uploads
from forecastlab.warehouse.services.imports import Options
from forecastlab.warehouse.services.loading import Load
from tests.factories import make_run, make_user, make_version, run_job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
HEAD = "store,product,date,sales"
JANUARY = ["A,1,2024-01-01,3", "A,1,2024-01-02,4", "B,1,2024-01-01,5", "B,1,2024-01-03,6"]


@pytest.fixture
def alice() -> User:
    return make_user("alice")


def begin(rows: list[str], *, head: str = HEAD, name: str = "shop", **options: Any) -> Job:
    text = "\n".join([head, *rows]) + "\n"
    upload = uploads.receive([text.encode()], file_name="sales.csv")
    by = User.objects.get(username="alice")
    return imports.start(name, upload, options=Options(**options), by=by, at=timezone.now())


def imported(rows: list[str], **options: Any) -> DatasetVersion:
    job = run_job(begin(rows, **options))
    assert job.status == "succeeded", job.error
    return DatasetVersion.objects.latest("number")


def refused(rows: list[str], **options: Any) -> str:
    job = run_job(begin(rows, **options))
    assert job.status == "failed"
    return str(job.error["detail"])


def sold(version: DatasetVersion, *columns: str) -> list[tuple[Any, ...]]:
    """Return the facts by series id and date."""
    names = dict(queries.series_frame(version).select("series_id", "unique_id").rows())
    facts = queries.facts(version, columns or ("quantity",))
    return [
        (names[series], version.calendar.label(t), *values) for series, t, *values in facts.rows()
    ]


def test_appended_rows_are_those_of_one_file(alice: User) -> None:
    more = ["A,1,2024-01-03,7", "C,9,2024-01-05,1"]
    imported(JANUARY)

    added = imported(more, mode="append")
    at_once = imported([*more, *JANUARY], name="whole")

    assert added.number == 2
    assert added.content_hash == at_once.content_hash
    assert (added.mode, added.parent) == (
        "append",
        DatasetVersion.objects.get(number=1, dataset__name="shop"),
    )
    assert (added.rows, added.series_count, added.periods) == (6, 3, 5)
    assert sold(added) == sold(at_once)
    assert added.difference["rows"] == {"added": 2, "changed": 0, "removed": 0, "kept": 4}
    assert added.difference["series"] == {"added": 1, "changed": 1, "removed": 0, "kept": 1}
    assert added.difference["series_named"]["added"] == ["C:9"]
    assert added.difference["quantity"] == {"before": 18.0, "after": 26.0}
    assert added.difference["span"]["after"] == ["2024-01-01", "2024-01-05"]


def test_appending_what_begins_earlier_moves_the_epoch_back(alice: User) -> None:
    earlier = ["A,1,2023-12-30,2"]
    imported(JANUARY)

    added = imported(earlier, mode="append")

    assert added.content_hash == imported([*JANUARY, *earlier], name="whole").content_hash
    assert added.first == "2023-12-30"
    assert ("A:1", "2024-01-01", 3.0) in sold(added)


def test_appending_other_numbers_for_a_row_names_its_line(alice: User) -> None:
    imported(JANUARY)

    said = refused(["A,1,2024-01-09,1", "B,1,2024-01-03,8"], mode="append")

    assert said.startswith(
        "Line 3: series 'B:1' has 2024-01-03 in shop@1 already, with another quantity: 6 there, "
        "8 in the file."
    )
    assert "mode correct" in said
    assert DatasetVersion.objects.count() == 1
    report = ImportReport.objects.get(verdict="refused")
    assert report.problems[0]["places"][0]["line"] == 3


def test_appending_rows_that_are_there_already_adds_the_others(alice: User) -> None:
    imported(JANUARY)

    added = imported([*JANUARY, "A,1,2024-01-09,1"], mode="append")

    assert (added.rows, added.difference["rows"]["added"]) == (5, 1)


def test_corrected_rows_take_the_place_of_those_that_are_there(alice: User) -> None:
    rows = [f"{row},9.5" for row in JANUARY]
    imported(rows, head=f"{HEAD},price")

    corrected = imported(["B,1,2024-01-03,60", "B,1,2024-01-04,2"], mode="correct")

    assert sold(corrected, "quantity", "price")[-2:] == [
        ("B:1", "2024-01-03", 60.0, 9.5),
        ("B:1", "2024-01-04", 2.0, None),
    ]
    assert corrected.difference["rows"] == {"added": 1, "changed": 1, "removed": 0, "kept": 3}
    assert corrected.difference["changed_in"] == {"quantity": 1}
    assert corrected.difference["examples"]["changed"] == [
        {"series": "B:1", "ds": "2024-01-03", "columns": {"quantity": [6.0, 60.0]}}
    ]


def test_replacing_says_what_went(alice: User) -> None:
    imported(JANUARY)

    replaced = imported([JANUARY[0], "A,1,2024-01-02,40"])

    assert replaced.difference["rows"] == {"added": 0, "changed": 1, "removed": 2, "kept": 1}
    assert replaced.difference["series_named"]["removed"] == ["B:1"]
    assert replaced.mode == "replace"


def test_the_order_of_rows_makes_no_version(alice: User) -> None:
    first = imported(JANUARY)
    shuffled = list(JANUARY)
    random.Random(4).shuffle(shuffled)

    for mode in ("replace", "append", "correct"):
        assert imported(shuffled, mode=mode) == first

    assert set(ImportReport.objects.values_list("verdict", flat=True)) == {"loaded", "unchanged"}


def test_a_signal_that_comes_later_is_unknown_before(alice: User) -> None:
    imported([f"{row},20" for row in JANUARY], head=f"{HEAD},heat", signals=["heat:known"])

    added = imported(
        ["A,1,2024-01-03,7,0.5"], head=f"{HEAD},rain", signals=["rain:observed"], mode="append"
    )

    assert list(added.signals.order_by("position").values_list("name", "known")) == [
        ("heat", True),
        ("rain", False),
    ]
    rows = {row[1]: list(row[2]) for row in sold(added, "signals") if row[0] == "A:1"}
    assert rows["2024-01-02"][0] == 20.0
    assert rows["2024-01-03"][1] == 0.5
    assert added.difference["columns"]["added"] == ["signal rain"]


def test_a_signal_cannot_be_planned_here_and_observed_there(alice: User) -> None:
    imported([f"{row},20" for row in JANUARY], head=f"{HEAD},heat", signals=["heat:known"])

    said = refused(
        ["A,1,2024-01-03,7,0.5"], head=f"{HEAD},heat", signals=["heat:observed"], mode="append"
    )

    assert "signal 'heat' is known ahead in one and observed in the other" in said


@pytest.mark.parametrize(
    ("rows", "frequency", "reason"),
    [
        (["A,1,2024-03-01,3", "A,1,2024-04-01,3"], "M", "one holds days, the other months"),
        (["A,1,2024-03-01,3", "A,1,2024-03-08,3", "A,1,2024-03-15,3"], "", "days, the other weeks"),
    ],
)
def test_another_frequency_is_refused(
    alice: User, rows: list[str], frequency: str, reason: str
) -> None:
    imported(JANUARY)

    assert reason in refused(rows, frequency=frequency, mode="append")
    assert "mode replace" in refused(rows, frequency=frequency, mode="append")


def test_weeks_that_begin_on_another_day_are_refused(alice: User) -> None:
    imported(["A,1,2024-01-01,3", "A,1,2024-01-08,3", "A,1,2024-01-15,3"])

    said = refused(["A,1,2024-01-21,3", "A,1,2024-01-28,3"], mode="append")

    assert "the weeks of one do not begin where those of the other do" in said


def test_one_new_week_is_a_week_of_the_version(alice: User) -> None:
    imported(["A,1,2024-01-01,3", "A,1,2024-01-08,3", "A,1,2024-01-15,3"])

    added = imported(["A,1,2024-01-22,3"], mode="append")

    assert (added.frequency, added.periods) == ("W", 4)


def test_corrections_are_of_the_frequency_of_the_version(alice: User) -> None:
    imported([f"A,1,2024-01-{day:02},3" for day in range(1, 29)])

    corrected = imported(["A,1,2024-01-01,5", "A,1,2024-01-08,5"], mode="correct")

    assert (corrected.frequency, corrected.rows) == ("D", 28)


def test_replacing_days_by_weeks_is_not_compared(alice: User) -> None:
    imported(JANUARY)

    replaced = imported(["A,1,2024-01-01,3", "A,1,2024-01-08,3"], frequency="W")

    assert replaced.difference == {
        "comparable": False,
        "reason": "one holds days, the other weeks",
    }


def test_appending_to_nothing_is_a_first_version(alice: User) -> None:
    version = imported(JANUARY, mode="append")

    assert (version.number, version.mode, version.parent) == (1, "replace", None)
    told = [one["message"] for one in ImportReport.objects.get().problems]
    assert any("the file is its first" in one for one in told)


def test_blocks_do_not_show(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"S{store:02},1,2024-01-{day:02},{day}" for store in range(12) for day in range(1, 20)]
    later = [f"S{store:02},1,2024-02-01,4" for store in range(0, 12, 2)]
    whole = imported([*rows, *later], name="whole")
    imported(rows)
    monkeypatch.setattr("forecastlab.warehouse.queries.fact_blocks.BLOCK_ROWS", 50)

    added = imported(later, mode="append")

    assert added.content_hash == whole.content_hash
    assert added.difference["rows"] == {"added": 6, "changed": 0, "removed": 0, "kept": 228}
    assert added.difference["series"]["kept"] == 6


def test_simulations_tell_how_they_differ(alice: User) -> None:
    for seed in (1, 2):
        config = configs.build("demo_minimal", seed=seed, as_of=timezone.now().date())
        job = run_job(simulations.start("demo", config, by=alice, at=timezone.now()))
        assert job.status == "succeeded", job.error

    second = DatasetVersion.objects.get(number=2)
    assert second.difference["comparable"]
    assert sum(second.difference["rows"].values()) >= second.rows


def test_the_number_of_a_deleted_version_is_not_given_again(alice: User) -> None:
    imported(JANUARY)
    second = imported(["A,1,2024-01-08,1"], mode="append")
    datasets.delete_version(second, typed="shop@2", by=alice, at=timezone.now())

    third = imported(["A,1,2024-01-09,1"], mode="append")

    assert third.number == 3
    assert third.parent is not None
    assert third.parent.number == 1


def test_two_imports_at_once_build_on_each_other(alice: User) -> None:
    imported(JANUARY)
    first = begin(["A,1,2024-01-08,1"], mode="append")
    second = begin(["A,1,2024-01-09,2"], mode="append")

    run_job(second)
    assert second.status == "queued"
    run_job(first)
    run_job(second)

    newest = DatasetVersion.objects.get(number=3)
    assert (first.status, second.status) == ("succeeded", "succeeded")
    assert newest.parent is not None
    assert newest.parent.number == 2
    assert newest.rows == 6


def test_a_version_that_comes_in_between_is_compared_with_again(alice: User) -> None:
    """Runs over a scenario load without the slot of the dataset."""
    imported(JANUARY)
    job = begin(["A,1,2024-01-08,1"], mode="append")
    for _step in ("stage", "check", "merge"):
        run_job(job, rounds=1)
    between = make_version(by=alice)

    run_job(job)

    newest = DatasetVersion.objects.latest("number")
    assert job.status == "succeeded", job.error
    assert newest.parent == between
    assert newest.rows == between.rows + 1


def test_a_run_keeps_the_version_that_it_began_with(alice: User) -> None:
    first = imported(
        [f"A,1,2024-{month:02}-{day:02},3" for month in (1, 2, 3) for day in range(1, 29)]
    )
    run = make_run(by=alice, dataset="shop")

    second = begin(["A,1,2024-03-29,1"], mode="append")
    run_job(second)
    run_job(run.job)
    run_job(second)
    run.refresh_from_db()

    assert second.status == "succeeded", second.error
    assert run.version == first
    assert Dataset.objects.get().versions.count() == 2


def test_what_was_compared_is_not_compared_again(alice: User, upload_root: Path) -> None:
    imported(JANUARY)
    job = begin(["A,1,2024-01-08,1"], mode="append")
    for _step in ("stage", "check", "merge"):
        run_job(job, rounds=1)
    place = uploads.again(job.params["upload"], "sales.csv").place
    wanted = Load("shop", alice, timezone.now(), "import", {}, "append")
    before = place.merged.facts(0).stat().st_mtime_ns

    told = merging.prepare(place, wanted, lambda _done: None)

    assert [one.code for one in told] == ["gaps"]
    assert place.merged.facts(0).stat().st_mtime_ns == before
    assert pl.read_parquet(place.merged.series).height == 2
