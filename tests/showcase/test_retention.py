from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from forecastlab.events import queries as events
from forecastlab.forecasting.models import Backtest
from forecastlab.jobs.models import Job
from forecastlab.lib import registry
from forecastlab.lib.contributions import Referrer
from forecastlab.warehouse.models import DatasetVersion
from showcase.models import Run, RunObject
from showcase.services import retention, runs
from showcase.tasks import sweep_runs
from tests.factories import make_run, make_user, make_version, work_off

pytestmark = pytest.mark.django_db


def prune(*options: str) -> dict[int, dict[str, Any]]:
    out = io.StringIO()
    call_command("prune_runs", "--json", *options, stdout=out)
    told = json.loads(out.getvalue())
    assert told["ok"]
    return {one["run"]: one for one in told["findings"]}


def age(*old: Run, days: int = 31) -> None:
    long_ago = timezone.now() - timedelta(days=days)
    Run.objects.filter(pk__in=[one.pk for one in old]).update(finished_at=long_ago)


@pytest.mark.slow
def test_old_runs_go_with_what_they_alone_made_and_nothing_in_use_goes() -> None:
    alice = make_user()
    make_version(by=alice)
    short = {"models": ["naive"], "reuse": True}
    alone = work_off(make_run(by=alice, **short, horizon=7))
    kept = work_off(make_run(by=alice, **short, horizon=8, keep="kept"))
    shared = work_off(make_run(by=alice, **short, horizon=8))
    newest = work_off(make_run(by=alice, **short, horizon=9))
    recent = runs.stop(make_run(by=alice, horizon=10), by=alice, at=timezone.now())
    everything = [alone, kept, shared, newest]
    assert {one.status for one in everything} == {"succeeded"}
    judged = {
        one.pk: list(one.made.filter(kind="backtest").values_list("ref", flat=True))
        for one in everything
    }
    age(*everything)
    age(recent, days=29)

    told = prune("--dry-run")

    assert set(told) == {alone.pk, shared.pk, newest.pk}
    assert told[alone.pk]["goes"]["backtest"] == len(judged[alone.pk])
    assert told[alone.pk]["goes"]["run"] == told[alone.pk]["goes"]["job"] == 1
    assert "backtest" not in told[newest.pk]["goes"]
    assert any("newest" in why for why in told[newest.pk]["stays"])
    assert Run.objects.count() == 5

    assert {pk: one["goes"] for pk, one in prune().items()} == {
        pk: one["goes"] for pk, one in told.items()
    }
    assert set(Run.objects.values_list("pk", flat=True)) == {kept.pk, recent.pk}
    assert not Job.objects.filter(pk=alone.job_id).exists()
    left = {str(pk) for pk in Backtest.objects.values_list("pk", flat=True)}
    assert left == {*judged[kept.pk], *judged[newest.pk]}
    assert [one.kind for one in events.after(alone.stream, 0)][-1] == "run.pruned"
    assert prune() == {}


def test_the_sweep_drops_simulated_sales_that_nobody_needs_and_asks_referrers(
    settings: Any,
) -> None:
    alice = make_user()
    versions = [make_version(by=alice, name="sim") for _ in range(3)]
    DatasetVersion.objects.update(source=DatasetVersion.Source.SIMULATION)
    made = []
    for version in versions:
        run = make_run(by=alice, dataset=version.ref)
        RunObject.objects.create(run=run, kind="dataset_version", ref=str(version.pk))
        made.append(runs.stop(run, by=alice, at=timezone.now()))
    age(*made)
    held = made[1].pk

    def holders(kind: str, pk: int) -> Sequence[str]:
        return ["session 7 is about it"] if (kind, pk) == ("run", held) else ()

    settings.RUNS_KEPT_DAYS = 0
    assert retention.sweep(timezone.now()) == 0
    settings.RUNS_KEPT_DAYS = 30
    with registry.contributing("referrers", Referrer("lab", holders)):
        told = prune("--dry-run")
        assert told[held]["stays"] == ["session 7 is about it"]
        assert [one["goes"].get("dataset_version", 0) for one in told.values()] == [1, 0, 0]
        sweep_runs()

    assert list(Run.objects.values_list("pk", flat=True)) == [held]
    assert list(DatasetVersion.objects.order_by("pk")) == versions[1:]
    sweep_runs()
    assert not Run.objects.exists()
    assert list(DatasetVersion.objects.all()) == versions[2:]
