"""Bundles become workspaces again: the same story under other numbers, or nothing at all."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from forecastlab.forecasting.models import Alias, Backtest
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.warehouse.models import Dataset, DatasetVersion, Series
from forecastlab.warehouse.services import contents, versions
from showcase.domain import bundles
from showcase.models import Run, StepRun, Workspace
from showcase.queries import link_health
from showcase.services import exporting, importing
from tests.factories import (
    make_run,
    make_user,
    make_version,
    make_workspace,
    run_job,
    work_off,
)
from tests.showcase import made_bundles
from tests.showcase.made_bundles import KEY, NAME, files, flipped, manifest, packed
from tests.showcase.test_bundle_reading import MALICIOUS

pytestmark = pytest.mark.django_db
WHOLE = packed(files())
# A series that an earlier version had alone.
EARLIEST = "S0:P2"


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what a test stores, and the key that it signs with, to itself."""
    monkeypatch.setattr(settings, "ARTEFACT_ROOT", tmp_path / "artefacts")
    monkeypatch.setattr(settings, "UPLOAD_ROOT", tmp_path / "uploads")
    monkeypatch.setattr(settings, "FORECASTLAB_HOME", tmp_path / "home")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, bundle: bytes, name: str = "") -> tuple[int, dict[str, Any]]:
    file = SimpleUploadedFile("x.zip", bundle)
    answer = client.post("/api/v1/workspaces/import", {"file": file, "name": name})
    return answer.status_code, answer.json()


def imported(client: Client, bundle: bytes, name: str = "") -> Workspace:
    status, told = send(client, bundle, name)
    assert status == 202, told
    job = run_job(Job.objects.get(pk=told["job"]))
    assert job.status == Job.Status.SUCCEEDED, job.error
    return Workspace.objects.get(name=told["workspace"])


def left() -> list[Path]:
    root = Path(settings.UPLOAD_ROOT)
    return list(root.iterdir()) if root.exists() else []


def _read(kept: Workspace) -> dict[str, Any]:
    """Return what people read of a story, without the numbers of objects."""
    run = kept.run
    steps = run.steps.in_order()
    rows = ("name", "phase", "title", "outcome", "detail", "seconds", "started_at")
    events = Event.objects.filter(stream=run.stream).exclude(kind="run.imported").order_by("seq")
    return {
        "steps": list(steps.values(*rows)),
        "events": list(events.values_list("kind", "at")),
        "run": (run.status, run.winner, run.winner_wape, run.seconds, run.created_at),
        "hashes": (run.config_hash, run.content_hash),
        "said": (kept.notes, kept.tags, kept.key, kept.ancestors, kept.phase_summaries),
        "models": dict(steps.values_list("name", "data"))["backtest"]["per_model"],
    }


def _exported(alice: User) -> tuple[bytes, Workspace, dict[str, Any]]:
    """Judge, keep and export a run, delete all of it, and return the bundle and what it told."""
    shop = Dataset.objects.create(name="shop", created_by=alice, created_at=timezone.now())
    Series.objects.create(dataset=shop, unique_id=EARLIEST)
    version = make_version(by=alice)
    version.content_hash = contents.recomputed(version, lambda _part: None)
    version.save()
    run = work_off(make_run(by=alice, models=["naive", "seasonal_naive"], keep=NAME))
    said = {"notes": "As agreed.", "tags": ["autumn"]}
    lineage = [{"key": "cd" * 16, "name": "rich"}]
    Workspace.objects.filter(run=run).update(**said, ancestors=lineage)
    kept = Workspace.objects.get(run=run)
    job = exporting.start(kept, contents=["dataset", "models"], by=alice, at=timezone.now())
    job = run_job(job)
    assert job.status == Job.Status.SUCCEEDED, job.error
    bundle, told = exporting.path(exporting.of_job(job)).read_bytes(), _read(kept)
    Run.objects.all().delete()
    Alias.objects.all().delete()
    versions.drop_facts(version)
    Dataset.objects.all().delete()
    return bundle, kept, told


