"""Renaming a dataset, saying who reads it, deleting it or one of its versions."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from forecastlab.forecasting.models import Backtest
from forecastlab.forecasting.services import forecasts
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.lib import registry
from forecastlab.lib.contributions import Referrer
from forecastlab.warehouse import queries
from forecastlab.warehouse.models import Dataset, DatasetVersion, Series
from forecastlab.warehouse.services import datasets
from tests.factories import (
    make_group,
    make_job,
    make_run,
    make_user,
    make_version,
    run_job,
    work_off,
)
from tests.jobs.concurrency import overlapping

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def alice() -> User:
    return make_user("alice")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def kinds(dataset_id: int) -> list[str]:
    events = Event.objects.filter(stream=f"dataset.{dataset_id}")
    return list(events.order_by("seq").values_list("kind", flat=True))


def partitions() -> set[str]:
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass"
    with connection.cursor() as cursor:
        cursor.execute(query, ["warehouse_salesfact"])
        return {name for (name,) in cursor.fetchall()}


# -- renaming ---------------------------------------------------------------------------------


def test_a_renamed_dataset_is_found_by_both_names(alice: User) -> None:
    version = make_version(by=alice)

    answer = signed_in(alice).post("/datasets/shop/rename/", {"name": "store"})

    assert answer.url == "/datasets/store/settings/"
    assert queries.resolve("store", alice) == version
    assert queries.resolve("shop@1", alice) == version
    assert signed_in(alice).get("/datasets/shop/").status_code == 200
    event = Event.objects.get(kind="dataset.renamed")
    assert (event.payload, event.actor) == ({"from": "shop", "to": "store"}, alice)


def test_runs_over_a_renamed_dataset_start_by_the_old_name(alice: User) -> None:
    version = make_version(by=alice)
    datasets.rename(version.dataset, name="store", by=alice, at=timezone.now())

    run = work_off(make_run(by=alice, dataset="shop"))

    assert run.version == version
    assert run.status == "succeeded"


def test_a_name_that_is_or_was_somebody_elses_is_taken(alice: User) -> None:
    make_version(by=alice)
    other = make_version(name="other", by=make_user("bob"))
    datasets.rename(other.dataset, name="new", by=other.created_by, at=timezone.now())
    client = signed_in(alice)

    for name, said in [("new", "taken"), ("other", "taken"), ("No Name", "not a name")]:
        answer = client.post("/datasets/shop/rename/", {"name": name})
        assert said in answer.content.decode()
        assert answer.status_code in {409, 422}

    assert Dataset.objects.filter(name="shop").exists()


def test_a_dataset_takes_its_old_name_back(alice: User) -> None:
    dataset = make_version(by=alice).dataset

    for name in ("store", "shop"):
        dataset = datasets.rename(dataset, name=name, by=alice, at=timezone.now())

    assert (dataset.name, dataset.former_names) == ("shop", ["store"])


def test_nothing_is_renamed_or_deleted_under_work(alice: User) -> None:
    version = make_version(by=alice)
    job = make_job("import", by=alice, exclusive="dataset:shop", dataset="shop", upload="x")
    client = signed_in(alice)

    renamed = client.post("/datasets/shop/rename/", {"name": "store"})
    deleted = client.post("/datasets/shop/delete/", {"typed": "shop"})

    for answer in (renamed, deleted):
        assert answer.status_code == 409
        assert f"Job {job.pk} works on &#x27;shop&#x27;" in answer.content.decode()
    assert DatasetVersion.objects.get() == version


# -- readers ----------------------------------------------------------------------------------


def test_readers_are_set_and_taken_away(alice: User) -> None:
    dataset = make_version(by=alice).dataset
    group = make_group("readers")
    bob = make_user("bob")

    signed_in(alice).post("/datasets/shop/readers/", {"readers": [group.pk]})
    hidden = signed_in(bob).get("/datasets/shop/").status_code
    bob.groups.add(group)
    seen = signed_in(bob).get("/datasets/shop/").status_code
    signed_in(alice).post("/datasets/shop/readers/", {})

    assert (hidden, seen) == (404, 200)
    assert not dataset.readers.exists()
    assert kinds(dataset.pk) == ["dataset.readers_changed", "dataset.readers_changed"]


@pytest.mark.parametrize("role", ["viewer", "approver", "operator", "planner", "admin", "owner"])
def test_only_the_owner_and_admins_change_a_dataset(role: str) -> None:
    owner = make_user("owner")
    make_version(by=owner)
    make_version(by=owner)
    user = owner if role == "owner" else make_user("alice", role=role)
    client, allowed = signed_in(user), role in {"owner", "admin"}
    posts: list[tuple[str, dict[str, Any]]] = [
        ("/datasets/shop/readers/", {}),
        ("/datasets/shop/1/delete/", {"typed": "shop@1"}),
        ("/datasets/shop/rename/", {"name": "store"}),
        ("/datasets/store/delete/" if allowed else "/datasets/shop/delete/", {"typed": "store"}),
    ]

    found = {client.post(url, body).status_code for url, body in posts}

    assert found == ({302} if allowed else {403})
    assert Dataset.objects.exists() != allowed


def test_who_may_not_change_a_dataset_is_told_who_may() -> None:
    make_version(by=make_user("owner"))

    page = signed_in(make_user("alice")).get("/datasets/shop/settings/").content.decode()

    assert "Only owner, who made it, and admins" in page
    assert 'name="typed"' not in page


# -- deleting ---------------------------------------------------------------------------------


def test_a_dataset_is_deleted_with_all_that_was_in_it(alice: User) -> None:
    make_version(by=alice)
    version = make_version(by=alice)
    before = partitions()

    answer = signed_in(alice).post("/datasets/shop/delete/", {"typed": "shop"})

    assert answer.status_code == 302
    assert not Dataset.objects.exists()
    assert not Series.objects.exists()
    assert len(before) - len(partitions()) == 2
    assert kinds(version.dataset_id) == ["dataset.deleted"]


def test_without_its_name_nothing_is_deleted(alice: User) -> None:
    make_version(by=alice)
    client = signed_in(alice)

    for url in ("/datasets/shop/delete/", "/datasets/shop/1/delete/"):
        for typed in ("", "Shop", "shops"):
            answer = client.post(url, {"typed": typed})
            assert answer.status_code == 422
            assert "Nothing was deleted" in answer.content.decode()

    assert client.get("/datasets/shop/delete/").status_code == 405
    assert DatasetVersion.objects.count() == 1


def test_a_deleted_number_is_not_given_again(alice: User) -> None:
    first, second = make_version(by=alice), make_version(by=alice)
    Dataset.objects.update(last_number=2)

    datasets.delete_version(second, typed="shop@2", by=alice, at=timezone.now())

    assert queries.resolve("shop", alice) == first
    assert Dataset.objects.get().last_number == 2
    assert kinds(first.dataset_id) == ["version.dropped"]


def test_the_only_version_takes_its_dataset_along(alice: User) -> None:
    make_version(by=alice)

    answer = signed_in(alice).post("/datasets/shop/1/delete/", {"typed": "shop@1"})

    assert answer.url == "/datasets/"
    assert not Dataset.objects.exists()


def test_what_runs_models_and_forecasts_came_from_stays(alice: User) -> None:
    make_version(by=alice)
    run = work_off(make_run(by=alice))
    client = signed_in(alice)

    refused = client.post("/datasets/shop/delete/", {"typed": "shop"})
    page = client.get("/datasets/shop/1/delete/").content.decode()

    said = refused.content.decode()
    assert refused.status_code == 409
    assert "shop@1 cannot be deleted: alias" in said
    assert f"run {run.pk} was made from it" in page
    assert "1 backtest was judged on it" in page
    asked: Any = {"data": {"confirm": "shop"}, "content_type": "application/json"}
    by_api = client.delete("/api/v1/datasets/shop", **asked)
    assert (by_api.status_code, by_api.json()["code"]) == (409, "held")
    assert by_api.json()["detail"] in html.unescape(said)
    root = signed_in(make_user("root", role="admin"))
    by_admin = root.post("/datasets/shop/delete/", {"typed": "shop"})
    assert by_admin.status_code == 409
    assert by_api.json()["detail"] in html.unescape(by_admin.content.decode())
    assert root.post(f"/admin/warehouse/dataset/{run.dataset_id}/delete/").status_code == 403
    assert Backtest.objects.exists()
    assert DatasetVersion.objects.exists()


def test_forecasts_without_a_run_hold_their_version(alice: User) -> None:
    version = make_version(by=alice)
    run_job(forecasts.start(version, horizon=7, alias="", by=alice, at=timezone.now()))

    page = signed_in(alice).get("/datasets/shop/1/delete/").content.decode()

    assert "1 set of forecasts was issued from it" in page
    assert "alias &#x27;shop-production&#x27; serves forecasts from it" in page


def test_any_app_may_hold_a_version(alice: User) -> None:
    version = make_version(by=alice)
    holder = Referrer("plans", lambda kind, pk: [f"plan 7 needs {kind} {pk}"])

    with registry.contributing("referrers", holder):
        answer = signed_in(alice).post("/datasets/shop/delete/", {"typed": "shop"})

    assert f"plan 7 needs dataset_version {version.pk}" in answer.content.decode()


def test_work_that_starts_and_a_deletion_know_of_each_other(alice: User) -> None:
    """Whoever is first wins, wherever the other one is: a conflict, or nothing to work on."""
    client, json = signed_in(alice), {"content_type": "application/json"}

    for kind in ("runs", "backtests", "forecasts"):
        name = f"shop-{kind}"

        def start(kind: str = kind, name: str = name) -> Any:
            return client.post(f"/api/v1/{kind}", {"dataset": name}, **json)

        def delete(name: str = name) -> Any:
            return client.delete(f"/api/v1/datasets/{name}", {"confirm": name}, **json)

        make_version(name=name, by=alice)
        gone, late = overlapping(delete, start)
        make_version(name=name, by=alice)
        started, refused = overlapping(start, delete)

        assert (gone.status_code, late.status_code) == (204, 404)
        assert (started.status_code, refused.status_code) in {(201, 409), (202, 409)}
        assert f"job {Job.objects.latest('pk').pk} " in refused.json()["detail"].lower()


def test_of_two_deletions_at_once_the_later_one_finds_nothing(alice: User) -> None:
    client = signed_in(alice)
    make_version(by=alice)

    def delete(path: str) -> Any:
        return client.delete(f"/api/v1/datasets/{path}", {"confirm": path}, "application/json")

    def rename() -> Any:
        return client.patch("/api/v1/datasets/shop", {"name": "till"}, "application/json")

    gone, late = overlapping(lambda: delete("shop"), lambda: delete("shop"))
    make_version(by=alice)
    _, renamed = overlapping(lambda: delete("shop"), rename)

    assert (gone.status_code, late.status_code, renamed.status_code) == (204, 404, 404)


def test_work_on_a_version_that_is_gone_says_so(alice: User) -> None:
    version = make_version(by=alice)
    job = forecasts.start(version, horizon=7, alias="", by=alice, at=timezone.now())
    version.series_profiles.all().delete()

    assert "This version has just been deleted" in run_job(job).error["detail"]


def test_jobs_of_a_deleted_dataset_are_nobodys_business(alice: User) -> None:
    """The name is free then, and somebody else's dataset must not open them."""
    version = make_version(by=alice)
    version.dataset.readers.add(make_group("readers"))
    job = make_job("import", by=alice, dataset="shop", upload="x")
    jobs.cancel(job, by=alice, at=timezone.now())

    datasets.delete(version.dataset, typed="shop", by=alice, at=timezone.now())
    bob = make_user("bob")
    make_version(by=bob)

    assert signed_in(bob).get(f"/jobs/{job.pk}/").status_code == 404
    assert signed_in(alice).get(f"/jobs/{job.pk}/").status_code == 200
    assert Job.objects.get().params["dataset"] == "shop (deleted)"


