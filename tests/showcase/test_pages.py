from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from forecastlab.forecasting.models import Alias, Backtest
from forecastlab.forecasting.services import backtests
from forecastlab.jobs.models import StepLog
from forecastlab.lib import figures, registry
from forecastlab.lib.contributions import Done, PipelineStep, StepContext, StepFailed
from showcase import event_streams
from showcase.models import Run, StepRun
from tests.factories import make_group, make_run, make_user, make_version, run_job, work_off

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, path: str, *, status: int = 200, **headers: str) -> str:
    response = client.get(path, headers=headers)
    assert response.status_code == status
    return response.content.decode()


# -- home -------------------------------------------------------------------------------------


def test_an_empty_house_shows_the_way_in() -> None:
    page = text_of(signed_in(make_user()), "/")

    assert "Nothing is forecast here yet" in page
    assert "Try with simulated sales" in page
    assert "This installation" in page


def test_a_viewer_of_an_empty_house_sees_no_button_but_why() -> None:
    page = text_of(signed_in(make_user("bob", role="viewer")), "/")

    assert "Try with simulated sales" not in page
    assert "This needs one of the roles" in page


def test_home_shows_what_runs_and_what_came_out() -> None:
    alice = make_user()
    work_off(make_run(by=alice, name="Weekly refresh", models=["naive"]))
    running = make_run(by=alice, name="Second look")

    page = text_of(signed_in(alice), "/")

    assert "Weekly refresh" in page
    assert f'id="run-{running.pk}-card"' in page
    assert "Best WAPE, 3 folds" in page


def test_home_shows_nothing_of_a_dataset_that_is_not_for_everyone() -> None:
    alice, charlie = make_user(), make_user("charlie")
    make_version(by=alice).dataset.readers.add(make_group("readers"))
    make_run(by=alice, name="Secret refresh")

    assert "Secret refresh" not in text_of(signed_in(charlie), "/")


def test_work_that_is_hidden_does_not_crowd_out_ones_own() -> None:
    alice, charlie = make_user(), make_user("charlie")
    secret, own = make_version(by=alice), make_version(name="bakery", by=charlie)
    secret.dataset.readers.add(make_group("readers"))
    backtests.start(own, {}, by=charlie, at=timezone.now())
    for _ in range(5):
        backtests.start(secret, {}, by=alice, at=timezone.now())

    page = text_of(signed_in(charlie), "/")

    assert page.count("<strong>Backtest</strong>") == 1


# -- the list ---------------------------------------------------------------------------------


def test_runs_are_searched_filtered_and_sorted_by_the_address() -> None:
    alice = make_user()
    make_version(name="bakery", by=alice)
    make_run(by=alice, name="Weekly refresh")
    make_run(by=alice, name="Bread trial", dataset="bakery")
    client = signed_in(alice)

    assert "Bread trial" not in text_of(client, "/runs/?search=weekly")
    assert "Weekly refresh" not in text_of(client, "/runs/?dataset=bakery")
    assert "Bread trial" in text_of(client, "/runs/?status=queued&by=alice")
    by_name = text_of(client, "/runs/?sort=name")
    assert by_name.index("Bread trial") < by_name.index("Weekly refresh")


def test_an_empty_result_says_which_filter_to_drop() -> None:
    alice = make_user()
    make_run(by=alice, name="Weekly refresh")

    page = text_of(signed_in(alice), "/runs/?search=weekly&status=failed")

    assert "No runs match" in page
    assert "1 match without “failed”." in page
    assert "search=weekly" in page


def test_the_list_for_htmx_is_a_fragment() -> None:
    fragment = text_of(signed_in(make_user()), "/runs/", **{"HX-Request": "true"})

    assert "<html" not in fragment
    assert 'id="runs"' in fragment


def test_a_list_hears_of_runs_and_their_names_stay_out_of_what_it_hears() -> None:
    work_off(make_run(name="Secret refresh", models=["naive"]))

    heard = Event.objects.filter(stream=Run.LIST_STREAM).order_by("seq")

    assert [one.kind for one in heard] == ["run.queued", "run.running", "run.succeeded"]
    assert all(one.payload == {} for one in heard)


def test_new_runs_wait_behind_a_link_and_only_those_that_the_viewer_may_see() -> None:
    alice, charlie = make_user(), make_user("charlie")
    version = make_version(by=alice)
    version.dataset.readers.add(make_group("readers"))
    first = make_run(by=alice, dataset=version.dataset.name)
    make_run(by=alice, dataset=version.dataset.name)

    path = f"/runs/news/?after={first.pk}"

    assert "1 new run" in text_of(signed_in(alice), path)
    assert "new run" not in text_of(signed_in(charlie), path)
    text_of(signed_in(alice), "/runs/news/?after=soon", status=404)


# -- the page of a run ------------------------------------------------------------------------