@pytest.mark.slow
def test_a_bundle_tells_the_same_story_where_nothing_is_left_of_the_run() -> None:
    alice = make_user()
    bundle, old, told = _exported(alice)
    assert not Workspace.objects.exists()
    assert not DatasetVersion.objects.exists()
    client = signed_in(alice)

    kept = imported(client, bundle)

    assert _read(kept) == told
    assert (kept.run_id != old.run_id, kept.run.job) == (True, None)
    assert kept.origin is not None
    assert (kept.origin["workspace"], kept.origin["run"]) == (NAME, old.run_id)
    _assert_sales_are_the_same(kept)
    for page in (kept.run.get_absolute_url(), kept.get_absolute_url()):
        assert client.get(page).status_code == 200
    assert left() == []
    status, refused = send(client, bundle, "again")
    assert (status, refused["code"]) == (409, "already_imported")
    assert f"'{NAME}'" in refused["detail"]
    client.post(reverse("showcase:run-retry", args=[kept.run_id]))
    client.post(reverse("showcase:run-stop", args=[kept.run_id]))
    kept.run.refresh_from_db()
    assert kept.run.status == Run.Status.SUCCEEDED


def _assert_sales_are_the_same(kept: Workspace) -> None:
    """The sales came along under their own hash, and nothing else that the run made."""
    came = kept.run.version
    assert came is not None
    assert (came.dataset.name, came.content_hash) == ("shop", kept.run.content_hash)
    assert contents.recomputed(came, lambda _part: None) == came.content_hash
    # They are numbered in the order of before, which sums and trees depend on.
    names = came.dataset.series.order_by("pk").values_list("unique_id", flat=True)
    assert list(names) == [EARLIEST, "S0:P0", "S0:P1"]
    links = {one.kind: one for one in link_health.of_run(kept.run).references}
    assert links.pop("dataset_version").status == "alive"
    assert {one.status.value for one in links.values()} == {"unknown"}


def test_numbers_of_another_installation_lead_to_nothing_of_ours() -> None:
    alice = make_user()
    ours = make_version(by=alice, name="other").pk
    seed, *rest = made_bundles.STEPS
    odd = {"run_id": " 1 ", "backtest": 1.0, "model_runs": [[1]]}
    last = {**rest[-1], "index": 9, "name": "verify", "data": odd}
    rest[-1] = {**rest[-1], "data": {**rest[-1]["data"], "alias": "shop-production"}}
    steps = [{**seed, "data": {**seed["data"], "version": ours}}, *rest, last]

    client = signed_in(alice)
    kept = imported(client, packed(files(steps__json=bundles.canonical(steps))))

    data = dict(kept.run.steps.values_list("name", "data"))
    assert data["seed"] == {"rows": 720, "series": 6, "elsewhere": {"version": ours}}
    assert data["backtest"]["elsewhere"] == {"backtest": 1}
    assert "backtest" not in data["backtest"]
    assert set(data["register"]) == {"elsewhere", "alias"}
    assert data["verify"]["elsewhere"] == {"run_id": " 1 ", "backtest": 1.0, "model_runs": [[1]]}
    assert not StepRun.objects.exclude(content_key="").exists()
    assert kept.run.version is None
    health = link_health.of_run(kept.run)
    assert health.references
    assert {one.status.value for one in health.references} == {"unknown"}
    assert kept.job_ids == ["1 (elsewhere)"]
    assert "where the run was imported from" in client.get(kept.run.get_absolute_url()).text
    assert kept.key == KEY


def test_a_name_that_is_taken_is_refused_with_a_way_out() -> None:
    alice = make_user()
    make_workspace(NAME, run=make_run(by=alice))
    client = signed_in(alice)

    status, told = send(client, WHOLE)

    assert (status, told["code"], told["field"]) == (422, "workspace_name_taken", "as")
    assert "--as" in told["detail"]
    assert left() == []
    assert imported(client, WHOLE, "rich-b").name == "rich-b"


@pytest.mark.parametrize(
    "code",
    [
        "entry_traversal",
        "entry_symlink",
        "entry_bomb",
        "entry_overlaps",
        "file_changed",
        "file_missing",
        "signature_wrong",
        "bundle_truncated",
        "bundle_newer",
        "workspace_newer",
        "json_depth",
    ],
)
def test_a_refused_bundle_leaves_neither_row_nor_file(code: str) -> None:
    make, says = MALICIOUS[code]

    status, told = send(signed_in(make_user()), make())

    assert (status, told["code"]) == (422, code)
    assert says in told["detail"]
    assert left() == []
    assert not Job.objects.exists()
    assert not Run.objects.exists()


