"""A kept run is replayed: to the same numbers, over the newest sales, or otherwise than before."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import contents
from showcase.models import Workspace
from showcase.services import replaying
from showcase.services.replaying import Asked
from tests.factories import make_run, make_user, work_off

pytestmark = pytest.mark.django_db

SMALL: dict[str, Any] = {"models": ["naive", "seasonal_naive"], "folds": 2, "horizon": 7}
WORLD = {"stores": 2, "products": 3, "window_days": 90}


def make_kept(name: str = "week", **options: Any) -> Workspace:
    """Make a kept run over `shop`, or over simulated sales, that has ended well."""
    run = work_off(make_run(**{**SMALL, "keep": name, **options}))
    assert run.status == "succeeded", run.steps.filter(outcome="fail").values("name", "detail")
    return Workspace.objects.get(run=run)


def sealed(version: DatasetVersion) -> DatasetVersion:
    """Let a version of the factory have the content hash that an import would have given it."""
    version.content_hash = contents.recomputed(version, lambda _share: None)
    version.save(update_fields=["content_hash"])
    return version


def replayed(source: Workspace, *, by: Any = None, **asked: Any) -> Workspace:
    by = by or User.objects.get(username="alice")
    run = work_off(replaying.start(source, Asked(**asked), by=by, at=timezone.now()))
    return Workspace.objects.select_related("run").get(run=run)


def test_small() -> None:
    make_user()
    source = make_kept(scenario="demo_minimal", simulate=WORLD, as_of="2026-11-20")
    found = replayed(source)
    assert found.reproduction["differences"] == []
    assert found.reproduction["reproduced"] is True
