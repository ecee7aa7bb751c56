"""The row that takes earlier versions of a simulated dataset away, when a run is asked to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.accounts.models import User
from forecastlab.lib.contributions import Done, Skipped, StepContext, StepFailed, StepResult
from forecastlab.warehouse.models import Dataset, DatasetVersion, SeriesProfile, Signal
from forecastlab.warehouse.services import datasets, versions

MOST_REASONS = 3


def reset(context: StepContext) -> StepResult:
    """Delete the versions of the run's dataset that nothing refers to, but for the newest one.

    Raises StepFailed for a dataset that holds anything but simulated sales, and NotTheOwner.
    """
    if not context.params.get("reset"):
        return Skipped(_("Not asked for; earlier sales stay."))
    dataset = Dataset.objects.filter(name=context.params["dataset"]).first()
    if dataset is None:
        return Done(_("There are no earlier sales."), _data({}, []))
    _check(dataset, context)
    deleted, stays = _sweep(context, dataset)
    return Done(_told(deleted, stays), _data(deleted, stays))


def _check(dataset: Dataset, context: StepContext) -> None:
    if dataset.versions.exclude(source=DatasetVersion.Source.SIMULATION).exists():
        raise StepFailed(
            _("'%(name)s' holds imported sales, and only simulated ones can be reset.")
            % {"name": dataset.name},
            hint=_("Start the run without the reset."),
        )
    by = User.objects.filter(pk=context.actor_id or 0).first()
    if by is None or not datasets.may_change(dataset, by):
        raise datasets.NotTheOwner(
            _("Only %(owner)s, who made '%(name)s', and admins may reset it.")
            % {"owner": dataset.created_by, "name": dataset.name}
        )


def _sweep(
    context: StepContext, dataset: Dataset
) -> tuple[Mapping[str, int], list[dict[str, Any]]]:
    """Return what went, by kind of record, and what stays with the reasons."""
    newest = dataset.versions.order_by("-number").first()
    deleted: Counter[str] = Counter()
    stays = []
    with context.fenced():
        for version in dataset.versions.select_related("dataset").order_by("number"):
            why = _why_it_stays(version, newest)
            if why:
                stays.append({"version": version.ref, "why": why[:MOST_REASONS]})
            else:
                deleted.update(_records(version))
                versions.drop(version, at=context.now, actor_id=context.actor_id)
    return deleted, stays


def _why_it_stays(version: DatasetVersion, newest: DatasetVersion | None) -> Sequence[str]:
    if version == newest:
        return [_("the newest one: what is simulated next is compared with it")]
    return versions.holders(version)


def _records(version: DatasetVersion) -> dict[str, int]:
    return {
        "dataset_version": 1,
        "sales_fact": version.rows,
        "series_profile": SeriesProfile.objects.filter(version=version).count(),
        "signal": Signal.objects.filter(version=version).count(),
    }


def _data(deleted: Mapping[str, int], stays: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"records_deleted": dict(deleted), "stays": list(stays)}


def _told(deleted: Mapping[str, int], stays: Sequence[Any]) -> str:
    count = deleted.get("dataset_version", 0)
    gone = ngettext("1 version deleted", "%(count)s versions deleted", count) % {"count": count}
    kept = ngettext("1 stays", "%(count)s stay", len(stays)) % {"count": len(stays)}
    return f"{gone}, {kept}"
