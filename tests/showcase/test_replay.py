"""A kept run is replayed: to the same numbers, over the newest sales, or otherwise than before."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.forecasting.models import Alias, Backtest, ForecastIssue, KeptForecast, ModelRun
from forecastlab.forecasting.queries import series_list
from forecastlab.lib import artefacts
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import contents, versions
from showcase.models import Run, Workspace
from showcase.queries import inputs
from showcase.services import replaying
from showcase.services.replaying import Asked, ReplayUnusable, SalesGone, StillAtWork
from tests.factories import make_run, make_sales, make_user, make_version, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SMALL: dict[str, Any] = {"models": ["naive", "seasonal_naive"], "folds": 2, "horizon": 7}
WORLD = {"stores": 2, "products": 3, "window_days": 90}


def sealed(version: DatasetVersion) -> DatasetVersion:
    """Let a version of the factory have the content hash that an import would have given it."""
    version.content_hash = contents.recomputed(version, lambda _share: None)
    version.save(update_fields=["content_hash"])
    return version


def make_kept(name: str = "week", **options: Any) -> Workspace:
    """Keep a run over `shop`, or over simulated sales, that has ended well."""
    if "scenario" not in options:
        sealed(make_version())
    run = work_off(make_run(**{**SMALL, "keep": name, **options}))
    assert run.status == "succeeded", run.steps.filter(outcome="fail").values("name", "detail")
    return Workspace.objects.select_related("run__version__dataset").get(run=run)


def alice() -> User:
    return User.objects.get(username="alice")


def version_of(workspace: Workspace) -> DatasetVersion:
    assert workspace.run.version is not None
    return workspace.run.version


def replayed(source: Workspace, **asked: Any) -> Workspace:
    by = alice()
    run = work_off(replaying.start(source, Asked(**asked), by=by, at=timezone.now()))
    assert run.status == "succeeded", run.steps.filter(outcome="fail").values("name", "detail")
    return Workspace.objects.select_related("run__version__dataset").get(run=run)


def found(workspace: Workspace) -> dict[str, tuple[Any, Any]]:
    told = workspace.reproduction or {}
    return {one["what"]: (one["expected"], one["actual"]) for one in told["differences"]}


def alter_one_fact(version: DatasetVersion) -> None:
    """Change a sale behind the back of the trigger that refuses it."""
    table = f"warehouse_salesfact_v{version.pk}"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {table} SET quantity = quantity + 50 WHERE t = 80")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def forget(source: Workspace) -> None:
    """Delete what the source made, files and all, and what later runs could take over."""
    digests = {
        *Backtest.objects.values_list("forecasts", flat=True),
        *Backtest.objects.values_list("serving", flat=True),
        *ModelRun.objects.values_list("artefact", flat=True),
        *KeptForecast.objects.values_list("artefact", flat=True),
    }
    for digest in digests:
        artefacts.discard(digest)
    ForecastIssue.objects.all().delete()
    Alias.objects.all().delete()
    Backtest.objects.all().delete()


def test_an_exact_replay_comes_to_the_same_though_all_that_the_source_made_is_gone() -> None:
    source = make_kept()
    served = Alias.objects.get().pk
    forget(source)
    assert not ModelRun.objects.exists()

    again = replayed(source)

    assert again.reproduction is not None
    assert again.reproduction["differences"] == []
    assert again.reproduction["reproduced"] is True
    # The stored config as it stands; and nothing of it was taken over.
    assert (again.run.config, again.run.config_hash) == (source.run.config, source.run.config_hash)
    assert set(again.run.steps.values_list("same_as", flat=True)) == {None}
    assert not again.run.steps.get(name="features").data["reuse"]["shelf"]
    # It is kept beside its source, which it names, and moves nothing that serves.
    assert (again.name, again.replay_mode) == ("week-r1", "exact")
    assert (again.replayed_from, again.family) == (source.key, source.family)
    assert again.ancestors == [{"key": source.key, "name": "week"}]
    assert list(Alias.objects.exclude(pk=served).values_list("name", flat=True)) == ["replay"]
    # A replay of the replay tells of both.
    third = replayed(again, keep="third")
    assert [one["name"] for one in third.ancestors] == ["week", "week-r1"]
    assert third.reproduction is not None
    assert third.reproduction["reproduced"] is True


def test_an_altered_sale_is_named_with_what_came_of_it() -> None:
    source = make_kept()
    served = series_list.newest_issue(alice())
    alter_one_fact(version_of(source))

    again = replayed(source)

    assert ForecastIssue.objects.count() == 2
    assert series_list.newest_issue(alice()) == served

    assert again.reproduction is not None
    assert again.reproduction["reproduced"] is False
    differences = found(again)
    assert differences["content_hash"][0] == source.run.content_hash
    assert differences["content_hash"][1] not in (None, source.run.content_hash)
    assert "backtest.per_model.naive.wape" in differences
    assert "backtest.forecasts_sha256.seasonal_naive" in differences
    assert "config_hash" not in differences


def test_other_software_is_named_though_the_numbers_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = make_kept()
    monkeypatch.setattr("numpy.__version__", "99.0")

    again = replayed(source)

    assert again.reproduction is not None
    assert again.reproduction["reproduced"] is True
    assert [one["what"] for one in again.reproduction["differences"]] == ["software.numpy"]


def test_simulated_sales_are_drawn_again_from_seed_and_day() -> None:
    make_user()
    source = make_kept(scenario="demo_minimal", simulate=WORLD, as_of="2026-11-20", reset=True)
    make_kept("later", scenario="demo_minimal", simulate=WORLD, as_of="2026-11-21")

    again = replayed(source)

    assert again.reproduction is not None
    assert again.reproduction["differences"] == []
    assert again.run.content_hash == source.run.content_hash
    assert version_of(again).number > 2
    # What the source had deleted first, an exact replay leaves.
    assert again.run.steps.get(name="reset").outcome == "skip"
    # Afresh they end today.
    fresh = replaying.prepare(source, Asked("fresh"), by=alice(), at=timezone.now())
    assert fresh.config["as_of"] == timezone.now().date().isoformat()
    assert fresh.config["simulate"]["stores"] == 2


def test_fresh_and_modified_name_what_they_were_asked_otherwise() -> None:
    source = make_kept()
    newer = sealed(make_version(make_sales(seed=8), by=source.run.requested_by))

    fresh = replayed(source, mode="fresh")
    modified = replayed(source, mode="modified", changes={"horizon": 5})

    assert fresh.run.version == newer
    assert fresh.reproduction is not None
    assert fresh.reproduction["reproduced"] is None
    assert found(fresh) == {"content_hash": (source.run.content_hash, newer.content_hash)}
    assert modified.run.version == source.run.version
    assert found(modified) == {"config.horizon": (7, 5), "config.step": (7, 5)}
    assert [fresh.name, modified.name] == ["week-r1", "week-r2"]


def test_sales_that_are_gone_are_said_to_be() -> None:
    source = make_kept()
    forget(source)
    make_version(make_sales(seed=8))
    versions.drop_facts(version_of(source))

    with pytest.raises(SalesGone, match="are gone"):
        replaying.start(source, Asked(), by=alice(), at=timezone.now())

    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"mode": "twice"}, "mode"),
        ({"mode": "fresh", "changes": {"horizon": 5}}, "set"),
    ],
)
def test_a_replay_that_cannot_be_asked_for_so_is_refused(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(ReplayUnusable) as refused:
        Asked(**asked)

    assert refused.value.field == field


def test_the_page_shows_every_input_and_the_form_what_is_changed(client: Client) -> None:
    source = make_kept(focus="S0:P1")
    make_version(make_sales(seed=8))
    client.force_login(alice())
    page = reverse("showcase:workspace-replay", args=["week"])

    shown = client.get(page)
    rows = {one.label: one for one in shown.context["inputs"].rows}
    asked = [key for key in source.run.config if key not in ("version", "simulate")]
    taken = client.post(page, {"mode": "exact", "keep": "week"})
    started = client.post(page, {"mode": "fresh", "keep": "newest"})

    assert {inputs.label(key) for key in asked} <= set(rows)
    sales = rows["Sales"]
    assert (sales.recorded, sales.exact, sales.fresh) == ("shop@1", "shop@1", "shop@2")
    assert rows["Results of earlier runs"].exact == "computed anew"
    assert "computed anew" in shown.content.decode()
    assert taken.status_code == 422
    assert "A run is kept as &#x27;week&#x27; already." in taken.content.decode()
    newest = Workspace.objects.get(name="newest")
    assert started.headers["Location"] == newest.run.get_absolute_url()
    assert (newest.replay_mode, newest.replayed_from) == ("fresh", source.key)
    # The form of a new run opens with the recorded settings, and lists what differs from them.
    form = {"replay": "week", "sales": "dataset:shop@1", "horizon": "5", "folds": "2"}
    form |= {"models": "naive", "focus": "S0:P1", "as_of": source.run.config["as_of"]}
    new = reverse("showcase:run-new")
    prefilled = client.get(new, {"replay": "week"})
    # A name that tells of 7 days would stay with a run of 5.
    assert (prefilled.context["preview"].changed, prefilled.context["form"]["name"].value()) == (
        [],
        None,
    )
    changed = client.get(new, form).context["preview"].changed
    assert changed == [
        {"label": "Horizon", "value": "7 → 5"},
        {"label": "Step between folds", "value": "7 → 5"},
        {"label": "Models", "value": "naive, seasonal_naive → naive"},
    ]
    client.post(new, form)
    modified = Workspace.objects.get(name="week-r1")
    assert (modified.replay_mode, modified.run.name) == ("modified", "shop, 5 days")
    assert client.post(new, {**form, "reset": "on"}).status_code == 422


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run the command with --json; return the one object that it prints."""
    capsys.readouterr()
    left = 0
    try:
        call_command("replay_workspace", *arguments, "--as", "alice", "--json")
    except SystemExit as ended:
        left = int(ended.code or 0)
    assert left == code
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


