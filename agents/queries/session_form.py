"""What the form of a new session offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forecastlab.accounts.models import User
from forecastlab.warehouse.models import Dataset
from showcase.models import Workspace

MOST = 100


@dataclass(frozen=True, slots=True)
class Offered:
    """The datasets with sales, and the newest workspaces that are not archived."""

    datasets: Sequence[str]
    workspaces: Sequence[Workspace]


def offered(viewer: User) -> Offered:
    datasets = Dataset.objects.visible_to(viewer).filter(versions__isnull=False)
    kept = Workspace.objects.visible_to(viewer).filter(archived=False)
    return Offered(
        list(datasets.order_by("name").values_list("name", flat=True).distinct()),
        list(kept.select_related("run__dataset").order_by("-updated_at", "-pk")[:MOST]),
    )
