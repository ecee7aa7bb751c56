"""Import profiles: saved by name, offered for the same columns, used by page and API."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.warehouse.domain.options import Options
from forecastlab.warehouse.models import ImportProfile
from forecastlab.warehouse.services import import_profiles
from tests.factories import make_user, run_job
from tests.warehouse.import_pages import (
    SALES,
    columns_of,
    facts_of,
    preview,
    shown,
    upload,
)
from tests.warehouse.test_import_command import folder as folder
from tests.warehouse.test_import_command import run_import

pytestmark = pytest.mark.slow


@pytest.fixture
def alice(client: Client, transactional_db: None) -> Client:
    client.force_login(make_user("alice"))
    return client


def test_a_profile_is_offered_for_the_same_columns(alice: Client) -> None:
    preview(alice, upload(alice).url, returns="missing", profile_name="weekly")
    turned = b"date,store,product,sales\n2024-01-01,A,1,3\n"

    same = alice.get(upload(alice, turned).url)
    none = columns_of(alice, f"{upload(alice).url}&profile=none")
    other = alice.get(upload(alice, SALES.replace(b"sales", b"units", 1)).url)

    assert "those of your profile" in same.content.decode()
    assert same.context["form"]["returns"].value() == "missing"
    assert same.context["form"]["role_0"].value() == "ds"
    assert none["returns"] == "keep"
    assert "those of your profile" not in other.content.decode()
    assert other.context["form"]["role_3"].value() == "quantity"


def test_a_preview_that_fails_saves_no_profile(alice: Client, upload_root: Path) -> None:
    address = upload(alice).url
    chosen = {**columns_of(alice, address), "profile_name": "weekly", "do": "preview"}
    alice.post(address, chosen)
    shutil.rmtree(upload_root)

    job = run_job(Job.objects.get())

    assert job.status == "failed"
    assert not ImportProfile.objects.exists()


def test_a_profile_can_be_chosen_for_other_columns(alice: Client) -> None:
    preview(alice, upload(alice).url, returns="missing", profile_name="weekly")

    chosen = columns_of(alice, f"{upload(alice, SALES + b'').url}&profile=weekly")

    assert chosen["returns"] == "missing"


def test_a_profile_saved_again_takes_the_place_of_the_first(alice: Client) -> None:
    preview(alice, upload(alice).url, returns="missing", profile_name="weekly")
    preview(alice, upload(alice).url, returns="reject", profile_name=" weekly ")

    profile = ImportProfile.objects.get()

    assert profile.options["returns"] == "reject"


def test_profiles_are_listed_and_deleted_by_their_owner_alone(alice: Client) -> None:
    preview(alice, upload(alice).url, profile_name="weekly")
    profile = ImportProfile.objects.get()
    own = shown(alice, "/imports/profiles/")
    alice.force_login(make_user("charlie"))
    others = shown(alice, "/imports/profiles/")
    forged = alice.get(f"{upload(alice).url}&profile=weekly")
    refused = alice.post(f"/imports/profiles/{profile.pk}/delete/")
    alice.force_login(profile.created_by)
    deleted = alice.post(f"/imports/profiles/{profile.pk}/delete/", follow=True)

    assert "weekly" in own
    assert "weekly" not in others
    assert forged.status_code == 422
    assert "You have no import profile" in forged.content.decode()
    assert refused.status_code == 404
    assert "No profiles yet" in deleted.content.decode()


def test_the_api_reads_by_a_profile_and_what_is_said_goes_before_it(alice: Client) -> None:
    preview(alice, upload(alice).url, returns="missing", profile_name="weekly", role_1="")
    spoilt = SALES.replace(b",4\n", b",-4\n")

    def send(name: str, **more: str) -> Any:
        file = SimpleUploadedFile("sales.csv", spoilt)
        return alice.post("/api/v1/datasets", {"name": name, "file": file, **more})

    for name, more in {"first": {}, "second": {"returns": "keep"}}.items():
        assert send(name, profile="weekly", **more).status_code == 202
        run_job(Job.objects.latest("pk"))
    refused = send("third", profile="monthly")

    facts = [
        sorted(facts_of(name), key=lambda one: (one is None, one)) for name in ("first", "second")
    ]
    assert facts == [[3, 5, None], [-4, 3, 5]]
    assert refused.status_code == 422
    assert refused.json()["field"] == "profile"
    assert "Yours: weekly" in refused.json()["detail"] + refused.json().get("hint", "")


def test_the_command_reads_by_a_profile_and_what_is_said_goes_before_it(
    folder: Path, upload_root: Path
) -> None:
    alice = User.objects.get(username="alice")
    kept = Options(
        placed=["store=Filiale", "product=Artikel", "ds=Tag", "quantity=Menge"],
        dates="day first",
        returns="reject",
        guess=False,
    )
    import_profiles.save("till", ["Filiale"], kept, by=alice, at=timezone.now())
    path = folder / "till.csv"
    path.write_text("Filiale,Artikel,Tag,Menge,Korb\nA,1,01/02/2024,3,9\nA,1,02/02/2024,-4,8\n")

    refused = run_import("shop", str(path), "--profile", "till")
    code, told = run_import(
        *("shop", str(path), "--profile", "till", "--returns", "keep", "--map", "quantity=Korb")
    )
    unknown = run_import("shop", str(path), "--profile", "mine")

    assert refused[0] == 2
    assert "is negative" in refused[1]["error"]["detail"]
    assert code == 0, told
    assert (told["first"], told["last"]) == ("2024-02-01", "2024-02-02")
    assert sorted(facts_of("shop")) == [8, 9]
    assert unknown[1]["error"]["field"] == "profile"
    assert "Yours: till" in unknown[1]["error"]["detail"]