def test_jobs_of_a_renamed_dataset_follow_its_readers(alice: User) -> None:
    version = make_version(by=alice)
    version.dataset.readers.add(make_group("readers"))
    job = make_job("import", by=alice, dataset="shop", upload="x")

    datasets.rename(version.dataset, name="store", by=alice, at=timezone.now())

    assert signed_in(make_user("bob")).get(f"/jobs/{job.pk}/").status_code == 404


def test_the_admin_pages_lead_to_the_settings_of_one_dataset() -> None:
    dataset = make_version(by=make_user("owner")).dataset
    client = signed_in(make_user("alice", role="admin"))
    chosen = {"action": "change_one", "_selected_action": [dataset.pk]}

    answer = client.post("/admin/warehouse/dataset/", chosen)

    assert answer.url == "/datasets/shop/settings/"


# -- by API -----------------------------------------------------------------------------------


def test_the_api_renames_lists_compares_and_deletes(alice: User) -> None:
    make_version(by=alice)
    make_version(by=alice)
    client, json = signed_in(alice), {"content_type": "application/json"}

    changed = client.patch(
        "/api/v1/datasets/shop", {"name": "store", "readers": ["planner"]}, **json
    )
    listed = client.get("/api/v1/datasets/store/versions").json()["items"]
    compared = client.get("/api/v1/datasets/store/difference?before=1&after=2").json()
    unsure = client.delete("/api/v1/datasets/store", {"confirm": "shop"}, **json)
    one = client.delete("/api/v1/datasets/store/versions/1", {"confirm": "store@1"}, **json)
    all_of_it = client.delete("/api/v1/datasets/store", {"confirm": "store"}, **json)

    assert changed.json()["dataset"] == "store"
    assert [row["mode"] for row in listed] == ["replace", "replace"]
    assert compared["difference"]["rows"]["kept"] > 0
    assert (unsure.status_code, unsure.json()["code"]) == (422, "not_confirmed")
    assert (one.status_code, all_of_it.status_code) == (204, 204)
    assert not Dataset.objects.exists()


def test_the_api_changes_all_or_nothing(alice: User) -> None:
    make_version(by=alice)
    body = {"name": "store", "readers": ["nobody"]}

    answer = signed_in(alice).patch("/api/v1/datasets/shop", body, content_type="application/json")

    assert answer.json()["field"] == "readers"
    assert Dataset.objects.get().name == "shop"