@pytest.fixture
def _workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the command waits, do what workers would do."""
    monkeypatch.setattr("time.sleep", lambda _seconds: work_off(Run.objects.latest("pk")))


@pytest.mark.usefixtures("_workers")
def test_the_command_waits_and_leaves_with_1_where_something_differs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = make_kept()

    same = answer(capsys, "week", "--wait")
    alter_one_fact(version_of(source))
    other = answer(capsys, "week", "--mode", "exact", "--wait", code=1)
    changed = answer(capsys, "week", "--set", "folds=1", "--keep", "one-fold", "--wait")
    asked = answer(capsys, "week", "--mode", "fresh")
    with pytest.raises(StillAtWork):
        last = Workspace.objects.latest("pk")
        replaying.start(last, Asked(), by=alice(), at=timezone.now())

    assert same["reproduced"] is True
    assert (same["workspace"], same["replayed_from"]) == ("week-r1", "week")
    assert same["differences"] == []
    assert other["reproduced"] is False
    assert {"what", "expected", "actual"} == set(other["differences"][0])
    assert (changed["workspace"], changed["mode"]) == ("one-fold", "modified")
    assert changed["differences"] == [{"what": "config.folds", "expected": 2, "actual": 1}]
    assert set(asked) == {"job", "run"}
    refused = answer(capsys, "nowhere", code=2)
    assert refused["error"]["code"] == "no_such_workspace"
