"""An export is one signed file, equal byte by byte whenever the run is, and never half of one."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import polars as pl
import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from forecastlab.forecasting.models import Backtest, ForecastIssue, ModelRun
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs, storeroom
from forecastlab.lib import artefacts
from showcase.domain import bundles, signatures
from showcase.models import Bundle, Run, Workspace
from showcase.services import exporting, signing, workbench
from tests.factories import (
    make_group,
    make_run,
    make_user,
    make_version,
    make_workspace,
    run_job,
    work_off,
)

pytestmark = pytest.mark.django_db

NAME = "spring"
PAGE = f"/workspaces/{NAME}/export/"
SMALL: dict[str, Any] = {"models": ["naive", "seasonal_naive"], "folds": 2, "horizon": 7}


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what a test stores, and the key that it signs with, to itself."""
    monkeypatch.setattr(settings, "ARTEFACT_ROOT", tmp_path / "artefacts")
    monkeypatch.setattr(settings, "FORECASTLAB_HOME", tmp_path / "home")


@pytest.fixture
def alice(client: Client) -> Client:
    client.force_login(make_user("alice"))
    return client


@pytest.fixture
def judged(alice: Client) -> Run:
    run = work_off(make_run(keep=NAME, **SMALL))
    assert run.status == "succeeded"
    Workspace.objects.update(notes="# Look\n\n<script>alert(1)</script> **twice**")
    return run


@pytest.fixture
def failed(alice: Client) -> Run:
    """A kept run that came to nothing: quickly made."""
    run = make_run(keep=NAME, **SMALL)
    Run.objects.filter(pk=run.pk).update(status="failed")
    return run


def export(client: Client, *contents: str) -> Bundle:
    """Export by the page, and do what workers do."""
    answer = client.post(f"{PAGE}start/", {"with": contents})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    job = run_job(Job.objects.filter(kind="export").latest("pk"))
    assert job.status == "succeeded", job.error
    return Bundle.objects.latest("pk")


def url(bundle: Bundle) -> str:
    return f"/workspaces/{NAME}/bundles/{bundle.pk}/"


def fetched(client: Client, bundle: Bundle) -> bytes:
    answer: Any = client.get(url(bundle))
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def unpacked(content: bytes, folder: Path) -> Path:
    with ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder / bundles.folder(NAME)


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def files(folder: Path) -> Iterator[str]:
    for one in folder.rglob("*"):
        if one.is_file():
            yield one.relative_to(folder).as_posix()


# -- what is in it -----------------------------------------------------------------------------


def test_two_exports_are_equal_and_ordinary_tools_verify_them(
    alice: Client, judged: Run, tmp_path: Path
) -> None:
    first = export(alice, "models", "dataset")
    asked = {"contents": ["dataset", "models"]}
    answer = alice.post(f"/api/v1/workspaces/{NAME}/export", asked, content_type="application/json")
    assert answer.status_code == 202
    run_job(Job.objects.get(pk=answer.json()["job"]))
    second = Bundle.objects.latest("pk")

    content = fetched(alice, first)

    assert (first.pk, content) != (second.pk, b"")
    assert fetched(alice, second) == content
    assert first.verdict == {"valid": True, "reason": ""}
    folder = unpacked(content, tmp_path / "out")
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", bundles.CHECKSUMS], cwd=folder, capture_output=True
    )
    assert done.returncode == 0, done
    assert len(done.stdout.splitlines()) == first.files - len(bundles.UNSUMMED)
    sums, signature = ((folder / one).read_bytes() for one in bundles.UNSUMMED)
    manifest = read(folder, bundles.MANIFEST)
    assert signatures.is_signed(sums, signature, public=manifest["signing"]["public_key"])
    assert signing.is_ours(sums, signature)
    tells_the_story(folder, manifest, judged)
    keeps_secrets(folder)
    assert not workbench.of_job(first.job_id or 0).exists()


def tells_the_story(folder: Path, manifest: dict[str, Any], run: Run) -> None:
    version, states = run.version, ModelRun.objects.order_by("pk")
    assert version is not None
    assert read(folder, bundles.CONFIG) == run.config
    assert [one["name"] for one in read(folder, bundles.STEPS)] == list(
        run.steps.in_order().values_list("name", flat=True)
    )
    assert read(folder, bundles.METRICS)["backtest"] == Backtest.objects.get().result
    events = [json.loads(one) for one in (folder / bundles.EVENTS).read_text().splitlines()]
    assert [one["seq"] for one in events] == list(range(1, manifest["events_seq"] + 1))
    assert events[-1]["kind"] == "run.succeeded"
    assert manifest["run"]["content_hash"] == version.content_hash
    assert manifest["dataset"]["rows"] == version.rows
    assert manifest["unresolved_references"] == []
    listed = {one["path"] for one in manifest["files"]}
    assert listed == set(files(folder)) - {bundles.MANIFEST, *bundles.UNSUMMED}
    for one, state in zip(manifest["model_runs"], states, strict=True):
        stored = (folder / one["file"]).read_bytes()
        assert artefacts.put(stored) == one["artefact_hash"] == state.artefact
    forecasts = pl.read_parquet(folder / bundles.FORECASTS)
    issue = ForecastIssue.objects.get()
    assert forecasts.height == issue.series_count * issue.horizon
    assert len((folder / bundles.FORECASTS_CSV).read_text().splitlines()) == forecasts.height + 1
    assert pl.read_parquet(folder / bundles.DATASET / "facts.parquet").height == version.rows
    report = (folder / bundles.REPORT).read_text()
    assert "<script" not in report
    assert "<strong>twice</strong>" in report
    assert "Seasonal naive" in report
    assert "http" not in report.replace("http-equiv", "")


