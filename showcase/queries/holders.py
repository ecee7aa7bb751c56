"""Why a version of a dataset, a run or something that runs made is still needed here."""

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


def of_run(run_id: int) -> list[str]:
    """Say that a run is at work, or kept."""
    run = Run.objects.select_related("workspace").filter(pk=run_id).first()
    if run is None:
        return []
    kept = [_("it is kept as '%s'") % run.kept_as] if run.kept_as else []
    return [*kept, _("it is at work")] if run.is_active else kept


def of_object(kind: str, ref: int) -> list[str]:
    """Name the newest runs that made an object, or took it over."""
    runs = Run.objects.filter(made__kind=kind, made__ref=str(ref)).select_related("workspace")
    return [_made(run) for run in runs.order_by("-pk")[:NAMED]]


def _made(run: Run) -> str:
    if run.kept_as:
        return _("run %(pk)s, kept as '%(name)s', made it") % {"pk": run.pk, "name": run.kept_as}
    return _("run %(pk)s made it") % {"pk": run.pk}
