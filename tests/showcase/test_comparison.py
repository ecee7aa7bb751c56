"""Runs beside each other: what differs, what is comparable, who gained and lost series."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forecastlab.forecasting.models import Alias, Backtest, Champion
from forecastlab.lib.errors import BadInput
from showcase.domain import comparison
from showcase.domain.comparison import Apart, Judged, Side
from showcase.models import Run, StepRun
from showcase.queries import compare_sections, comparing
from showcase.services import workspaces
from tests.factories import make_group, make_run, make_user, make_version, work_off

pytestmark = pytest.mark.slow

FOLDS = [("2026-03-01", "2026-03-02", "2026-03-15")]


def make_side(name: str, wape: float | None = 30.0, **given: Any) -> Side:
    models = {"naive": {"wape": wape, "bias": -4.0}, "ses": {"wape": 50.0, "bias": 1.0}}
    judged = Judged("wape", "naive", models, given.pop("windows", FOLDS), given.pop("series", 3))
    return Side(name, **{"content_hash": "same", "judged": judged, **given})


# -- what is told ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (make_side("b"), None),
        (make_side("b", content_hash="other"), Apart.OTHER_VERSION),
        (make_side("b", windows=[("2026-03-02", "2026-03-03", "2026-03-16")]), Apart.OTHER_FOLDS),
        (make_side("b", windows=[]), Apart.OTHER_FOLDS),
        (make_side("b", series=2), Apart.OTHER_SERIES),
        (make_side("b", judged=None), Apart.NOT_JUDGED),
    ],
)
def test_errors_are_only_set_against_each_other_on_the_same_folds(
    other: Side, reason: Apart | None
) -> None:
    sides = [make_side("a", 20.0), other]

    assert comparison.reasons(sides) == [None, reason]
    winners = next(one for one in comparison.metrics(sides) if one.metric == "wape")
    assert winners.differences == [None, None if reason else 10.0]


def test_runs_without_a_content_are_not_taken_for_the_same() -> None:
    nobody_knows = [make_side(name, content_hash="") for name in "ab"]

    assert comparison.reasons(nobody_knows)[1] == Apart.OTHER_VERSION


def test_the_finding_names_the_least_error_by_how_much() -> None:
    found = comparison.finding([make_side("a", 30.0), make_side("b", 28.5), make_side("c", 40.0)])

    assert (found.leaders, found.gap) == ([1], pytest.approx(1.5))

    level = comparison.finding([make_side("a", 28.5), make_side("b", 28.5), make_side("c", 40.0)])

    assert (level.leaders, level.gap) == ([0, 1], pytest.approx(11.5))


@pytest.mark.parametrize(
    ("sides", "gap"),
    [
        ([make_side("a"), make_side("b")], 0.0),
        ([make_side("a"), make_side("b", series=9)], None),
        ([make_side("a"), make_side("b", None)], None),
    ],
)
def test_nobody_leads_where_errors_are_the_same_or_not_comparable(
    sides: list[Side], gap: float | None
) -> None:
    found = comparison.finding(sides)

    assert (found.leaders, found.gap) == ((), gap)


def test_lines_say_what_differs_and_where_something_is_missing() -> None:
    lines = comparison.lines([{"horizon": 14, "seed": 1}, {"horizon": 7, "seed": 1, "window": 90}])

    told = [(one.what, one.values, one.differs) for one in lines]
    assert told == [
        ("horizon", [14, 7], True),
        ("seed", [1, 1], False),
        ("window", [None, 90], True),
    ]


def test_a_config_is_told_by_name_without_what_only_numbers_rows_here() -> None:
    config = {"version": 7, "horizon": 14, "simulate": {"stores": 2, "version": 1}}

    found = comparison.flat(config)

    assert found == {"horizon": 14, "simulate.stores": 2, "simulate.version": 1}


def test_steps_are_called_as_their_runs_call_them() -> None:
    told = {what: compare_sections.label(what) for what in ("step.seed", "step.long_gone")}

    assert told == {"step.seed": "Simulate the sales", "step.long_gone": "Long gone"}
    assert compare_sections.written("simulate.enabled", []) == "–"


def test_series_that_moved_are_gained_by_one_model_and_lost_by_another() -> None:
    gained, lost = comparison.gained_and_lost(
        [(1, "a", "b", 3), (1, "c", "b", 2), (2, "b", "a", 1)]
    )

    assert [(one.side, one.model, one.series) for one in gained] == [(1, "b", 5), (2, "a", 1)]
    assert [(one.side, one.model, one.series) for one in lost] == [
        (1, "a", 3),
        (1, "c", 2),
        (2, "b", 1),
    ]


@pytest.mark.parametrize("names", [[], ["a"], ["a", " a "], [f"w{n}" for n in range(101)]])
def test_two_to_a_hundred_are_compared(names: list[str]) -> None:
    with pytest.raises(BadInput):
        comparison.chosen(names)

    assert len(comparison.chosen(f"w{n}" for n in range(100))) == 100


# -- from the database -------------------------------------------------------------------------


def make_three() -> list[Run]:
    """Keep two equal runs as `before` and `again`, and one of another horizon as `other`."""
    asked = {"models": ["naive", "seasonal_naive"], "folds": 2, "horizon": 7}
    runs = [work_off(make_run(keep="before", **asked))]
    runs.append(work_off(make_run(keep="again", seed=43, **asked)))
    return [*runs, work_off(make_run(keep="other", **{**asked, "horizon": 14, "folds": 1}))]


def compared(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    call_command("compare_workspaces", *arguments, "--json", "--as", "alice")
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def page_of(client: Client, query: str, *, status: int = 200) -> str:
    answer = client.get(f"/workspaces/compare/?{query}")
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.django_db
def test_kept_runs_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    alice = make_user()
    _before, again, other = make_three()
    client = Client()
    client.force_login(alice)

    found = compared(capsys, "before", "again", "other")

    settings = {one["what"]: one["values"] for one in found["config"]}
    assert settings["seed"] == {"before": 42, "again": 43, "other": 42}
    assert settings["horizon"] == {"before": 7, "again": 7, "other": 14}
    assert "metric" not in settings
    assert {"content_hash", "dataset"}.isdisjoint(one["what"] for one in found["data"])
    assert [one["reason"] for one in found["workspaces"]] == [None, None, "other_folds"]
    wape = next(one for one in found["metrics"] if one["metric"] == "wape")
    assert wape["model"] is None
    assert wape["values"]["other"] == pytest.approx(other.winner_wape)
    assert wape["differences"] == {"again": 0.0, "other": None}
    assert {"total"} <= {one["what"] for one in found["durations"]}
    assert not any("before" in one["workspace"] for one in found["champions"]["gained"])

    # Everything there is, on demand.
    assert "metric" in {
        one["what"] for one in compared(capsys, "before", "again", "--all")["config"]
    }

    assert_shown(client, again)


def assert_shown(client: Client, again: Run) -> None:
    # On the page the same, with what was chosen before remembered.
    page = page_of(client, "of=before&of=again&of=other")
    assert "other folds" in page
    assert "Partly comparable" in page
    assert "Sales and folds" in page
    assert "Started by" not in page.split("<tbody>")[0].split("<thead>")[1]
    chosen = {"of": ["before", "again"], "columns": ["wape", "by"]}
    shown = client.post("/workspaces/compare/columns/", chosen, follow=True).content.decode()
    heads = page_of(client, "of=before&of=again").split("<tbody>")[0].split("<thead>")[1]
    assert heads in shown
    assert "Started by" in heads
    assert "MASE" not in heads

    # A run that is not kept, by its number, and all of it as a table.
    assert f"run:{again.pk}" in page_of(client, f"of=run:{again.pk}&of=other")
    table = client.get(f"/workspaces/compare.csv?of=before&of=run:{again.pk}")
    rows = pl.read_csv(io.BytesIO(b"".join(table.streaming_content)))  # type: ignore[arg-type]
    assert {"config", "data", "metrics", "durations", "story"} <= set(rows["part"])
    assert set(rows["workspace"]) == {"before", f"run:{again.pk}"}


@pytest.mark.django_db
def test_champions_gained_and_lost_are_counted_series_by_series(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, _again, other = make_three()
    backtests = [one.steps.get(name="backtest").data["backtest"] for one in (before, other)]
    for backtest, model in zip(backtests, ("naive", "seasonal_naive"), strict=True):
        Champion.objects.filter(backtest=backtest).update(model=model)

    champions = compared(capsys, "before", "other")["champions"]

    assert champions["gained"] == [{"workspace": "other", "model": "seasonal_naive", "series": 3}]
    assert champions["lost"] == [{"workspace": "other", "model": "naive", "series": 3}]

    # What cannot be known any more is called unknown, not nothing.
    Alias.objects.all().delete()
    Backtest.objects.filter(pk=backtests[1]).delete()
    champions = compared(capsys, "before", "other")["champions"]
    assert champions["gained"] == []
    assert champions["unknown"] == [{"workspace": "other", "reason": "gone"}]


@pytest.mark.django_db
def test_what_is_not_for_the_reader_is_not_found_nor_named() -> None:
    alice, charlie = make_user(), make_user("charlie")
    secret = make_version(by=alice)
    secret.dataset.readers.add(make_group("readers"))
    make_run(by=alice, keep="secret-plan")
    make_version(name="bakery", by=charlie)
    make_run(by=charlie, dataset="bakery", keep="open")
    client = Client()
    client.force_login(charlie)

    hidden = page_of(client, "of=open&of=secret-plan", status=404)
    missing = page_of(client, "of=open&of=no-such-plan", status=404)

    assert "Not all of these workspaces are there" in hidden
    assert "Not all of these workspaces are there" in missing
    assert "secret-plan" not in page_of(client, "of=open")
    assert client.get("/workspaces/compare.csv?of=open&of=secret-plan").status_code == 404
    assert "Choose at least two" in page_of(client, "")
    too_many = "&".join(f"of=w{n}" for n in range(101))
    assert "up to 100" in page_of(client, too_many, status=422)


def copies_of(run: Run, count: int) -> list[str]:
    """Keep so many copies of a run and its steps; return what they are kept as."""
    names = []
    for number in range(count):
        steps = list(StepRun.objects.filter(run=run))
        copy = Run.objects.get(pk=run.pk)
        copy.pk, copy.job = None, None
        copy.save(force_insert=True)
        for step in steps:
            step.pk, step.run = None, copy
        StepRun.objects.bulk_create(steps)
        by = make_user(f"keeper-{number}")
        kept = workspaces.keep(copy, f"copy-{number}", by=by, at=timezone.now())
        names.append(kept.name)
    return names


@pytest.mark.django_db
def test_a_hundred_need_no_more_queries_than_two() -> None:
    alice = make_user()
    run = work_off(make_run(by=alice, models=["naive"], folds=1, horizon=7))
    names = copies_of(run, 20)

    counts = []
    for asked in (names[:2], names):
        with CaptureQueriesContext(connection) as queries:
            comparing.as_json(comparing.of(asked, viewer=alice), everything=True)
        counts.append(len(queries))

    assert counts[0] == counts[1]
