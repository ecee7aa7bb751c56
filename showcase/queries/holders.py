"""Why a version of a dataset is still needed here."""

from __future__ import annotations

from django.utils.translation import gettext as _

from showcase.models import Run

NAMED = 3


def of_version(version_id: int) -> list[str]:
    """Name the newest runs over the version, and count the others."""
    runs = Run.objects.filter(version=version_id).order_by("-pk")
    told = [
        (_("run %(pk)s works on it") if run.is_active else _("run %(pk)s was made from it"))
        % {"pk": run.pk}
        for run in runs.only("pk", "status")[:NAMED]
    ]
    more = runs.count() - len(told)
    return [*told, _("%s more runs") % more] if more > 0 else told
