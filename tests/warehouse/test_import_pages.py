"""The pages of an import, from the upload to the report."""

from __future__ import annotations

import html
import io
import json
import re
from pathlib import Path

import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from forecastlab.jobs.models import Job
from forecastlab.warehouse.models import Dataset, DatasetVersion, ImportReport
from forecastlab.warehouse.queries import wording
from tests.factories import make_user
from tests.warehouse.import_pages import (
    REST,
    ROLES,
    SALES,
    accept,
    columns_of,
    imported,
    preview,
    quantities,
    shown,
    upload,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def alice(client: Client, transactional_db: None) -> Client:
    client.force_login(make_user("alice"))
    return client


# -- the way through ---------------------------------------------------------------------------


def test_upload_map_preview_import_and_open(alice: Client, upload_root: Path) -> None:
    to_map = upload(alice)

    columns = shown(alice, to_map.url)
    looked = preview(alice, to_map.url)
    before = shown(alice, f"/imports/{looked.pk}/preview/")
    written = Dataset.objects.count()
    job = accept(alice, looked)
    page = shown(alice, f"/imports/{job.pk}/")

    assert "2024-01-01" in columns
    assert 'value="quantity" selected' in columns
    assert "Rows as they will be stored" in before
    assert "A:1" in before
    assert "Import into shop" in before
    assert written == 0
    assert job.status == "succeeded", job.error
    assert "Open shop@1" in page
    assert DatasetVersion.objects.get().rows == 3
    assert not list(upload_root.iterdir())


def test_the_import_does_not_read_again_what_the_preview_has_read(alice: Client) -> None:
    looked = preview(alice, upload(alice).url)

    job = accept(alice, looked)

    details = list(job.steps.order_by("position").values_list("detail", flat=True))
    assert details[0] == "sales.csv was read for its preview"
    assert DatasetVersion.objects.get().rows == 3


def test_other_choices_in_a_later_preview_do_not_change_an_earlier_one(alice: Client) -> None:
    to_map = upload(alice, SALES.replace(b",4\n", b",-4\n"))
    first = preview(alice, to_map.url)
    preview(alice, to_map.url, returns="missing")

    accept(alice, first)

    assert quantities() == [-4, 3, 5]


def test_all_problems_are_told_before_anything_is_written(alice: Client) -> None:
    spoilt = SALES.replace(b",4\n", b",four\n") + b"B,1,2024-01-01,6\nA,1,2024-01-04,-1\n"
    looked = preview(alice, upload(alice, spoilt).url)

    page = shown(alice, f"/imports/{looked.pk}/preview/")
    refused = alice.post(f"/imports/{looked.pk}/preview/import/", follow=True)

    assert "&#x27;four&#x27; is not a number" in page
    assert "Series &#x27;B:1&#x27; has 2024-01-01 in 2 lines: 4, 5" in page
    assert "1 negative quantity was kept, the first in line 6" in page
    assert "Import into shop" not in page
    assert "found errors" in refused.content.decode()
    assert not Job.objects.filter(kind="import").exists()
    assert not Dataset.objects.exists()


def test_rows_that_can_be_read_are_looked_at_though_others_cannot(alice: Client) -> None:
    spoilt = SALES.replace(b"B,1,2024-01-01,5", b"B,1,2024-01-01,five\nA,1,2024-01-05,-1")

    page = shown(alice, f"/imports/{preview(alice, upload(alice, spoilt).url).pk}/preview/")

    assert "3 of 4 rows can be read." in page
    assert "1 negative quantity was kept" in page
    assert "2, in 1 series; they are unknown, not zero" in page


def test_rows_are_taken_away_only_when_somebody_says_so(alice: Client) -> None:
    imported(alice)
    looked = preview(alice, upload(alice, SALES.replace(b"A,1,2024-01-02,4\n", b"")).url)

    page = shown(alice, f"/imports/{looked.pk}/preview/")
    pressed = alice.post(f"/imports/{looked.pk}/preview/import/", follow=True)
    job = accept(alice, looked)

    assert "1 of the 3 rows of the version before are not in the file and would go" in page
    assert "Say that you agree" in pressed.content.decode()
    assert job.status == "succeeded", job.error
    assert quantities() == [3, 5]


def test_a_correction_shows_what_it_changes_and_the_version_that_comes_of_it(
    alice: Client,
) -> None:
    imported(alice)
    change = SALES.split(b"\n")[0] + b"\nA,1,2024-01-02,40\n"
    looked = preview(alice, upload(alice, change).url, mode="correct")
    page = shown(alice, f"/imports/{looked.pk}/preview/")
    accept(alice, looked)
    again = preview(alice, upload(alice, change).url, mode="correct")

    assert "quantity 4 → 40" in page
    assert "0 rows added, 1 row changed, 0 rows removed" in page
    assert "The new version" in page
    assert "All of this is in the newest version already" in shown(
        alice, f"/imports/{again.pk}/preview/"
    )


def test_new_rows_are_judged_beside_those_that_are_there(alice: Client) -> None:
    head, days = b"store,product,date,sales\n", range(1, 13)
    known = b"".join(b"A,1,2024-01-%02d,%d\n" % (day, 2 + day % 3) for day in days)
    imported(alice, head + known)
    new = upload(alice, head + b"A,1,2024-01-15,3\nA,1,2024-01-16,900\n")

    looked = preview(alice, new.url, mode="append")
    job = accept(alice, looked)

    told = shown(alice, f"/imports/{looked.pk}/preview/")
    assert "First: 900 in line 3" in told
    assert "&#x27;A:1&#x27; from 2024-01-13 (2 in a row)" in told
    kept = ImportReport.objects.get(job_id=job.pk).problems
    assert {one["code"] for one in kept} == {"gaps", "outliers"}


def test_a_problem_is_fixed_by_another_choice(alice: Client) -> None:
    to_map = upload(alice, SALES + b"B,1,2024-01-01,6\n")
    looked = preview(alice, to_map.url)
    back = alice.get(f"/imports/{looked.pk}/preview/").context["columns_url"]

    job = accept(alice, preview(alice, back, duplicates="sum"))

    assert job.status == "succeeded", job.error
    assert quantities() == [3, 4, 11]


def test_back_at_the_columns_everything_is_kept(alice: Client) -> None:
    chosen = {
        **ROLES,
        **REST,
        "role_3": "signal:observed",
        "returns": "missing",
        "dates": "%Y-%m-%d",
    }
    chosen |= {"decimal": ".", "frequency": "D", "role_1": "quantity", "divisor_1": "10"}
    looked = preview(alice, upload(alice).url, **chosen)

    back = alice.get(f"/imports/{looked.pk}/preview/").context["columns_url"]

    kept = columns_of(alice, back)
    assert kept.items() >= {key: chosen[key] for key in ROLES}.items()
    assert {kept[key] for key in ("returns", "dates", "decimal", "frequency")} == {
        *("missing", "%Y-%m-%d", ".", "D")
    }
    assert float(kept["divisor_1"]) == 10
    assert "mode" not in kept


def test_a_corrected_file_keeps_the_choices(alice: Client) -> None:
    looked = preview(alice, upload(alice, SALES.replace(b",4", b",x")).url, returns="missing")

    again = alice.post(
        f"/imports/new/?name=shop&preview={looked.pk}",
        {"name": "shop", "file": SimpleUploadedFile("sales.csv", SALES)},
    )

    assert columns_of(alice, again.url)["returns"] == "missing"


def test_the_same_facts_are_said_to_be_the_same_before_the_import(alice: Client) -> None:
    imported(alice)
    looked = preview(alice, upload(alice).url)

    page = shown(alice, f"/imports/{looked.pk}/preview/")
    accept(alice, looked)

    assert "shop@1 holds exactly these facts already" in page
    assert DatasetVersion.objects.count() == 1


def test_the_mode_is_asked_for_when_the_dataset_exists(alice: Client) -> None:
    first = upload(alice)
    without = shown(alice, first.url)
    accept(alice, preview(alice, first.url))
    more = SALES.splitlines(keepends=True)[0] + b"A,1,2024-01-03,9\n"

    second = upload(alice, more)
    with_mode = shown(alice, second.url)
    job = accept(alice, preview(alice, second.url, mode="append"))

    assert "newer rows and new series are added" not in without
    assert "newer rows and new series are added" in with_mode
    assert job.status == "succeeded", job.error
    assert list(DatasetVersion.objects.order_by("number").values_list("rows", flat=True)) == [3, 4]


def test_what_append_would_contradict_is_told_in_the_preview(alice: Client) -> None:
    imported(alice)
    other = upload(alice, SALES.replace(b"2024-01-02,4", b"2024-01-02,40"))

    looked = preview(alice, other.url, mode="append")

    page = shown(alice, f"/imports/{looked.pk}/preview/")
    assert "series &#x27;A:1&#x27; has 2024-01-02 in shop@1 already" in page
    assert "Import into shop" not in page


def test_a_second_press_of_import_starts_nothing_new(alice: Client) -> None:
    looked = preview(alice, upload(alice).url)

    first = alice.post(f"/imports/{looked.pk}/preview/import/")
    second = alice.post(f"/imports/{looked.pk}/preview/import/")

    assert first.url == second.url
    assert Job.objects.filter(kind="import").count() == 1


def test_a_stopped_preview_keeps_the_file_and_the_choices(alice: Client) -> None:
    address = upload(alice).url
    alice.post(address, {**columns_of(alice, address), "returns": "missing", "do": "preview"})
    looked = Job.objects.latest("pk")

    alice.post(f"/imports/{looked.pk}/preview/stop/")

    page = alice.get(f"/imports/{looked.pk}/preview/")
    assert "The preview was stopped" in page.content.decode()
    assert "shop · sales.csv" in shown(alice, "/jobs/")
    assert f'href="/imports/{looked.pk}/preview/"' in shown(alice, f"/jobs/{looked.pk}/")
    assert "Cancel" in page.content.decode()
    assert columns_of(alice, page.context["columns_url"])["returns"] == "missing"


def test_a_file_is_read_by_one_job_at_a_time(alice: Client) -> None:
    address = upload(alice).url
    values = {**columns_of(alice, address), "do": "preview"}
    alice.post(address, values)

    second = alice.post(address, values)

    assert second.status_code == 422
    assert "looked at in another preview" in second.content.decode()


def test_an_upload_that_is_given_up_leaves_nothing(alice: Client, upload_root: Path) -> None:
    page = alice.get(upload(alice).url)

    gone = alice.post("/imports/discard/", {"ticket": page.context["ticket"]}, follow=True)

    assert "The uploaded file was deleted" in gone.content.decode()
    assert not list(upload_root.iterdir())


# -- the report --------------------------------------------------------------------------------


def test_the_report_is_kept_shown_and_taken_away(alice: Client) -> None:
    job = imported(alice, SALES.replace(b",4\n", b",-4\n"))

    page = shown(alice, f"/imports/{job.pk}/")
    report = alice.get(f"/imports/{job.pk}/report.json")
    table = alice.get(f"/imports/{job.pk}/problems.csv")

    told = json.loads(report.content)
    rows = pl.read_csv(table.getvalue())
    assert f"/imports/{job.pk}/problems.csv" in page
    assert told["verdict"] == "loaded"
    assert told["figures"]["rows"] == 3
    assert "returns" in {one["code"] for one in told["problems"]}
    assert "returns" in rows["code"].to_list()
    assert "attachment" in report["Content-Disposition"]


def test_problems_of_a_preview_are_taken_away_with_their_places(alice: Client) -> None:
    looked = preview(alice, upload(alice, SALES.replace(b",4\n", b",=four\n")).url)

    table = alice.get(f"/imports/{looked.pk}/problems.csv").getvalue().decode()
    parquet = alice.get(f"/imports/{looked.pk}/problems.parquet").getvalue()

    first = pl.read_parquet(io.BytesIO(parquet)).row(0, named=True)
    assert (first["line"], first["column"], first["value"]) == (3, "sales", "=four")
    assert "'=four" in table


def test_a_viewer_reads_the_report_of_what_he_may_see(alice: Client) -> None:
    job = imported(alice)
    alice.force_login(make_user("vera", role="viewer"))

    assert "Open shop@1" in shown(alice, f"/imports/{job.pk}/")
    assert alice.get(f"/imports/{job.pk}/problems.csv").status_code == 200


TWICE = b"store,product,date,sales\nA,1,2024-01-01,3\nA,1,2024-01-01,4\nA,1,2024-01-02,4\n"
# By what stands in the command's words: the bytes, and the labels of the page.
PAGE_WORDS = {
    "--duplicates sum or last": (TWICE, "'Repeated rows': 'Add them up' or 'Keep the last one'"),
    "--dates 'day first'": (
        b"unique_id,ds,y\na,01/02/2024,3\na,02/02/2024,4\n",
        "'Dates': 'day first' or 'Dates': 'month first'",
    ),
    "--map open=COLUMN/NUMBER": (
        b"unique_id,ds,y,open\na,2024-01-01,3,2\n",
        "divide the column: 'Divide by'",
    ),
    "--frequency": (b"unique_id,ds,y\na,4,3\n", "'Dates': 'period numbers'"),
}


@pytest.mark.parametrize("said", PAGE_WORDS)
def test_problems_are_told_in_the_words_of_the_page(alice: Client, said: str) -> None:
    content, words = PAGE_WORDS[said]
    job = preview(alice, upload(alice, content).url)

    page = html.unescape(shown(alice, f"/imports/{job.pk}/preview/"))

    assert words in page
    assert said not in page
    problems = alice.get(f"/imports/{job.pk}/problems.csv")
    assert said in b"".join(problems).decode()


def test_every_option_that_a_message_names_has_its_words() -> None:
    app = Path(wording.__file__).parent.parent
    files = [
        one for part in ("domain", "gateways", "services") for one in (app / part).glob("*.py")
    ]
    named = {one for file in files for one in re.findall(r"[( ']--([a-z]+)", file.read_text())}

    assert named - {"map"} <= wording.LABELS.keys()
