"""How a file is read, as its page offers it, and what cannot be."""

from __future__ import annotations

import html
import io
import shutil
import time
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from forecastlab.jobs.models import Job
from forecastlab.warehouse.models import DatasetVersion, SalesFact
from tests.factories import make_user
from tests.warehouse.import_pages import (
    REST,
    ROLES,
    SALES,
    accept,
    columns_of,
    facts_of,
    preview,
    shown,
    upload,
)
from tests.warehouse.torture import ODD_FILES


@pytest.fixture
def alice(client: Client, transactional_db: None) -> Client:
    client.force_login(make_user("alice"))
    return client


# -- what goes wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"\x89PNG\r\n", "shop", "is a PNG picture"),
        (b"", "shop", "is empty"),
        (SALES, "Not A Name", "is not a name for a dataset"),
    ],
)
def test_a_bad_upload_is_refused_in_its_field(
    alice: Client, upload_root: Path, content: bytes, name: str, sentence: str
) -> None:
    answer = upload(alice, content, name=name)

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not upload_root.exists() or not list(upload_root.iterdir())


def test_a_bad_further_file_is_refused_in_its_field_and_leaves_nothing(
    alice: Client, upload_root: Path
) -> None:
    answer = upload(alice, stores=SimpleUploadedFile("stores.png", b"\x89PNG\r\n"))

    assert answer.status_code == 422
    assert "is a PNG picture" in str(answer.context["form"].errors["stores"])
    assert not list(upload_root.iterdir())


def test_for_htmx_an_upload_is_the_form_again_or_the_next_address(alice: Client) -> None:
    headers = {"HX-Request": "true"}
    file = SimpleUploadedFile("sales.csv", SALES)

    refused = alice.post("/imports/new/", {"name": "No Name", "file": file}, headers=headers)
    file.seek(0)
    taken = alice.post("/imports/new/", {"name": "shop", "file": file}, headers=headers)

    assert refused.status_code == 422
    assert "<html" not in refused.content.decode()
    assert taken.status_code == 204
    assert taken.headers["HX-Redirect"].startswith("/imports/map/?file=")


