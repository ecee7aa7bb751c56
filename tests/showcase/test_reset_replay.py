"""A replay that deletes first: a list to confirm, by a token for just that list, and the name."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.forecasting.models import Alias, Backtest, ForecastIssue, ModelRun
from forecastlab.lib import registry
from forecastlab.lib.contributions import Referrer
from forecastlab.lib.errors import HouseError
from forecastlab.warehouse.models import Dataset, DatasetVersion
from showcase.models import ResetToken, Run, Workspace
from showcase.services import resets
from showcase.services.replaying import Asked
from showcase.services.resets import Confirmation
from tests.factories import make_group, make_run, make_sales, make_user, make_version, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NAME = "demo_minimal"
SMALL: dict[str, Any] = {"models": ["naive"], "folds": 1, "horizon": 7}


def ran(ref: str, **options: Any) -> Run:
    run = work_off(make_run(dataset=ref, reuse=False, **{**SMALL, **options}))
    assert run.status == "succeeded", run.steps.filter(outcome="fail").values("name", "detail")
    return run


@pytest.fixture
def kept() -> Workspace:
    """Make five versions of simulated sales.

    The first has a run that is kept, the second one that is not; the third serves; nothing is made
    of the fourth and of the fifth, the newest.
    """
    alice = make_user("alice", role="admin")
    made = [make_version(make_sales(seed=one), name=NAME, by=alice) for one in range(5)]
    DatasetVersion.objects.update(source=DatasetVersion.Source.SIMULATION)
    run = ran(made[0].ref, keep="week")
    ran(made[1].ref)
    ran(made[2].ref)
    return Workspace.objects.select_related("run__dataset").get(run=run)


def previewed(source: Workspace, *, by: User | None = None) -> resets.Preview:
    by = by or User.objects.get(username="alice")
    return resets.preview(source, by=by, at=timezone.now())


def confirmed(
    source: Workspace, token: str, *, name: str = "week", by: User | None = None, **asked: Any
) -> Run:
    by = by or User.objects.get(username="alice")
    given = Confirmation(token, name)
    return resets.replay(source, given, Asked(**asked), by=by, at=timezone.now())


def numbers() -> list[int]:
    return list(DatasetVersion.objects.order_by("number").values_list("number", flat=True))


def test_the_list_says_what_goes_and_why_the_rest_stays_and_nothing_else_happens(
    kept: Workspace,
) -> None:
    numbered = dict(Run.objects.values_list("version__number", "pk"))
    served = Alias.objects.get().model_run

    found = previewed(kept)

    told = found.listing.as_json()
    assert told["deletes"] == {
        "run": 2,
        "step_run": 22,
        "run_object": 10,
        "job": 2,
        "job_step": 24,
        "step_log": 22,
        "batch": 0,
        "batch_item": 0,
        "backtest": 1,
        "series_score": 3,
        "slice_score": 13,
        "champion": 3,
        "model_run": 1,
        "forecast_issue": 1,
        "forecast": 3,
        "dataset_version": 2,
        "signal": 0,
        "series_profile": 6,
        "sales_fact": 540,
    }
    why = {one["what"]: "; ".join(one["why"]) for one in told["stays"]}
    assert why[f"run {numbered[1]}"] == "it is kept as 'week'"
    assert "serves forecasts from it" in why[f"backtest {served.backtest_id}"]
    assert f"run {numbered[1]}, kept as 'week', made it" in why.values()
    assert f"run {numbered[1]} was made from it" in why[f"{NAME}@1"]
    assert "serves forecasts from it" in why[f"{NAME}@3"]
    assert "the newest one" in why[f"{NAME}@5"]
    assert (Run.objects.count(), Backtest.objects.count(), numbers()) == (3, 3, [1, 2, 3, 4, 5])
    assert timedelta(minutes=9) < found.expires_at - timezone.now() <= timedelta(minutes=10)
    # What is stored cannot be used: only its digest is there.
    assert not ResetToken.objects.filter(digest=found.token).exists()
    # What is at work stays with its sales.
    run = make_run(dataset=f"{NAME}@4", **SMALL)
    reasons = {one.name: one.why for one in previewed(kept).listing.stays}
    assert reasons[f"run {run.pk}"] == ["it is at work"]
    assert reasons[f"{NAME}@4"] == [f"run {run.pk} works on it"]


def test_what_pages_show_stays_and_what_is_served_from_while_it_is_asked_about(
    kept: Workspace,
) -> None:
    served = Alias.objects.get()
    newest = ran(f"{NAME}@4").steps.get(name="backtest").data["backtest"]
    Alias.objects.filter(pk=served.pk).update(model_run=served.model_run)
    old = Backtest.objects.get(version__number=2)

    def point_late(kind: str, pk: int) -> list[str]:
        """Point an alias once everybody else has said that nothing serves from it."""
        if (kind, pk) == ("backtest", old.pk):
            late = ModelRun.objects.get(backtest=old)
            Alias.objects.create(
                dataset=served.dataset, name="late", model_run=late, changed_at=timezone.now()
            )
        return []

    with registry.contributing("referrers", Referrer("late", point_late)):
        listing = previewed(kept).listing

    why = {one.name: one.why for one in listing.stays}
    assert why[f"backtest {newest}"] == ["its forecasts are the newest ones"]
    assert why[f"backtest {old.pk}"] == ["something has just begun to use it"]
    assert (listing.goes["backtest"], listing.goes["dataset_version"]) == ([], [])
    assert not Alias.objects.filter(name="late").exists()


def refused(*given: Any, **asked: Any) -> str:
    before = (Run.objects.count(), Backtest.objects.count(), numbers())
    with pytest.raises(HouseError) as refusal:
        confirmed(*given, **asked)
    assert (Run.objects.count(), Backtest.objects.count(), numbers()) == before
    return refusal.value.code


def test_a_confirmation_that_does_not_fit_is_refused_and_deletes_nothing(kept: Workspace) -> None:
    token = previewed(kept).token
    zoe = make_user("zoe", role="admin")
    zoes = previewed(kept, by=zoe).token
    other = ran(f"{NAME}@5", keep="other").workspace

    assert refused(kept, token, name="Week") == "name_wrong"
    assert refused(kept, token, by=zoe) == "token_unknown"
    assert refused(kept, zoes) == "token_unknown"
    assert refused(other, token, name="other") == "token_unknown"
    assert refused(kept, "made-up") == "token_unknown"
    # A run came meanwhile: the list is not what it was.
    assert refused(kept, token) == "list_changed"
    late = previewed(kept).token
    ResetToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused(kept, late) == "token_expired"
    # What a replay refuses, refuses the reset as well.
    once = previewed(kept).token
    assert refused(kept, once, keep="other") == "workspace_name_taken"
    confirmed(kept, once)
    assert refused(kept, once) == "token_used"
    # Only simulated sales are reset, by their owner or an admin.
    with pytest.raises(HouseError, match="and admins may reset it"):
        previewed(kept, by=make_user("bob"))
    DatasetVersion.objects.filter(number=5).update(source=DatasetVersion.Source.IMPORT)
    with pytest.raises(HouseError, match="Only simulated sales"):
        previewed(kept)
    assert not resets.can_reset(kept, zoe)


def test_the_page_lists_first_and_deletes_by_token_and_name(
    kept: Workspace, client: Client
) -> None:
    client.force_login(User.objects.get(username="alice"))
    served = Alias.objects.get().model_run_id
    page = reverse("showcase:workspace-replay", args=["week"])
    reset = reverse("showcase:workspace-reset", args=["week"])

    shown = client.get(page).content.decode()
    listed = client.post(reset)
    given = {"token": listed.context["found"].token, "mode": "exact"}
    wrong = client.post(reset, {**given, "name": "weak"})

    assert "See what would be deleted" in shown
    assert "serves forecasts from it" in listed.content.decode()
    assert wrong.status_code == 422
    assert "&#x27;weak&#x27; is not &#x27;week&#x27;." in wrong.content.decode()
    assert numbers() == [1, 2, 3, 4, 5]

    gone = client.post(reset, {**given, "name": "week"})

    # What was listed is gone. The kept run lost nothing, and what serves still does.
    run = Run.objects.latest("pk")
    assert gone.headers["Location"] == run.get_absolute_url()
    assert numbers() == [1, 3, 5]
    assert set(Run.objects.values_list("pk", flat=True)) == {kept.run_id, run.pk}
    assert ModelRun.objects.filter(pk=served).exists()
    assert set(ForecastIssue.objects.values_list("version__number", flat=True)) == {1, 3}
    again = Workspace.objects.get(run=run)
    assert (again.name, again.replayed_from, again.replay_mode) == ("week-r1", kept.key, "exact")
    assert work_off(run).status == "succeeded"
    assert run.version == kept.run.version


def test_the_command_and_the_api_ask_for_the_list_and_the_name(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    alice = make_user("alice", role="admin")
    make_version(name=NAME, by=alice)
    DatasetVersion.objects.update(source=DatasetVersion.Source.SIMULATION)
    ran(f"{NAME}@1", keep="week")
    client.force_login(alice)
    asked = ("replay_workspace", "week", "--reset", "--as", "alice", "--json")

    call_command(*asked)
    printed = json.loads(capsys.readouterr().out)
    call_command(*asked, "--confirm", printed["token"], "--name", "week", "--mode", "fresh")
    listed = client.post(reverse("api:workspace-reset-preview", args=["week"])).json()
    body = {"mode": "fresh", "reset": {"token": listed["token"], "name": "week"}, "keep": "third"}
    address = reverse("api:workspace-replay", args=["week"])
    started = client.post(address, body, content_type="application/json")
    once_more = client.post(address, body | {"keep": ""}, content_type="application/json")

    assert {"preview", "token", "expires_at"} == set(printed) == set(listed)
    assert Workspace.objects.get(name="week-r1").replay_mode == "fresh"
    assert (started.status_code, started.json()["workspace"]) == (201, "third")
    assert (once_more.status_code, once_more.json()["code"]) == (409, "token_used")
    # Whoever is no admin is told that it takes one.
    alice.groups.set([make_group("planner")])
    client.force_login(User.objects.get(pk=alice.pk))
    page = client.get(reverse("showcase:workspace-replay", args=["week"]))
    assert "This needs the role admin" in page.content.decode()
    reset = reverse("showcase:workspace-reset", args=["week"])
    assert client.post(reset).status_code == 403
    assert client.post(address, body, content_type="application/json").status_code == 403


def _until_one_waits() -> None:
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_a_token_at_once_one_is_refused() -> None:
    alice = make_user("alice", role="admin")
    make_version(name=NAME, by=alice)
    DatasetVersion.objects.update(source=DatasetVersion.Source.SIMULATION)
    source = ran(f"{NAME}@1", keep="week").workspace
    token, ready = previewed(source).token, Barrier(3)

    def asked() -> str:
        ready.wait()
        try:
            confirmed(source, token)
        except HouseError as error:
            return error.code
        finally:
            connection.close()
        return "started"

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            # Until both have come as far as they can: one to the dataset, one to the token.
            Dataset.objects.select_for_update().get(name=NAME)
            told = [pool.submit(asked) for _ in range(2)]
            ready.wait()
            _until_one_waits()
        found = sorted(one.result() for one in told)

    assert found == ["started", "token_used"]
    assert Workspace.objects.filter(replayed_from=source.key).count() == 1
