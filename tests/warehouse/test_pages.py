from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from forecastlab.jobs.models import Job
from forecastlab.warehouse.models import DatasetVersion
from tests.factories import make_group, make_user, make_version, run_job

SALES = b"store,product,date,sales\nA,1,2024-01-01,3\nA,1,2024-01-02,4\nB,1,2024-01-01,5\n"


@pytest.fixture
def alice(client: Client, transactional_db: None) -> Client:
    client.force_login(make_user("alice"))
    return client


def upload(client: Client, content: bytes = SALES, *, name: str = "shop") -> Any:
    file = SimpleUploadedFile("sales.csv", content)
    return client.post("/imports/new/", {"name": name, "file": file})


def test_an_empty_list_offers_the_upload(alice: Client) -> None:
    page = alice.get("/datasets/").content.decode()

    assert "No datasets yet" in page
    assert "/imports/new/" in page


def test_the_list_is_searched_sorted_and_counted(alice: Client) -> None:
    for name in ("apples", "pears"):
        make_version(name=name)

    page = alice.get("/datasets/?search=app&sort=-rows").content.decode()
    nothing = alice.get("/datasets/?search=xyz").content.decode()

    assert "apples" in page
    assert "pears" not in page
    assert "2 match without" in nothing


def test_the_fragment_of_the_list_is_not_a_page(alice: Client) -> None:
    make_version()

    fragment = alice.get("/datasets/", headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in fragment
    assert 'id="datasets"' in fragment


def test_a_dataset_shows_its_facts_versions_and_series(alice: Client) -> None:
    version = make_version()

    page = alice.get(f"/datasets/{version.dataset.name}/").content.decode()
    old = alice.get(f"/datasets/{version.dataset.name}/1/")
    found = alice.get(f"/datasets/{version.dataset.name}/?search=S0").content.decode()

    assert "S0:P0" in page
    assert version.content_hash in page
    assert 'class="spark"' in page
    assert old.status_code == 200
    assert "S0:P0" in found


def test_what_is_not_there_is_not_found(alice: Client) -> None:
    make_version(name="shop")

    assert alice.get("/datasets/absent/").status_code == 404
    assert alice.get("/datasets/shop/9/").status_code == 404
    assert alice.get("/imports/999/").status_code == 404
    assert alice.post("/datasets/").status_code == 405


def test_a_dataset_with_readers_is_seen_by_owner_and_readers_only(alice: Client) -> None:
    version = make_version(by=make_user("owner"))
    version.dataset.readers.add(make_group("readers"))
    bob, charlie = make_user("bob"), make_user("charlie")
    bob.groups.add(make_group("readers"))

    seen = {
        user: DatasetVersion.objects.visible_to(user).count()
        for user in (version.created_by, bob, charlie)
    }
    alice.force_login(charlie)

    assert list(seen.values()) == [1, 1, 0]
    assert alice.get("/datasets/shop/").status_code == 404
    assert "is taken" in upload(alice, name="shop").content.decode()


def test_a_viewer_sees_why_he_cannot_upload(alice: Client) -> None:
    alice.force_login(make_user("vera", role="viewer"))

    assert "This needs one of the roles" in alice.get("/datasets/").content.decode()
    assert alice.get("/imports/new/").status_code == 403


def test_api_lists_reads_and_imports(alice: Client) -> None:
    make_version(name="apples")
    file = SimpleUploadedFile("sales.csv", SALES)

    started = alice.post("/api/v1/datasets", {"name": "shop", "file": file})
    run_job(Job.objects.get())

    assert started.status_code == 202, started.content
    assert started.json()["dataset"] == "shop"
    assert alice.get("/api/v1/datasets/shop").json()["rows"] == 3
    listed = alice.get("/api/v1/datasets?limit=1").json()
    assert [one["dataset"] for one in listed["items"]] == ["apples"]
    following = alice.get(f"/api/v1/datasets?cursor={listed['next']}").json()
    assert [one["dataset"] for one in following["items"]] == ["shop"]
    assert len(alice.get("/api/v1/datasets/shop/versions").json()["items"]) == 1


def test_api_refuses_a_bad_file_and_keeps_nothing(alice: Client, upload_root: Path) -> None:
    file = SimpleUploadedFile("sales.csv", SALES)

    answer = alice.post("/api/v1/datasets", {"name": "shop", "file": file, "map": "colour=sales"})

    assert answer.status_code == 422
    assert "is not a role" in answer.json()["detail"]
    assert alice.get("/api/v1/datasets/absent").status_code == 404
    assert not list(upload_root.iterdir())