def test_the_page_of_a_finished_run_is_complete_without_a_script() -> None:
    earlier = work_off(make_run(name="Last week", models=["naive"]))
    run = work_off(make_run(name="Weekly refresh", models=["naive", "seasonal_naive"]))

    page = text_of(signed_in(User.objects.get(username="alice")), f"/runs/{run.pk}/")

    for words in (
        "Weekly refresh",
        "Done",
        "Frozen configuration",
        "Timeline",
        "Judge every model",
        "alice asked for 2 models on shop@1: 3 folds of 14 days.",
        "Seasonal naive won: WAPE",
        "Open comparison",
        "shop-production",
        "Last week",
    ):
        assert words in page
    assert f'href="/runs/new/?from={earlier.pk}"' in page
    assert 'href="#step-backtest"' in page
    assert "Run again" in page
    assert "Stop run" not in page


def test_what_a_step_said_is_read_by_those_who_see_the_run_and_holds_no_secret() -> None:
    def bake(context: StepContext) -> Done:
        context.report(0.5, "Kneading the dough")
        logging.getLogger("bakery").warning("Slow oven, token=abc123")
        return Done("Two loaves")

    make_version(by=make_user("owner")).dataset.readers.add(make_group("readers"))
    alice = make_user()
    alice.groups.add(make_group("readers"))
    step = PipelineStep("bake", "data", "Bake the bread", bake)
    with registry.contributing("pipeline_steps", step):
        run = work_off(make_run(by=alice))
        page = text_of(signed_in(alice), f"/runs/{run.pk}/")
    path = f"/runs/{run.pk}/steps/bake/log/"

    fragment = text_of(signed_in(alice), path, **{"HX-Request": "true"})

    said = ["Started", "Kneading the dough", "Warning: Slow oven, token=[secret]", "Two loaves"]
    places = [fragment.index(f"<span>{line}</span>") for line in said]
    assert places == sorted(places)
    assert "hx-get" not in fragment  # it has ended: nothing more to ask for
    assert f'href="{path}"' in page
    assert "Kneading the dough" not in page
    text_of(signed_in(make_user("charlie")), path, status=404)
    text_of(signed_in(alice), f"/runs/{run.pk}/steps/fry/log/", status=404)


def test_a_log_keeps_the_newest_lines() -> None:
    def count(context: StepContext) -> Done:
        for number in range(300):
            context.report(None, f"Line {number}")
        return Done("Counted")

    with registry.contributing("pipeline_steps", PipelineStep("count", "data", "Count", count)):
        run = work_off(make_run())

    lines = StepLog.objects.get(step__job=run.job, step__name="count").lines
    assert len(lines) == 200
    assert lines[-2].endswith("Line 299")


def test_a_stranger_finds_no_run() -> None:
    alice, charlie = make_user(), make_user("charlie")
    make_version(by=alice).dataset.readers.add(make_group("readers"))
    run = make_run(by=alice)
    client = signed_in(charlie)

    text_of(client, f"/runs/{run.pk}/", status=404)
    text_of(client, f"/runs/{run.pk}/actions/", status=404)
    assert client.post(f"/runs/{run.pk}/stop/").status_code == 404
    assert not event_streams.can_read(charlie, str(run.pk))


def test_a_viewer_sees_a_run_without_its_buttons() -> None:
    run = make_run()

    page = text_of(signed_in(make_user("bob", role="viewer")), f"/runs/{run.pk}/")

    assert "Stop run" not in page


def test_the_running_phase_is_open_and_says_how_far_it_is() -> None:
    run = make_run()
    assert run.job is not None
    run_job(run.job, rounds=1)
    step = run.steps.get(index=2)
    StepRun.objects.filter(pk=step.pk).update(status="running", started_at=timezone.now())
    run.job.steps.filter(name=step.name).update(progress=40, detail="Reading rows")

    page = text_of(signed_in(User.objects.get(username="alice")), f"/runs/{run.pk}/")

    assert f"Step 2 of {run.steps.count()}" in page
    assert "Reading rows" in page
    assert "no estimate yet" in page
    assert f'id="run-{run.pk}-phase-data" open' in page


def test_what_is_left_is_a_range_once_there_are_five_past_runs() -> None:
    runs = [make_run(models=["naive"]) for _ in range(6)]
    for run in runs[:5]:
        Run.objects.filter(pk=run.pk).update(status="succeeded")
        StepRun.objects.filter(run=run).update(outcome="pass", status="done", seconds=4)

    page = text_of(signed_in(User.objects.get(username="alice")), f"/runs/{runs[5].pk}/")

    assert "no estimate yet" not in page
    assert "s left" in page


