"""Samples of addresses of workspaces, beside those of `tests/access_samples.py`."""

from __future__ import annotations

from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.lib import artefacts
from showcase.models import Bundle, Run, Workspace
from tests.access_samples import Sample, guarded_version, sample
from tests.approval_samples import SAMPLES as SAMPLES
from tests.factories import make_run

# -- workspaces side by side --------------------------------------------------------------------


def two_guarded_workspaces() -> list[str]:
    """Two kept runs over a guarded version, by name."""
    version = guarded_version()
    given = {"by": version.created_by, "dataset": version.dataset.name}
    return [make_run(keep=name, **given).kept_as for name in ("before", "after")]


@sample("showcase:workspace-compare", "api:workspace-compare")
def workspaces_to_compare(alice: User) -> Sample:
    return Sample(query={"of": two_guarded_workspaces()})


@sample("showcase:workspace-compare-download")
def a_comparison_of_workspaces_to_download(alice: User) -> Sample:
    return Sample({"suffix": "csv"}, query={"of": two_guarded_workspaces()})


@sample("showcase:workspace-compare-columns")
def columns_to_remember(alice: User) -> Sample:
    return Sample(body={"of": ["before", "after"], "columns": ["wape"]}, guarded=False)


@sample("api:workspace-links")
def links_of_a_workspace(alice: User) -> Sample:
    return Sample({"name": two_guarded_workspaces()[0]})


@sample(
    "showcase:workspace",
    "showcase:workspace-edit",
    "showcase:workspace-delete",
    "showcase:workspace-replay",
    "showcase:workspace-reset",
    "api:workspace",
    "api:workspace-replay",
    "api:workspace-reset-preview",
)
def a_workspace(alice: User) -> Sample:
    return Sample({"name": two_guarded_workspaces()[0]})


@sample("showcase:workspace-bulk")
def workspaces_to_tick(alice: User) -> Sample:
    return Sample(body={"pick": two_guarded_workspaces(), "action": "compare"}, guarded=False)


# -- exports of workspaces ----------------------------------------------------------------------


def guarded_bundle() -> Bundle:
    """A bundle of a kept run over a guarded version; of one byte, for nobody reads it here."""
    workspace = Workspace.objects.get(name=two_guarded_workspaces()[0])
    Run.objects.filter(workspace=workspace).update(status="failed")
    now = timezone.now()
    made = {"digest": artefacts.put(b"x"), "size": 1, "files": 1}
    return Bundle.objects.create(workspace=workspace, created_at=now, **made)


@sample(
    "showcase:workspace-export",
    "showcase:workspace-export-start",
    "showcase:workspace-bundles",
    "api:workspace-export",
    "api:workspace-bundles",
)
def a_workspace_to_export(alice: User) -> Sample:
    return Sample({"name": guarded_bundle().workspace.name})


@sample("showcase:bundle", "showcase:bundle-delete")
def a_bundle(alice: User) -> Sample:
    bundle = guarded_bundle()
    return Sample({"name": bundle.workspace.name, "pk": bundle.pk})


@sample("api:bundle")
def a_bundle_of_the_api(alice: User) -> Sample:
    bundle = guarded_bundle()
    return Sample({"name": bundle.workspace.name, "bundle_id": bundle.pk})
