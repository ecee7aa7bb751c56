"""The corpus by its pages, its API and its commands."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs, storeroom
from forecastlab.knowledge.models import Chunk, Citation, Document
from forecastlab.knowledge.services import corpus
from forecastlab.lib import artefacts
from tests.factories import make_group, make_user, run_job
from tests.knowledge import files

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice(client: Client) -> Client:
    client.force_login(make_user("alice"))
    return client


def signed_in(name: str, **more: Any) -> Client:
    client = Client()
    client.force_login(make_user(name, **more))
    return client


def give(client: Client, content: bytes, name: str = "returns.md", **more: Any) -> Any:
    return client.post("/knowledge/new/", {"file": SimpleUploadedFile(name, content), **more})


def add(client: Client, content: bytes, name: str = "returns.md", **more: Any) -> Document:
    """Upload a file and do what the worker does."""
    answer = give(client, content, name, **more)
    assert answer.status_code == 302, answer.content.decode()
    run_job(Job.objects.latest("pk"))
    return Document.objects.get(key=answer.url.split("/")[2])


def shown(client: Client, address: str) -> str:
    return str(client.get(address).content.decode())


def command(name: str, *arguments: str, code: int = 0) -> dict[str, Any]:
    out = io.StringIO()
    try:
        call_command(name, *arguments, "--json", stdout=out, stderr=io.StringIO())
        left = 0
    except SystemExit as ended:
        left = int(ended.code or 0)
    assert left == code
    return dict(json.loads(out.getvalue()))


# -- an upload ---------------------------------------------------------------------------------


def test_an_upload_is_read_cut_and_shown_at_its_lines(alice: Client) -> None:
    waiting = give(alice, files.POLICY.encode())
    before = shown(alice, waiting.url)
    run_job(Job.objects.get(kind="index"))
    document = Document.objects.get()
    page = shown(alice, f"{document.get_absolute_url()}?lines=7-9#L7")

    assert "Its text appears here" in before
    assert (document.title, document.status) == ("Returns", "indexed")
    assert "Lines 7–9 are cited." in page
    assert '<li id="L7" class="cited">' in page
    assert '<li id="L10">' in page
    assert "?lines=5-11#L5" in page
    assert [chunk.anchor for chunk in document.chunks.order_by("position")] == [
        "?lines=1-3#L1",
        "?lines=5-11#L5",
        "?lines=13-15#L13",
    ]
    assert Event.objects.filter(stream=document.stream).count() == 2


def test_html_is_never_shown_or_sent_as_a_page(alice: Client) -> None:
    document = add(alice, b"<h1>Hi</h1><script>x()</script><p>&lt;b&gt;bold", "page.html")

    page = shown(alice, document.get_absolute_url())
    original = alice.get(f"{document.get_absolute_url()}original/")

    assert "&lt;b&gt;bold" in page
    assert "x()" not in page
    assert original["Content-Type"] == "application/octet-stream"
    assert original["Content-Disposition"].startswith("attachment")
    assert b"<script>" in original.content


def test_words_of_chunks_are_found_by_their_stems(alice: Client) -> None:
    add(alice, files.POLICY.encode())

    found = Chunk.objects.extra(
        where=["search @@ websearch_to_tsquery('english', %s)"], params=["photographs deciding"]
    )

    assert [chunk.heading_path for chunk in found] == ["Returns > Damaged goods"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.docx", b"PK\x03\x04", "Save it as one that is read"),
        ("a.txt", b"\x00\x01\x02", "This is not text"),
        ("a.txt", b"x" * 20_000_001, "larger than 20 MB"),
        ("a.md", b"", "is empty"),
    ],
)
def test_what_is_no_document_is_refused_at_once(
    alice: Client, name: str, content: bytes, said: str
) -> None:
    answer = give(alice, content, name)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("locked.pdf", files.locked(), "locked with a password"),
        ("scan.pdf", files.blank(), "text recognition"),
        ("torn.pdf", files.pdf([["x"]])[:250], "broken"),
    ],
)
def test_what_cannot_be_read_says_so_on_its_page(
    alice: Client, name: str, content: bytes, said: str
) -> None:
    document = add(alice, content, name)

    assert document.status == "failed"
    assert said in shown(alice, document.get_absolute_url())
    assert Job.objects.get().status == "succeeded"


@pytest.mark.slow
def test_a_bomb_is_stopped_and_takes_nobody_along(alice: Client) -> None:
    document = add(alice, files.bomb(), "bomb.pdf")

    assert document.status == "failed"
    assert document.error["code"] == "document_unreadable"


def test_the_same_bytes_are_told_of_but_not_those_of_others(alice: Client) -> None:
    mine = add(alice, files.POLICY.encode())
    add(signed_in("bob"), b"hidden", "b.txt", readers=[make_group("secret").pk])

    again = give(alice, files.POLICY.encode(), "copy.md")
    unseen = give(alice, b"hidden", "c.txt")

    assert again.status_code == 422
    assert mine.key in again.content.decode()
    assert unseen.status_code == 302


# -- changes -----------------------------------------------------------------------------------


def test_new_bytes_keep_the_rows_of_passages_that_stay_the_same(alice: Client) -> None:
    document = add(alice, files.POLICY.encode())
    before = {chunk.heading_path: chunk.pk for chunk in document.chunks.all()}
    changed = files.POLICY.replace("thirty", "ninety").replace("# Returns\n", "# Returns\n\n")

    file = SimpleUploadedFile("returns-2.md", changed.encode())
    answer = alice.post(f"{document.get_absolute_url()}file/", {"file": file})
    old_text = shown(alice, document.get_absolute_url())
    run_job(Job.objects.latest("pk"))
    document.refresh_from_db()
    after = {chunk.heading_path: chunk for chunk in document.chunks.all()}

    assert answer.status_code == 302
    assert "thirty" in old_text
    assert after["Returns > Money"].pk == before["Returns > Money"]
    assert after["Returns > Money"].first_line == 14
    assert after["Returns"].pk != before["Returns"]
    counts = {name: document.report[name] for name in ("outcome", "kept", "new", "gone")}
    assert counts == {"outcome": "updated", "kept": 2, "new": 1, "gone": 1}


def test_indexing_again_changes_no_row(alice: Client) -> None:
    document = add(alice, files.POLICY.encode())
    before = list(document.chunks.values_list("pk", "position"))

    alice.post(f"{document.get_absolute_url()}index/")
    busy = alice.post(f"{document.get_absolute_url()}index/", follow=True)
    run_job(Job.objects.latest("pk"))
    document.refresh_from_db()

    assert "indexes &#x27;Returns&#x27; already" in busy.content.decode()
    assert document.report["outcome"] == "unchanged"
    assert list(document.chunks.values_list("pk", "position")) == before


def test_a_job_that_was_overtaken_writes_nothing(alice: Client) -> None:
    address = give(alice, files.POLICY.encode()).url
    old = Job.objects.get()
    file = SimpleUploadedFile("new.txt", b"Everything is new.")
    alice.post(f"{address}file/", {"file": file})

    run_job(old)
    between = Document.objects.get().status
    run_job(Job.objects.latest("pk"))

    assert between == "queued"
    assert [chunk.text for chunk in Chunk.objects.all()] == ["Everything is new."]


def test_a_document_that_fails_later_keeps_its_passages(alice: Client) -> None:
    document = add(alice, files.POLICY.encode())

    file = SimpleUploadedFile("locked.pdf", files.locked())
    alice.post(f"{document.get_absolute_url()}file/", {"file": file})
    run_job(Job.objects.latest("pk"))
    page = shown(alice, document.get_absolute_url())

    assert "below is its text of before" in page
    assert document.chunks.count() == 3


def test_a_stopped_job_leaves_no_document_waiting(alice: Client) -> None:
    give(alice, files.POLICY.encode())
    job = Job.objects.get()

    jobs.cancel(job, by=None, at=job.created_at)
    run_job(job)

    assert Job.objects.get().status == "cancelled"
    assert Document.objects.get().error["code"] == "stopped"


def test_deleting_says_what_goes_and_keeps_citations(alice: Client) -> None:
    document = add(alice, files.POLICY.encode())
    chunk = document.chunks.earliest("position")
    Citation.objects.create(
        document=document,
        document_key=document.key,
        chunk_sha256=chunk.content_sha256,
        first_line=1,
        last_line=3,
        used_kind="run",
        used_ref="1",
        used_at=document.added_at,
    )

    asked = shown(alice, f"{document.get_absolute_url()}settings/")
    answer = alice.post(f"{document.get_absolute_url()}delete/", follow=True)

    assert "3 passages go" in asked
    assert "1 citations stay" in asked
    assert "was deleted" in answer.content.decode()
    assert not Chunk.objects.exists()
    assert Citation.objects.get().document is None


# -- who may -----------------------------------------------------------------------------------


def test_readers_see_it_and_strangers_see_nothing_of_it(alice: Client) -> None:
    group = make_group("readers")
    document = add(alice, files.POLICY.encode(), readers=[group.pk])
    bob, charlie = signed_in("bob", role="viewer"), signed_in("charlie")
    User.objects.get(username="bob").groups.add(group)

    for address in ("", "original/", "settings/"):
        assert charlie.get(f"{document.get_absolute_url()}{address}").status_code == 404
    assert document.title not in shown(charlie, "/knowledge/")
    assert charlie.get(f"/api/v1/documents/{document.key}").status_code == 404
    assert charlie.get(f"/jobs/{document.job_id}/").status_code == 404
    assert charlie.get(f"/live/poll?stream={document.stream}&after=0").status_code == 404
    assert bob.get(document.get_absolute_url()).status_code == 200
    assert bob.post(f"{document.get_absolute_url()}delete/").status_code == 403


def test_who_may_read_it_may_not_change_what_is_not_theirs(alice: Client) -> None:
    document = add(alice, files.POLICY.encode())
    bob = signed_in("bob")

    edit = bob.post(f"{document.get_absolute_url()}edit/", {"title": "Mine"})
    delete = bob.post(f"{document.get_absolute_url()}delete/", follow=True)
    admin = signed_in("root", role="admin").post(
        f"{document.get_absolute_url()}edit/", {"title": "House rules"}
    )
    document.refresh_from_db()

    assert "Only alice, who added it" in edit.content.decode()
    assert "Only alice, who added" in delete.content.decode()
    assert admin.status_code == 302
    assert document.title == "House rules"


# -- the list ----------------------------------------------------------------------------------


def test_the_list_is_searched_filtered_and_sorted_by_its_address(alice: Client) -> None:
    add(alice, files.POLICY.encode())
    add(alice, files.blank(), "scan.pdf")

    page = shown(alice, "/knowledge/?search=RETURN&sort=-size")
    failed = shown(alice, "/knowledge/?status=failed")
    nothing = shown(alice, "/knowledge/?search=nothing")

    assert "Returns" in page
    assert "scan" not in page
    assert "scan.pdf" in failed
    assert "Returns" not in failed
    assert "2 match without" in nothing


def test_a_long_document_opens_at_the_page_of_its_line(alice: Client) -> None:
    document = add(alice, "\n".join(f"line {n}" for n in range(1, 1201)).encode(), "long.txt")

    page = shown(alice, f"{document.get_absolute_url()}?lines=700-702")
    gone = shown(alice, f"{document.get_absolute_url()}?lines=5000")
    odd = alice.get(f"{document.get_absolute_url()}?lines=x-1&page=99")

    assert 'id="L700" class="cited"' in page
    assert 'id="L500"' not in page
    assert "the document is shorter now" in gone
    assert odd.status_code == 200


# -- the API -----------------------------------------------------------------------------------


def test_the_api_adds_lists_reads_changes_and_deletes(alice: Client) -> None:
    make_group("readers")
    file = SimpleUploadedFile("returns.md", files.POLICY.encode())
    added = alice.post("/api/v1/documents", {"file": file, "title": "Returns 2026"})
    key = added.json()["key"]
    run_job(Job.objects.latest("pk"))

    listed = alice.get("/api/v1/documents?search=returns&status=indexed").json()
    text = alice.get(f"/api/v1/documents/{key}/text?first=5&last=7").json()
    changed = alice.patch(
        f"/api/v1/documents/{key}", {"readers": ["readers"]}, content_type="application/json"
    )
    unknown = alice.patch(
        f"/api/v1/documents/{key}", {"readers": ["nobody"]}, content_type="application/json"
    )
    twin = alice.post(
        "/api/v1/documents", {"file": SimpleUploadedFile("b.md", files.POLICY.encode())}
    )
    deleted = alice.delete(f"/api/v1/documents/{key}")

    assert added.status_code == 202
    assert [(one["title"], one["passages"]) for one in listed["items"]] == [("Returns 2026", 3)]
    assert text["lines"] == ["## Damaged goods", "", "A photograph is enough. The store decides."]
    assert changed.json()["readers"] == ["readers"]
    assert (unknown.status_code, unknown.json()["field"]) == (422, "readers")
    assert (twin.status_code, twin.json()["code"]) == (409, "already_there")
    assert deleted.status_code == 204
    assert not Document.objects.exists()


# -- files on disk -----------------------------------------------------------------------------


def test_the_documents_of_the_program_are_indexed_where_they_changed(
    tmp_path: Path, settings: Any, alice: Client
) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs" / "how-to").mkdir(parents=True)
    (tmp_path / "README.md").write_text("# The lab\n\nWhat it is.\n")
    guide = tmp_path / "docs" / "how-to" / "start.md"
    guide.write_text(files.POLICY)

    first = corpus.sync_own(by=None, at=timezone.now())
    run_job(first.job)
    second = corpus.sync_own(by=None, at=timezone.now())
    guide.write_text(files.POLICY + "\nMore.\n")
    (tmp_path / "README.md").unlink()
    third = corpus.sync_own(by=None, at=timezone.now())
    run_job(third.job)

    document = Document.objects.get()
    assert document.key == "docs-how-to-start"
    assert document.report["outcome"] == "updated"
    assert (second.job, second.unchanged) == (None, 2)
    assert len(third.gone) == 1
    page = alice.get(f"{document.get_absolute_url()}settings/").content.decode()
    assert "comes with the program" in page
    assert alice.post(f"{document.get_absolute_url()}delete/").status_code == 302
    assert Document.objects.exists()


def test_a_folder_is_indexed_again_where_it_changed(tmp_path: Path) -> None:
    make_user("planner")
    folder = tmp_path / "handbook"
    folder.mkdir()
    (folder / "returns.md").write_text(files.POLICY)
    (folder / "prices.txt").write_text("Prices end in nine.")
    (folder / "broken.pdf").write_bytes(b"nothing")
    (folder / "photo.png").write_bytes(b"\x89PNG")
    (folder / ".hidden.md").write_text("no")

    first = command("index_documents", str(folder), "--no-wait", code=1)
    run_job(Job.objects.get(pk=first["job"]))
    (folder / "broken.pdf").unlink()
    second = command("index_documents", str(folder))
    (folder / "prices.txt").write_text("Prices end in eight.")
    third = command("index_documents", str(folder), "--no-wait")
    missing = command("index_documents", str(tmp_path / "none"), code=2)
    listed = command("list_documents", "--source", "folder")

    assert first["failures"][0]["path"] == "handbook/broken.pdf"
    assert (second["job"], second["unchanged"], second["failed"]) == (None, 2, 0)
    assert (third["unchanged"], third["status"]) == (1, "queued")
    assert missing["error"]["code"] == "folder_unusable"
    assert [one["path"] for one in listed["items"]] == [
        "handbook/prices.txt",
        "handbook/returns.md",
    ]


def test_documents_go_with_the_files_of_their_folder_and_no_others(tmp_path: Path) -> None:
    make_user("planner")
    here, there = tmp_path / "here" / "handbook", tmp_path / "there" / "handbook"
    for folder in (here, there):
        folder.mkdir(parents=True)
        (folder / "prices.txt").write_text(f"Prices of {folder.parent.name}.")
    (here / "returns.md").write_text(files.POLICY)

    command("index_documents", str(here), "--no-wait")
    (here / "returns.md").unlink()
    again = command("index_documents", str(here), "--no-wait")
    twin = command("index_documents", str(there), "--no-wait", code=1)
    here.rename(tmp_path / "here" / "manual")
    moved = command("index_documents", str(there), "--no-wait")

    assert (again["removed"], again["gone"]) == (1, ["handbook/returns.md"])
    assert "is a document of the folder" in twin["failures"][0]["detail"]
    assert (moved["removed"], moved["failures"]) == (0, [])
    listed = Document.objects.get(source="folder")
    assert (listed.path, listed.folder) == ("handbook/prices.txt", str(there))


def test_originals_are_kept_as_long_as_their_document(alice: Client) -> None:
    document = add(alice, files.POLICY.encode())

    assert document.content_sha256 in storeroom.referred()
    assert artefacts.has(document.content_sha256)
    alice.post(f"{document.get_absolute_url()}delete/")
    assert document.content_sha256 not in storeroom.referred()
