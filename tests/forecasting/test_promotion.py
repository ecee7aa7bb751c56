"""An alias goes to another model run past gates, once, and everybody is told."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.events import queries as events
from forecastlab.forecasting.domain import gates
from forecastlab.forecasting.domain.gates import Candidate
from forecastlab.forecasting.models import Alias, Backtest, ModelRun, Promotion
from forecastlab.forecasting.services import aliases, forecasts, promotion
from forecastlab.forecasting.services.promotion import AliasMoved, Decision
from forecastlab.lib import artefacts
from tests.factories import make_user
from tests.forecasting.test_pages import make_issue

pytestmark = pytest.mark.slow

CONFIG = {"frequency": "D", "horizon": 7, "folds": 3, "step": 7, "gap": 0, "metric": "wape"}


def candidate(wape: float | None, *, version: int = 1, **fields: Any) -> Candidate:
    frame = fields.pop("frame_version", None)
    return Candidate(version, {**CONFIG, **fields}, {"wape": wape, "bias": -9.0}, frame)


@pytest.mark.parametrize(
    ("after", "whole", "refusing"),
    [
        (candidate(20.0), True, {}),
        (candidate(19.0, frame_version=3), True, {}),
        (candidate(19.0), False, {"artefact_verified": "damaged"}),
        (candidate(20.5), True, {"worse_metric": "worse"}),
        (candidate(None), True, {"worse_metric": "unknown"}),
        (candidate(9.0, folds=2), True, {"worse_metric": "other_folds"}),
        (candidate(9.0, version=2), True, {"worse_metric": "other_folds"}),
        (candidate(9.0, metric="bias"), True, {"worse_metric": "other_folds"}),
        (candidate(9.0, until=62), True, {"worse_metric": "other_folds"}),
        (candidate(20.0, frame_version=4), True, {"version_mismatch": "other_frame"}),
    ],
)
def test_gates_say_what_speaks_against_it(
    after: Candidate, *, whole: bool, refusing: dict[str, str]
) -> None:
    found = gates.asked(candidate(20.0), after, whole=whole)

    assert {one.name: one.why for one in found if not one.holds} == refusing
    assert [one.name for one in found if one.final] == ["artefact_verified"]


def two_models(alias: Alias) -> tuple[ModelRun, ModelRun]:
    """Return the best and the worst model of what the alias points at."""
    runs = ModelRun.objects.filter(backtest=alias.model_run.backtest_id)
    ranked = sorted(runs.select_related("backtest"), key=lambda one: one.metrics["wape"])
    return ranked[0], ranked[-1]


@pytest.fixture
def alias(db: None) -> Alias:
    make_issue()
    found = Alias.objects.select_related("model_run__backtest").get()
    best, _ = two_models(found)
    Alias.objects.update(model_run=best)
    return Alias.objects.select_related("model_run__backtest").get()


@pytest.fixture
def alice(alias: Alias, client: Client) -> Client:
    client.force_login(alias.changed_by)
    return client


def test_a_worse_model_is_promoted_once_that_is_acknowledged(alias: Alias, alice: Client) -> None:
    best, worst = two_models(alias)
    page = reverse("forecasting:model-run-promote", args=[worst.pk])
    seen = {"seen": best.pk, "note": "Steadier in December"}

    shown = alice.get(page).content.decode()
    refused = alice.post(page, seen)
    alias.refresh_from_db()
    stood_at = alias.model_run_id
    done = alice.post(page, {**seen, "acknowledged": ["worse_metric"]}, follow=True)

    assert 'value="worse_metric"' in shown
    assert 'value="version_mismatch"' not in shown
    assert refused.status_code == 409
    told = refused.content.decode()
    assert "Tick what you know below to promote it anyway." in told
    assert 'value="Steadier in December"' in told  # what was typed stays
    assert stood_at == best.pk
    made = Promotion.objects.get()
    assert (made.before, made.after, made.acknowledged) == (best, worst, ["worse_metric"])
    assert Alias.objects.get().model_run == worst
    assert "Steadier in December" in done.content.decode()


def test_who_looked_before_somebody_else_promoted_is_told(alias: Alias, alice: Client) -> None:
    best, worst = two_models(alias)
    between = worst.backtest.model_runs.exclude(pk__in=[best.pk, worst.pk]).first()
    known = {"seen": best.pk, "acknowledged": ["worse_metric"]}
    alice.post(reverse("forecasting:model-run-promote", args=[worst.pk]), known)

    late = alice.post(reverse("forecasting:model-run-promote", args=[between.pk]), known)

    assert late.status_code == 409
    assert "nothing was changed" in late.content.decode()
    assert Alias.objects.get().model_run == worst


def test_a_damaged_artefact_is_never_promoted(alias: Alias, alice: Client) -> None:
    _, worst = two_models(alias)
    artefacts.discard(worst.artefact)
    url = reverse("api:model-run-promote", args=[worst.pk])
    body = {"acknowledged": ["artefact_verified", "worse_metric", "version_mismatch"]}

    answer = alice.post(url, body, content_type="application/json")

    assert answer.status_code == 409
    told = answer.json()
    assert told["code"] == "gates_refuse"
    assert [one["gate"] for one in told["gates"] if not one["acknowledgeable"]] == [
        "artefact_verified"
    ]
    assert "train it again" in told["detail"]
    assert not Promotion.objects.exists()


def test_programs_ask_the_gates_compare_and_promote(alias: Alias, alice: Client) -> None:
    best, worst = two_models(alias)
    numbers = [best.pk, worst.pk]

    compared = alice.get(reverse("api:model-run-compare", args=numbers)).json()
    page = alice.get(reverse("forecasting:model-run-compare", args=numbers)).content.decode()
    asked = alice.get(reverse("api:model-run-gates", args=[worst.pk])).json()
    url = reverse("api:model-run-promote", args=[worst.pk])
    unknown = alice.post(url, {"acknowledged": ["luck"]}, content_type="application/json")
    body = {"acknowledged": ["worse_metric"], "seen": asked["from"]}
    unseen = alice.post(url, {**body, "seen": 0}, content_type="application/json")
    made = alice.post(url, body, content_type="application/json")
    again = alice.post(url, {"acknowledged": []}, content_type="application/json")
    listed = alice.get(reverse("api:promotion-list"), {"dataset": "shop"}).json()

    assert compared["config_diff"]["model"] == {"one": best.model, "other": worst.model}
    assert compared["metrics_diff"]["wape"]["difference"] == pytest.approx(
        worst.metrics["wape"] - best.metrics["wape"]
    )
    assert (compared["compatible"], compared["reason"]) == (True, None)
    assert "is ahead of" in page
    assert [one["gate"] for one in asked["gates"] if not one["holds"]] == ["worse_metric"]
    assert (unknown.status_code, unknown.json()["field"]) == (422, "acknowledged")
    assert unseen.json()["code"] == "alias_moved"
    assert made.status_code == 201
    assert again.json()["code"] == "already_there"
    assert listed["items"] == [made.json()]


def test_other_frames_and_other_folds_are_told_apart(alias: Alias, alice: Client) -> None:
    best, worst = two_models(alias)
    ModelRun.objects.filter(pk=worst.pk).update(frame_version=2)
    config = {**worst.backtest.config, "folds": 2}
    worst.backtest.pk, worst.backtest.key, worst.backtest.config = None, "other", config
    worst.backtest.save(force_insert=True)
    ModelRun.objects.filter(pk=worst.pk).update(backtest=worst.backtest)

    told = alice.get(reverse("api:model-run-compare", args=[best.pk, worst.pk])).json()

    assert (told["compatible"], told["reason"]) == (False, "feature_frame_version_mismatch")
    assert told["like_for_like"] is False
    assert told["metrics_diff"]["wape"]["difference"] is None


def test_the_command_says_no_and_then_promotes(alias: Alias, capsys: Any) -> None:
    best, worst = two_models(alias)
    acting = {"as_user": "alice"}

    call_command("promote_model", str(worst.pk), dry_run=True, **acting)
    with pytest.raises(SystemExit) as refused:
        call_command("promote_model", str(worst.pk), **acting)
    with pytest.raises(SystemExit) as too_long:
        call_command("promote_model", str(worst.pk), note="x" * 501, **acting)
    call_command("promote_model", str(worst.pk), acknowledge=["worse_metric"], **acting)

    told = capsys.readouterr()
    assert f"would point at model run {worst.pk}" in told.out
    assert (refused.value.code, too_long.value.code) == (1, 2)
    assert "acknowledge worse_metric" in told.err
    assert Promotion.objects.get().before == best


def test_what_was_made_to_teach_serves_nobody(alias: Alias, alice: Client) -> None:
    """It stands in no list, holds no version, and cannot be promoted; a link shows it, badged."""
    best, worst = two_models(alias)
    lists = [reverse("forecasting:models"), reverse("forecasting:model-runs")]
    before = alice.get(reverse("api:model-run-list")).json()["items"]
    ModelRun.objects.filter(pk=worst.pk).update(teaching=True)
    Backtest.objects.update(teaching=True)

    shown = [alice.get(url).content.decode() for url in lists]
    also = [alice.get(url, {"teaching": "1"}).content.decode() for url in lists]
    after = alice.get(reverse("api:model-run-list")).json()["items"]
    everything = alice.get(reverse("api:model-run-list"), {"teaching": True}).json()["items"]
    refused = alice.post(
        reverse("api:model-run-promote", args=[worst.pk]),
        {"acknowledged": ["worse_metric"]},
        content_type="application/json",
    )

    assert all("Also those made to teach" in one and "badge" not in one for one in shown)
    assert all('<span class="badge ">Made to teach</span>' in one for one in also)
    assert len(before) == len(everything) == len(after) + 1
    assert worst.pk not in [one["model_run"] for one in after]
    assert refused.json()["code"] == "made_to_teach"
    assert Alias.objects.get().model_run == best


def test_a_swap_made_to_teach_changes_no_forecast_and_is_put_back(alias: Alias) -> None:
    best, worst = two_models(alias)
    other = Backtest.objects.get(pk=worst.backtest_id)
    other.pk, other.key = None, "other"
    other.save(force_insert=True)
    worst.backtest = other
    worst.save()
    now, by = timezone.now(), alias.changed_by
    known = Decision(["worse_metric"], key="job.1.swap")

    promotion.promote(alias, worst, known, by=by.pk, at=now)
    job = forecasts.start(alias.model_run.version, horizon=7, alias=alias.name, by=by, at=now)
    others = promotion.put_back("job.11.", at=now)
    ended = promotion.put_back("job.1.", at=now)
    repeated = promotion.put_back("job.1.", at=now)

    assert job.params["serving"]["model_run"] == best.pk
    assert (others, repeated) == ([], [])
    assert [one.restored for one in ended] == [True]
    assert Alias.objects.get().model_run == best


def test_every_move_of_an_alias_is_told_on_the_stream_of_its_dataset(alias: Alias) -> None:
    best, worst = two_models(alias)
    by, now = alias.changed_by.pk, timezone.now()
    stream = alias.dataset.stream
    head = events.head(stream)

    swap = Decision(["worse_metric"], key="job.1.swap")
    swapped = promotion.promote(alias, worst, swap, by=by, at=now)
    promotion.put_back("job.1.", at=now)
    for run in (worst, worst):
        with transaction.atomic():
            aliases.serve_best(alias.name, run, by=by, at=now)
            aliases.serve_best("another", best, by=None, at=now)

    told = events.after(stream, head)
    assert [(one.kind, one.payload["alias"], one.payload["to"]) for one in told] == [
        ("alias.moved", alias.name, worst.pk),
        ("alias.moved", alias.name, best.pk),
        ("alias.moved", alias.name, worst.pk),
        ("alias.made", "another", best.pk),
    ]
    assert [one.payload.get("promotion") for one in told[:2]] == [swapped.pk, swapped.pk]
    assert [one.actor_id for one in told] == [by, by, by, None]


def test_what_a_person_promoted_meanwhile_stays(alias: Alias) -> None:
    best, worst = two_models(alias)
    between = worst.backtest.model_runs.exclude(pk__in=[best.pk, worst.pk]).first()
    now, known = timezone.now(), Decision(["worse_metric"])
    swap = Decision(["worse_metric"], key="job.1.swap")
    promotion.promote(alias, worst, swap, by=None, at=now)
    promotion.promote(Alias.objects.get(), between, known, by=None, at=now)

    (ended,) = promotion.put_back("job.1.", at=now)

    assert not ended.restored
    assert Alias.objects.get().model_run == between


def _until_both_wait() -> None:
    ends = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < ends:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] == 2:
                return
            time.sleep(0.05)
    raise AssertionError("they do not wait for each other")


@pytest.mark.django_db(transaction=True)
def test_of_two_promotions_at_once_one_wins_and_the_other_is_told() -> None:
    make_issue()
    pointed = Alias.objects.get()
    others = ModelRun.objects.filter(backtest=pointed.model_run.backtest_id).exclude(
        pk=pointed.model_run_id
    )
    ready = Barrier(3)

    def promoted(run: ModelRun) -> str:
        alias = promotion.find(run)
        ready.wait()
        try:
            known = Decision(["worse_metric", "version_mismatch"])
            promotion.promote(alias, run, known, by=None, at=timezone.now())
        except AliasMoved as error:
            return error.code
        finally:
            connection.close()
        return "promoted"

    with ThreadPoolExecutor(2) as pool, transaction.atomic():
        asked = [pool.submit(promoted, one) for one in others.order_by("pk")[:2]]
        Alias.objects.select_for_update().get()  # until both have come as far as they can
        ready.wait()
        _until_both_wait()
    told = sorted(one.result() for one in asked)

    assert told == ["alias_moved", "promoted"]
    assert Promotion.objects.count() == 1


def test_a_viewer_sees_the_gates_and_promotes_nothing(alias: Alias, client: Client) -> None:
    _, worst = two_models(alias)
    bob = make_user("bob", role="viewer")
    bob.groups.add(*alias.dataset.readers.all())
    client.force_login(bob)

    assert client.get(reverse("api:model-run-gates", args=[worst.pk])).status_code == 200
    assert client.get(reverse("forecasting:model-run-promote", args=[worst.pk])).status_code == 403
