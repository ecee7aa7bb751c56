"""Which documents may be told where more people read along than the one who asks."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, QuerySet

from forecastlab.knowledge.models import Document, DocumentQuerySet
from forecastlab.warehouse.models import Dataset

_Readers = Document.readers.through


def with_all_of(dataset: Dataset | None) -> DocumentQuerySet:
    """Return what everybody may read who may see a dataset; without one, what all may read."""
    named = _Readers.objects.filter(document=OuterRef("pk"))
    opened = Document.objects.filter(~Exists(named))
    groups = dataset.readers.all() if dataset else Group.objects.none()
    if dataset is None or not groups.exists():
        return opened
    invited = Document.objects.filter(~Exists(_left_out(groups)))
    owner = dataset.created_by
    return opened | (invited.visible_to(owner) if owner else invited)


def _left_out(groups: QuerySet[Group]) -> QuerySet[Group]:
    """Return the groups that a document does not name."""
    named = _Readers.objects.filter(document=OuterRef(OuterRef("pk")), group=OuterRef("pk"))
    return groups.filter(~Exists(named))
