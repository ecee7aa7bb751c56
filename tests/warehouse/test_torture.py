"""A folder of bad and odd files: each is told in plain words what is wrong, or imported right."""

from __future__ import annotations

import html
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import strip_tags

from forecastlab.jobs.models import Job
from forecastlab.warehouse import queries
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.queries.wording import on_page
from tests.factories import make_user, run_job
from tests.warehouse.test_import_command import nothing_is_left, partitions, run_import
from tests.warehouse.torture import BAD_FILES, ODD_FILES, READ, UPLOADED, Bad

REFUSED_AT_THE_DOOR = [name for name, bad in BAD_FILES.items() if bad.seen == UPLOADED]
REFUSED_LATER = [name for name, bad in BAD_FILES.items() if bad.seen == READ]
# Every fourth goes through the API as well, which receives an upload as the page does.
SOME_BAD = REFUSED_LATER[::4]
SOME_ODD = list(ODD_FILES)[::4]


@pytest.fixture
def folder(tmp_path: Path, worker: None) -> Path:
    make_user("alice")
    return tmp_path


@pytest.fixture
def alice(client: Client, db: None) -> Client:
    client.force_login(make_user("alice"))
    return client


def arguments(options: dict[str, Any]) -> list[str]:
    return [
        part
        for name, value in options.items()
        for one in (value if isinstance(value, list) else [value])
        for part in (f"--{name}", one)
    ]


def assert_told(bad: Bad, message: str) -> None:
    missing = [words for words in bad.told if words not in message]
    assert not missing, message


def assert_nothing_is_left(upload_root: Path, before: list[str]) -> None:
    assert nothing_is_left(upload_root, before), list(upload_root.rglob("*"))


def assert_imported(name: str, told: dict[str, Any], upload_root: Path) -> None:
    odd = ODD_FILES[name]
    assert {key: told[key] for key in odd.figures} == odd.figures
    if odd.quantity is not None:
        version = DatasetVersion.objects.get()
        assert queries.facts(version, ("quantity",))["quantity"].to_list() == odd.quantity
    notes = [(one["code"], one["message"]) for one in told["problems"]]
    missing = [
        (code, words)
        for code, words in odd.notes.items()
        if not any(code == one and words in message for one, message in notes)
    ]
    assert not missing, notes
    assert not list(upload_root.rglob("*"))


def test_the_folder_is_large_enough() -> None:
    assert len(BAD_FILES) >= 40
    assert len(ODD_FILES) >= 40


def assert_refused(name: str, folder: Path, upload_root: Path) -> None:
    bad, before = BAD_FILES[name], partitions()
    (folder / name).write_bytes(bad.content)

    code, answer = run_import("shop", str(folder / name), *arguments(bad.options))

    assert code == 2, answer
    assert_told(bad, answer["error"]["detail"])
    assert str(upload_root) not in answer["error"]["detail"]
    assert_nothing_is_left(upload_root, before)


@pytest.mark.parametrize("name", REFUSED_LATER)
def test_a_bad_file_is_told_what_is_wrong_and_leaves_nothing(
    folder: Path, upload_root: Path, name: str
) -> None:
    assert_refused(name, folder, upload_root)


@pytest.mark.parametrize("name", REFUSED_AT_THE_DOOR)
def test_what_is_no_table_is_refused_before_any_work_begins(
    alice: Client, tmp_path: Path, upload_root: Path, name: str
) -> None:
    assert_refused(name, tmp_path, upload_root)


@pytest.mark.parametrize("name", ODD_FILES)
def test_an_odd_file_is_imported_as_it_was_meant(
    folder: Path, upload_root: Path, name: str
) -> None:
    (folder / name).write_bytes(ODD_FILES[name].content)

    code, told = run_import("shop", str(folder / name), *arguments(ODD_FILES[name].options))

    assert code == 0, told
    assert_imported(name, told, upload_root)


@pytest.mark.parametrize("name", REFUSED_AT_THE_DOOR)
def test_the_page_refuses_what_is_no_table_in_its_field(
    alice: Client, upload_root: Path, name: str
) -> None:
    bad, before = BAD_FILES[name], partitions()
    file = SimpleUploadedFile(name, bad.content)

    answer = alice.post("/imports/new/", {"name": "shop", "file": file})

    assert answer.status_code == 422
    told = replace(bad, told=tuple(on_page(one) for one in bad.told))
    assert_told(told, strip_tags(html.unescape(answer.content.decode())))
    assert_nothing_is_left(upload_root, before)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", [*SOME_BAD, *SOME_ODD])
def test_an_upload_ends_as_the_command_does(alice: Client, upload_root: Path, name: str) -> None:
    case, before = BAD_FILES.get(name) or ODD_FILES[name], partitions()
    file = SimpleUploadedFile(name, case.content)

    answer = alice.post("/api/v1/datasets", {"name": "shop", "file": file, **case.options})
    job = run_job(Job.objects.get()) if answer.status_code == 202 else None

    if isinstance(case, Bad):
        detail = job.error["detail"] if job else " ".join(map(str, answer.json().values()))
        assert answer.status_code in (202, 422)
        assert_told(case, detail)
        assert_nothing_is_left(upload_root, before)
    else:
        assert job is not None
        assert job.status == "succeeded", job.error
        told = alice.get(f"/api/v1/datasets/{Dataset.objects.get().name}").json()
        report = alice.get(f"/imports/{job.pk}/report.json").json()
        assert told["rows"] == report["figures"]["rows"]
        assert_imported(name, report["figures"], upload_root)
