"""Whether what a run refers to is still there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from forecastlab.forecasting.models import Alias, Backtest, ForecastIssue
from forecastlab.lib import registry
from forecastlab.lib.contributions import LinkProbe
from showcase.models import RunObject
from showcase.queries import link_health, link_probes
from tests.factories import make_run, make_user, work_off
from tests.showcase.test_api import call


def nobody_knows(refs: Sequence[str]) -> Mapping[str, bool]:
    raise RuntimeError("the app is not itself")


def only_the_first(refs: Sequence[str]) -> Mapping[str, bool]:
    return {refs[0]: True}


BROKEN = LinkProbe("broken", "Broken", nobody_knows)
PARTIAL = LinkProbe("partial", "Partial", only_the_first)


@pytest.mark.django_db
def test_every_reference_is_alive_dead_or_unknown() -> None:
    alice = make_user()
    run = work_off(make_run(keep="monday", models=["naive", "seasonal_naive"], folds=1, horizon=7))
    made = {"dataset_version", "backtest", "model_run", "forecast_issue", "alias", "job"}

    status, found = call(alice, "GET", "/workspaces/monday/links")

    assert status == 200
    assert made <= {one["kind"] for one in found["references"]}
    assert found["counts"] == {"alive": len(found["references"]), "dead": 0, "unknown": 0}
    assert found["partial_run"] is False
    assert all(one["url"] for one in found["references"] if one["kind"] == "model_run")

    # What goes is dead, with what hung from it; the rest is not.
    backtest = run.steps.get(name="backtest").data["backtest"]
    ForecastIssue.objects.filter(backtest=backtest).delete()
    Alias.objects.filter(model_run__backtest=backtest).delete()
    Backtest.objects.filter(pk=backtest).delete()
    found = call(alice, "GET", "/workspaces/monday/links")[1]
    by_kind = {one["kind"]: one["status"] for one in found["references"]}
    assert by_kind["backtest"] == by_kind["model_run"] == by_kind["forecast_issue"] == "dead"
    assert by_kind["dataset_version"] == by_kind["job"] == "alive"
    assert not any(one["url"] for one in found["references"] if one["status"] == "dead")

    # What nobody can tell is unknown: no probe, one that breaks, one that says nothing.
    for kind in ("ghost", "broken", "partial", "partial"):
        RunObject.objects.create(run=run, kind=kind, ref=str(RunObject.objects.count()))
    with registry.contributing(link_probes.MODULE, BROKEN, PARTIAL):
        health = link_health.of_run(run)
    assert [one.status for one in health.references[-4:]] == [
        "unknown",
        "unknown",
        "alive",
        "unknown",
    ]

    # The page of the workspace tells it as well, and the list of all marks it.
    client = Client()
    client.force_login(alice)
    page = client.get("/workspaces/monday/").content.decode()
    assert "deleted since" in page
    assert "5 dead references" in client.get("/workspaces/").content.decode()


@pytest.mark.django_db
def test_many_runs_are_asked_about_at_once() -> None:
    first, second = make_run(), make_run()
    for run, refs in ((first, "12"), (second, "3456")):
        for ref in refs:
            for kind in ("backtest", "model_run"):
                RunObject.objects.create(run=run, kind=kind, ref=ref)
    counts = []
    for runs in ([first.pk], [first.pk, second.pk]):
        with CaptureQueriesContext(connection) as asked:
            found = link_health.of_runs(runs)
        counts.append(len(asked))

    assert counts[0] == counts[1] == 5  # runs, references, then backtests, model runs and jobs
    assert found[second.pk].dead == 8


def test_nothing_is_said_of_a_reference_into_another_installation() -> None:
    assert link_probes.by_kind()["backtest"].alive(["away-12"]) == {}


def test_two_probes_of_one_kind_stop_the_check() -> None:
    assert link_probes.check() == []

    with registry.contributing(link_probes.MODULE, LinkProbe("job", "Job", only_the_first)):
        (problem,) = link_probes.check()

    assert problem.id == "showcase.E004"
    assert "jobs, temporary" in problem.msg