def keeps_secrets(folder: Path) -> None:
    private = (settings.FORECASTLAB_HOME / signing.KEY_FILE).read_text().strip()
    secrets = [settings.SECRET_KEY, settings.DATABASES["default"]["PASSWORD"], private]
    everything = b"".join((folder / one).read_bytes() for one in files(folder))
    assert not [one for one in secrets if one and one.encode() in everything]
    assert (settings.FORECASTLAB_HOME / signing.KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_what_is_gone_is_listed_and_the_rest_exported(
    alice: Client, judged: Run, tmp_path: Path
) -> None:
    artefacts.discard(ModelRun.objects.earliest("pk").artefact)
    issue = ForecastIssue.objects.get()
    named = str(issue.pk)
    issue.delete()

    bundle = export(alice, "models")

    folder = unpacked(fetched(alice, bundle), tmp_path)
    manifest = read(folder, bundles.MANIFEST)
    assert {(one["key"], one["reason"]) for one in manifest["unresolved_references"]} == {
        ("artefact", "not in the store"),
        ("forecast_issue", "deleted since"),
    }
    assert named in {one["ref_id"] for one in manifest["unresolved_references"]}
    assert [one["artefact_verified"] for one in manifest["model_runs"]].count(None) == 1
    assert bundles.FORECASTS not in set(files(folder))
    assert Job.objects.get(pk=bundle.job_id).steps.get(name="gather").outcome == "warn"


def test_a_failed_run_is_exported_as_far_as_it_came(
    alice: Client, failed: Run, tmp_path: Path
) -> None:
    folder = unpacked(fetched(alice, export(alice)), tmp_path)

    assert read(folder, bundles.MANIFEST)["run"]["status"] == "failed"
    assert read(folder, bundles.METRICS) == {"winner": None, "backtest": None}
    assert set(files(folder)) == set(bundles.ALWAYS)


# -- taking it away ----------------------------------------------------------------------------


def test_a_lost_download_goes_on_where_it_broke(alice: Client, failed: Run) -> None:
    bundle = export(alice)
    whole, end = fetched(alice, bundle), bundle.size - 1

    def part(**headers: str) -> tuple[int, bytes, str]:
        answer: Any = alice.get(url(bundle), headers=headers)
        sent = b"".join(answer) if answer.streaming else answer.content
        return answer.status_code, sent, answer.get("Content-Range", "")

    tag = f'"{bundle.digest}"'
    assert part(range="bytes=0-9") == (206, whole[:10], f"bytes 0-9/{bundle.size}")
    assert part(range="bytes=10-") == (206, whole[10:], f"bytes 10-{end}/{bundle.size}")
    assert part(range="bytes=-7")[1] == whole[-7:]
    assert part(range=f"bytes=5-{end + 99}")[1] == whole[5:]
    assert part(range="bytes=5-", **{"if-range": tag})[0] == 206
    assert part(range="bytes=5-", **{"if-range": '"other"'})[:2] == (200, whole)
    assert part(range="bytes=9-5")[:2] == (200, whole)
    assert part(range="bytes=0-1,3-4")[:2] == (200, whole)
    for beyond in (bundle.size, bundle.size + 99):
        assert part(range=f"bytes={beyond}-") == (416, b"", f"bytes */{bundle.size}")
    assert part(**{"if-none-match": tag})[:2] == (304, b"")
    head = alice.head(url(bundle))
    assert (head["Content-Length"], head["Accept-Ranges"]) == (str(bundle.size), "bytes")
    assert head["Content-Disposition"] == f'attachment; filename="{NAME}.zip"'


def test_a_damaged_bundle_is_not_sent(alice: Client, failed: Run) -> None:
    bundle = export(alice)
    stored = artefacts.path(bundle.digest)
    stored.write_bytes(stored.read_bytes()[:-1] + b"x")

    answer = alice.get(f"/api/v1/workspaces/{NAME}/bundles/{bundle.pk}")

    assert (answer.status_code, answer.json()["code"]) == (404, "artefact_changed")


def test_the_command_writes_a_whole_file_or_none(
    failed: Run, alice: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "spring.zip"
    monkeypatch.setattr(
        "forecastlab.jobs.services.following.time.sleep",
        lambda _seconds: run_job(Job.objects.latest("pk")),
    )

    def call(*options: str) -> dict[str, Any]:
        said = io.StringIO()
        line = (NAME, "--output", str(target), "--as", "alice", "--json", *options)
        try:
            call_command("export_workspace", *line, stdout=said)
        except SystemExit as end:
            assert end.code == 2
        return dict(json.loads(said.getvalue()))

    told = call()
    again = call()
    over = call("--overwrite")

    assert told["sha256"] == over["sha256"] == artefacts.put(target)
    assert (told["file"], told["bytes"]) == (str(target), target.stat().st_size)
    assert told["files"] == len(bundles.ALWAYS)
    assert again["error"]["field"] == "output"
    assert call("--with", "plans", "--overwrite")["error"]["field"] == "with"
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["spring.zip"]


def test_only_who_may_read_the_sales_sees_exports(client: Client) -> None:
    owner = make_user("owner")
    make_version(by=owner).dataset.readers.add(make_group("readers"))
    run = make_run(by=owner, keep=NAME, **SMALL)
    Run.objects.filter(pk=run.pk).update(status="cancelled")
    client.force_login(owner)
    bundle = export(client)
    reader = make_user("bob", role="viewer")
    reader.groups.add(make_group("readers"))

    seen = {}
    for user in (reader, make_user("charlie")):
        client.force_login(user)
        paths = (PAGE, url(bundle), f"/api/v1/workspaces/{NAME}/bundles")
        seen[user.username] = [client.get(one).status_code for one in paths]

    assert seen == {"bob": [200, 200, 200], "charlie": [404, 404, 404]}
    client.force_login(reader)
    assert client.post(f"{PAGE}start/").status_code == 403
    assert client.post(f"{url(bundle)}delete/").status_code == 403


def test_a_bundle_names_no_ancestor_that_its_readers_may_not_see(
    alice: Client, failed: Run, tmp_path: Path
) -> None:
    line = [{"key": "ab" * 16, "name": "gone"}]
    for name in ("payroll", "open"):
        version = make_version(name=name)
        kept = make_workspace(f"of-{name}", run=make_run(dataset=version.ref, **SMALL))
        line.append({"key": kept.key, "name": kept.name})
        if name == "payroll":
            version.dataset.readers.add(make_group("few"))
    Workspace.objects.filter(run=failed).update(ancestors=line)

    folder = unpacked(fetched(alice, export(alice)), tmp_path)

    told = read(folder, "manifest.json")["lineage"]["ancestors"]
    assert [one["name"] for one in told] == ["gone", "", "of-open"]
    assert [one["key"] for one in told] == [one["key"] for one in line]


def test_administrators_export_those_that_have_ended(client: Client, failed: Run) -> None:
    client.force_login(make_user("root", role="admin"))
    going_on = make_run(keep="summer", dataset="shop", **SMALL)
    chosen = [going_on.workspace.pk, failed.workspace.pk]
    given = {"action": "export", "_selected_action": chosen}

    page = client.post("/admin/showcase/workspace/", given, follow=True).content.decode()

    assert "1 export started" in page
    assert f"summer&#x27;: Run {going_on.pk} is queued" in page
    assert Job.objects.get(kind="export").params["name"] == NAME
    assert client.get("/admin/showcase/bundle/").status_code == 200


# -- what is refused, undone and swept -----------------------------------------------------------


def test_a_run_that_goes_on_is_not_exported(alice: Client) -> None:
    run = make_run(keep=NAME, **SMALL)
    where = f"/api/v1/workspaces/{NAME}/export"

    answer = alice.post(where, {}, content_type="application/json")
    page = alice.post(f"{PAGE}start/", follow=True)
    unknown = alice.post(where, {"contents": ["plans"]}, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (409, "run_not_over")
    assert f"Run {run.pk} has not ended" in page.content.decode()
    assert unknown.status_code == 422
    assert not Job.objects.filter(kind="export").exists()


def test_a_cancelled_export_leaves_nothing(alice: Client, failed: Run) -> None:
    alice.post(f"{PAGE}start/")
    job = Job.objects.latest("pk")
    for _step in range(3):  # up to the last one, which would store the bundle
        jobs.advance(job.pk)
    assert workbench.of_job(job.pk).exists()

    jobs.cancel(job, by=None, at=timezone.now())
    run_job(job)

    assert job.status == "cancelled"
    assert not workbench.of_job(job.pk).exists()
    assert not Bundle.objects.exists()


def test_bundles_are_kept_for_their_time_and_their_bytes_as_long(
    alice: Client, failed: Run
) -> None:
    bundle, now = export(alice), timezone.now()
    assert bundle.expires_at is not None
    assert bundle.digest in storeroom.referred()

    early = exporting.sweep(bundle.expires_at - timedelta(minutes=1))
    late = exporting.sweep(bundle.expires_at)

    assert (early, late) == (0, 1)
    storeroom.sweep(now + timedelta(days=2))
    assert not artefacts.has(bundle.digest)


def test_the_page_lists_bundles_and_deletes_them(alice: Client, failed: Run) -> None:
    bundle = export(alice)
    page = alice.get(PAGE).content.decode()

    assert url(bundle) in page
    assert bundle.digest in page
    assert "As written" in page
    alice.post(f"{url(bundle)}delete/")
    assert alice.get(url(bundle)).status_code == 404
    assert "No bundles yet" in alice.get(PAGE).content.decode()