@pytest.mark.parametrize(
    ("left_out", "sentence"),
    [
        ("role_2", "No column is the date"),
        ("role_3", "No column is the quantity sold"),
        ("role_0 role_1", "No column tells series apart"),
    ],
)
def test_a_mapping_without_a_role_is_refused_with_what_was_chosen_kept(
    alice: Client, left_out: str, sentence: str
) -> None:
    address = upload(alice).url
    chosen = {**columns_of(alice, address), **dict.fromkeys(left_out.split(), ""), **REST}

    answer = alice.post(address, {**chosen, "returns": "missing", "divisor_3": "2"})

    form = answer.context["form"]
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert form["returns"].value() == "missing"
    assert form["divisor_3"].value() == "2"
    assert form["role_0"].value() == chosen.get("role_0", "")
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("dates", "month last", "does not say how dates are written"),
        ("encoding", "utf-16", "is not UTF-16"),
        ("timezone", "Mars/Olympus", "There is no time zone"),
        ("role_3", "colour", "Select a valid choice"),
        ("divisor_3", "0", "greater than or equal to"),
        ("profile_name", "x" * 101, "at most 100 characters"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_with_the_others_kept(
    alice: Client, field: str, value: str, sentence: str
) -> None:
    address = upload(alice).url
    chosen = {**columns_of(alice, address), "returns": "missing", field: value}

    answer = alice.post(address, {**chosen, "do": "preview"})

    assert answer.status_code == 422
    assert sentence in html.unescape(answer.content.decode())
    assert answer.context["form"]["returns"].value() == "missing"
    assert not Job.objects.exists()


def test_an_upload_belongs_to_its_uploader(alice: Client) -> None:
    to_map, looked = upload(alice), preview(alice, upload(alice).url)
    alice.force_login(make_user("charlie"))

    assert alice.get(to_map.url).url == "/imports/new/?name=shop"
    assert alice.post(to_map.url, ROLES).url == "/imports/new/?name=shop"
    assert alice.get("/imports/map/?file=forged").url == "/imports/new/?name="
    assert alice.get(f"/imports/{looked.pk}/preview/").status_code == 404
    assert alice.post(f"/imports/{looked.pk}/preview/import/").status_code == 404
    assert alice.get(f"/imports/{looked.pk}/problems.csv").status_code == 404


def test_the_columns_of_a_file_that_is_gone_lead_to_the_upload(alice: Client) -> None:
    to_map = upload(alice)
    accept(alice, preview(alice, to_map.url))

    page = alice.get(to_map.url, follow=True).content.decode()

    assert "The uploaded file is no longer there: choose it again." in page
    assert 'name="file"' in page


def test_the_choices_of_somebody_else_are_not_begun_with(alice: Client) -> None:
    looked = preview(alice, upload(alice).url)
    alice.force_login(make_user("charlie"))
    own = upload(alice).url

    assert alice.get(f"{own}&preview={looked.pk}").status_code == 404
    assert alice.get(f"{own}&preview=x").status_code == 404


def test_an_expired_ticket_says_to_choose_the_file_again(
    alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, tomorrow = upload(alice).url, time.time() + 25 * 3600
    monkeypatch.setattr(signing.time, "time", lambda: tomorrow)

    answer = alice.get(address, follow=True)

    assert answer.redirect_chain == [("/imports/new/?name=shop", 302)]
    assert "choose it again" in answer.content.decode()


def test_a_preview_whose_file_was_swept_says_what_to_do(alice: Client, upload_root: Path) -> None:
    looked = preview(alice, upload(alice).url)
    shutil.rmtree(upload_root)

    page = shown(alice, f"/imports/{looked.pk}/preview/")
    pressed = alice.post(f"/imports/{looked.pk}/preview/import/", follow=True)

    assert "Import into shop" not in page
    assert "Upload a corrected file" in page
    assert "choose it again" in pressed.content.decode()


def test_a_viewer_may_not_import(alice: Client) -> None:
    address, looked = upload(alice).url, preview(alice, upload(alice).url)
    alice.force_login(make_user("vera", role="viewer"))

    for path in (address, f"/imports/{looked.pk}/preview/", "/imports/profiles/"):
        assert alice.get(path).status_code == 403


# -- how it is read ----------------------------------------------------------------------------

GERMAN = "Filiale;Artikel;Datum;Menge\nKöln;1;31.12.2024;1,5\nKöln;1;01.01.2025;2,5\n"


def test_what_is_guessed_is_said_and_can_be_changed(alice: Client) -> None:
    page = html.unescape(shown(alice, upload(alice, GERMAN.encode("cp1252")).url))

    assert "Guess: Windows-1252" in page
    assert "Köln" in page
    assert "Guess: long" in page


def test_another_encoding_shows_other_headings_and_keeps_what_still_fits(alice: Client) -> None:
    text = "Größe;Artikel;Datum;Menge\nA;1;2024-12-31;1\nA;1;2025-01-01;2\n"
    address = upload(alice, text.encode("cp1252")).url
    chosen = {**columns_of(alice, address), "role_0": "store", "role_1": "product"}
    chosen |= {"role_2": "ds", "role_3": "quantity", "returns": "missing"}

    looked = alice.post(address, {**chosen, "encoding": "cp850", "do": "look"})
    pressed = alice.post(address, {**chosen, "encoding": "cp850", "do": "preview"})

    form = looked.context["form"]
    assert looked.status_code == 200
    assert form.look.headings[0] != "Größe"
    assert form["role_0"].value() == ""
    assert form["role_3"].value() == "quantity"
    assert form["returns"].value() == "missing"
    assert "the file has other columns" in pressed.content.decode()
    assert not Job.objects.exists()


def test_a_wide_file_shows_its_keys_and_imports(alice: Client) -> None:
    wide = b"id,2024-01-01,2024-01-08,2024-01-15\nA,1,2,3\nB,4,5,6\n"
    address = upload(alice, wide).url

    page = shown(alice, address)
    job = accept(alice, preview(alice, address))

    version = DatasetVersion.objects.get()
    assert "Guess: wide" in page
    assert "3 more columns hold a quantity each: 2024-01-01 to 2024-01-15" in page
    assert "Guess: week" in page
    assert job.status == "succeeded", job.error
    assert (version.rows, version.series_count, version.frequency) == (6, 2, "W")


def test_m4_with_its_test_file_asks_for_the_frequency(alice: Client) -> None:
    train = b"V1,V2,V3,V4\nW1,1,2,3\nW2,4,5,\n"
    test = SimpleUploadedFile("test.csv", b"V1,V2\nW1,4\nW2,6\n")
    address = upload(alice, train, test=test).url

    page = shown(alice, address)
    refused = alice.post(address, {**columns_of(alice, address), "do": "preview"})
    job = accept(alice, preview(alice, address, frequency="W"))

    assert "with test.csv" in page
    assert "nothing to guess the frequency from" in str(refused.context["form"].errors["frequency"])
    assert job.status == "succeeded", job.error
    facts = SalesFact.objects.filter(version_id=DatasetVersion.objects.get().pk)
    assert facts.filter(held_back=True).count() == 2


def test_a_parquet_file_shows_whatever_its_columns_hold(alice: Client) -> None:
    file = io.BytesIO()
    days = [date(2024, 1, 1), date(2024, 1, 2)]
    more = {"parts": [[1, 2], [3]], "sold/2": [3.5, None], "blob": [b"a", None]}
    pl.DataFrame({"item": ["A", "A"], "day": days, **more}).write_parquet(file)
    address = upload(alice, file.getvalue(), called="sales.parquet").url

    page = html.unescape(shown(alice, address))
    job = accept(alice, preview(alice, address, role_3="quantity", divisor_3="0.5"))

    assert "[1, 2]" in page
    assert job.status == "succeeded", job.error
    assert facts_of("shop") == [7, None]


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["long", "wide", "m4"])
def test_every_file_can_be_looked_at_in_every_layout(alice: Client, layout: str) -> None:
    contents = (SALES, b"date\n2024-01-01\n", b"a,a,b\n1,2,3\n", b"V1\nW1\n", b"x;y\n;\n1;2\n")
    contents += (ODD_FILES["thousands.csv"].content,)
    for content in contents:
        address = upload(alice, content).url

        seen = alice.post(address, {**columns_of(alice, address), "layout": layout, "do": "look"})
        pressed = alice.post(address, {**columns_of(alice, address), "layout": layout})

        assert seen.status_code in (200, 422)
        assert pressed.status_code in (200, 302, 422)