def run_with(**changes: Any) -> dict[str, Any]:
    return {**manifest()["run"], **changes}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"run": run_with(status="running")}, "'status'"),
        ({"run": run_with(winner="x" * 61)}, "'winner'"),
        ({"run": run_with(created_at="yesterday")}, "'created_at'"),
        ({"run": run_with(seconds=True)}, "'seconds'"),
        ({"lineage": {**manifest()["lineage"], "family": "no key"}}, "'family'"),
        ({"contents": ["passwords"]}, "'contents'"),
    ],
)
def test_what_cannot_be_a_story_is_refused(changed: dict[str, Any], says: str) -> None:
    status, told = send(signed_in(make_user()), packed(files(told=changed)))

    assert (status, told["code"]) == (422, "story_unusable")
    assert says in told["detail"]
    assert left() == []


def test_of_two_imports_of_one_bundle_at_once_the_second_is_refused() -> None:
    alice = make_user()
    client = signed_in(alice)
    _status, first = send(client, WHOLE)
    job = run_job(Job.objects.get(pk=first["job"]), rounds=1)

    status, told = send(client, WHOLE, "mine")

    assert (status, told["code"]) == (409, "already_imported")
    assert f"job {job.pk}" in told["detail"]
    # One that had been let in at the very same moment finds the other's rows, and leaves them.
    place = importing.receive([WHOLE], file_name="x.zip")
    params = {**job.params, "upload": place.token, "name": "mine"}
    late = jobs.create(importing.KIND, params=params, by=alice, at=timezone.now())
    assert run_job(job).status == Job.Status.SUCCEEDED
    late = run_job(late)
    assert (late.status, late.error["code"]) == (Job.Status.FAILED, "already_imported")
    assert [one.name for one in Workspace.objects.all()] == [NAME]
    assert left() == []


def test_a_story_that_pages_cannot_show_leaves_nothing() -> None:
    odd = [{**made_bundles.STEPS[0], "name": "status", "data": {"periods": "x"}}]
    status, told = send(signed_in(make_user()), packed(files(steps__json=bundles.canonical(odd))))

    job = run_job(Job.objects.get(pk=told["job"]))

    assert (status, job.status) == (202, Job.Status.FAILED)
    assert job.error["code"] == "story_unusable"
    assert "steps.json" in job.error["detail"]
    assert not Run.objects.exists()
    assert left() == []


def test_a_cancelled_import_leaves_neither_row_nor_file() -> None:
    alice = make_user()
    _status, told = send(signed_in(alice), WHOLE)
    job = run_job(Job.objects.get(pk=told["job"]), rounds=2)

    jobs.cancel(job, by=alice, at=timezone.now())
    job = run_job(job)

    assert job.status == Job.Status.CANCELLED
    assert not Run.objects.exists()
    assert left() == []


def test_the_page_shows_what_is_in_a_bundle_before_it_is_imported() -> None:
    client = signed_in(make_user())
    address = reverse("showcase:workspace-import")

    refused = client.post(
        address, {"file": SimpleUploadedFile("x.zip", flipped(WHOLE, "steps.json"))}
    )
    sent = client.post(address, {"file": SimpleUploadedFile("x.zip", WHOLE)})
    shown = client.get(sent.headers["Location"])
    ticket = shown.context["form"].initial["upload"]
    bad = client.post(address, {"upload": ticket, "name": "No Name"})
    done = client.post(address, {"upload": ticket, "name": "mine"})

    assert refused.status_code == 422
    assert "steps.json" in refused.text
    assert "naive" in shown.text.lower()
    assert bad.status_code == 422
    assert "is not a name" in bad.text
    job = run_job(Job.objects.get())
    assert done.headers["Location"] == reverse("jobs:job", args=[job.pk])
    assert Workspace.objects.get().name == "mine"
    assert "mine" in client.get(reverse("jobs:job", args=[job.pk])).text
    stranger = signed_in(make_user("bob"))
    assert stranger.get(sent.headers["Location"]).status_code == 422


def test_the_command_imports_under_a_name_of_its_own(tmp_path: Path, settings: Any) -> None:
    make_user()
    settings.FORECASTLAB_ACTOR = "alice"
    path = tmp_path / "bundle.zip"
    path.write_bytes(WHOLE)
    said = io.StringIO()

    call_command("import_bundle", str(path), name="mine", no_wait=True, json=True, stdout=said)

    job = run_job(Job.objects.get(pk=json.loads(said.getvalue())["job"]))
    told = importing.result(job)
    assert told["workspace"] == "mine"
    assert told["origin"]["workspace"] == NAME
    assert told["objects"]["steps"] == 3
    assert Backtest.objects.count() == 0