def test_a_duration_is_compared_with_the_median_of_runs_of_the_same_size() -> None:
    runs = [make_run(models=["naive"]) for _ in range(7)]
    larger = {**runs[0].config, "folds": 9}
    Run.objects.filter(pk=runs[0].pk).update(status="succeeded", config=larger, seconds=900)
    for run, seconds in zip(runs[1:], (8, 9, 10, 11, 12, 14), strict=True):
        Run.objects.filter(pk=run.pk).update(status="succeeded", seconds=seconds)
        run.steps.update(outcome="pass", status="done", seconds=seconds / 2)

    page = text_of(signed_in(User.objects.get(username="alice")), f"/runs/{runs[6].pk}/")

    assert f"1.4 × the usual {figures.duration(10)} of 5 past runs" in page
    assert page.count("1.4 × the usual</span>") == runs[6].steps.count()


def test_what_a_run_has_not_made_is_named_with_the_reason() -> None:
    def fail(_context: StepContext) -> Done:
        raise StepFailed("The oven is cold.")

    step = PipelineStep("bake", "modeling", "Bake", fail, after=("train",), before=("backtest",))
    with registry.contributing("pipeline_steps", step):
        failed = work_off(make_run(models=["naive"]))
    done = work_off(make_run(models=["naive"]))
    Alias.objects.all().delete()
    Backtest.objects.all().delete()
    waiting = make_run(models=["naive"])
    client = signed_in(User.objects.get(username="alice"))

    place = {one.name: one.index for one in waiting.steps.all()}
    assert f"step {place['backtest'] + 1} was not reached" in text_of(client, f"/runs/{failed.pk}/")
    assert "deleted since" in text_of(client, f"/runs/{done.pk}/")
    assert f"comes with step {place['backtest']}" in text_of(client, f"/runs/{waiting.pk}/")


def test_a_failed_step_says_what_to_do_and_what_is_kept() -> None:
    def fail(_context: StepContext) -> Done:
        raise StepFailed("Needs 72 days, the dataset has 60.", hint="Use 2 folds.")

    step = PipelineStep("bake", "data", "Bake the bread", fail)
    with registry.contributing("pipeline_steps", step):
        run = work_off(make_run())
        page = text_of(signed_in(User.objects.get(username="alice")), f"/runs/{run.pk}/")

    place = run.steps.get(name="bake").index
    assert f"Failed at step {place}" in page
    assert "Needs 72 days, the dataset has 60. Use 2 folds." in page
    assert ("Step 1 is kept." if place == 2 else f"Steps 1 to {place - 1} are kept.") in page


def test_every_pushed_part_is_one_element_with_its_id_and_no_control() -> None:
    run = work_off(make_run(models=["naive"]))
    key = str(run.pk)
    phases = {f"phase-{one}" for one in run.steps.values_list("phase", flat=True)}

    for region in event_streams.RUNS.regions:
        if region.render is None:
            continue
        html = region.render(key).strip()
        if region.name.startswith("phase-") and region.name not in phases:
            assert html == ""  # a phase of the long table
            continue
        assert f'id="{region.element_id(key)}"' in html, region.name
        assert "<form" not in html, region.name
        assert "<button" not in html, region.name


def test_a_stream_of_nothing_is_not_readable() -> None:
    alice = make_user()

    assert not event_streams.can_read(alice, "abc")
    assert not event_streams.can_read(alice, "12")
    assert all(one.render is None or one.render("12") == "" for one in event_streams.RUNS.regions)


# -- starting and stopping --------------------------------------------------------------------


def test_an_empty_house_starts_over_simulated_sales_with_one_click() -> None:
    alice = make_user()

    signed_in(alice).post("/runs/new/", {"sales": "scenario:demo_minimal"})

    assert Run.objects.get().scenario == "demo_minimal"


def test_stop_asks_the_run_to_end() -> None:
    alice = make_user()
    run = make_run(by=alice)
    client = signed_in(alice)

    assert client.get(f"/runs/{run.pk}/stop/").status_code == 405
    assert client.post(f"/runs/{run.pk}/stop/").status_code == 302

    run.refresh_from_db()
    assert run.status == "cancelled"


def test_a_viewer_may_not_start_or_stop() -> None:
    run = make_run()
    client = signed_in(make_user("bob", role="viewer"))

    assert client.get("/runs/new/").status_code == 403
    assert client.post(f"/runs/{run.pk}/stop/").status_code == 403


# -- queries ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "most"), [("/", 38), ("/runs/", 12), ("/runs/{pk}/", 16)])
def test_pages_ask_the_database_no_more_when_there_are_more_runs(
    path: str, most: int, django_assert_max_num_queries: object
) -> None:
    alice = make_user()
    runs = [make_run(by=alice) for _ in range(8)]
    Run.objects.filter(pk__in=[one.pk for one in runs[:4]]).update(
        status="succeeded", finished_at=timezone.now() + timedelta(minutes=1)
    )
    client = signed_in(alice)
    address = path.format(pk=runs[-1].pk)
    client.get(address)

    with django_assert_max_num_queries(most):  # type: ignore[operator]
        client.get(address)
