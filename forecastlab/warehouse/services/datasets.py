"""What becomes of a dataset after it was loaded: renamed, shown to others, deleted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.domain.roles import Role
from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.jobs.models import Job
from forecastlab.lib import doorbell
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import BadInput, Conflict, NotAllowed, NotFound
from forecastlab.warehouse.domain import names
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.services import versions
from forecastlab.warehouse.services.loading import NameTaken


class NotTheOwner(NotAllowed):
    """Only the owner of a dataset and admins may change it."""

    code = "not_the_owner"


class NotConfirmed(BadInput):
    """The name that confirms the deletion does not match."""

    code = "not_confirmed"


class AtWork(Conflict):
    """Work on this dataset is under way."""

    code = "at_work"


class DatasetGone(NotFound):
    """This dataset has just been deleted."""

    code = "dataset_gone"


def may_change(dataset: Dataset, user: User) -> bool:
    return dataset.created_by_id == user.pk or Role.ADMIN.value in user.roles


def _locked(pk: int) -> Dataset:
    """Return the dataset as it is now, for this transaction alone; raises DatasetGone."""
    found = Dataset.objects.select_for_update().filter(pk=pk).first()
    if found is None:
        raise DatasetGone
    return found


def rename(dataset: Dataset, *, name: str, by: User, at: datetime) -> Dataset:
    """Give the dataset another name; the old one goes on to lead to it, and nobody else gets it.

    Raises NotTheOwner, NameUnusable, NameTaken, and AtWork while jobs wait under the old name.
    """
    _check_owner(dataset, by)
    names.checked(name)
    with transaction.atomic():
        dataset = _locked(dataset.pk)
        if name == dataset.name:
            return dataset
        if Dataset.objects.named(name).exclude(pk=dataset.pk).exists():
            raise NameTaken(_("The name '%s' is taken. Choose another.") % name, field="name")
        _check_idle(dataset)
        old = dataset.name
        dataset.former_names = [one for one in [*dataset.former_names, old] if one != name]
        dataset.name = name
        dataset.save(update_fields=["name", "former_names"])
        _tell(dataset, "dataset.renamed", {"from": old, "to": name}, by=by, at=at)
    return dataset


def set_readers(dataset: Dataset, *, groups: Collection[Group], by: User, at: datetime) -> Dataset:
    """Let the people of these groups read the dataset, or all staff when there are none.

    Who must not read it any more hears nothing of it from now on. Raises NotTheOwner.
    """
    _check_owner(dataset, by)
    with transaction.atomic():
        dataset = _locked(dataset.pk)
        wanted = sorted(group.name for group in groups)
        if wanted == sorted(dataset.readers.values_list("name", flat=True)):
            return dataset
        dataset.readers.set(groups)
        for pk in User.objects.people().filter(is_active=True).values_list("pk", flat=True):
            doorbell.recheck(pk)
        _tell(dataset, "dataset.readers_changed", {"readers": wanted}, by=by, at=at)
    return dataset


def change(
    dataset: Dataset,
    *,
    name: str | None = None,
    readers: Sequence[str] | None = None,
    by: User,
    at: datetime,
) -> Dataset:
    """Rename the dataset, and give it readers by the names of their groups: both or neither."""
    with transaction.atomic():
        _check_owner(dataset, by)
        if name is not None:
            dataset = rename(dataset, name=name, by=by, at=at)
        if readers is not None:
            dataset = set_readers(dataset, groups=readers_named(readers), by=by, at=at)
    return dataset


def readers_named(texts: Sequence[str]) -> list[Group]:
    """Return the groups of these names; raise BadInput naming one that is not there."""
    found = {group.name: group for group in Group.objects.filter(name__in=texts)}
    for text in texts:
        if text not in found:
            known = ", ".join(Group.objects.order_by("name").values_list("name", flat=True))
            raise BadInput(
                _("There is no group '%s'.") % text,
                field="readers",
                hint=_("There are: %s.") % known,
            )
    return list(found.values())


def delete_version(version: DatasetVersion, *, typed: str, by: User, at: datetime) -> bool:
    """Delete a version with its facts; its dataset too, and return False, if it was the only one.

    Raises NotTheOwner, NotConfirmed unless `typed` is its reference, versions.Held naming what
    holds it, and AtWork.
    """
    _check_owner(version.dataset, by)
    _check_typed(typed, version.ref)
    with transaction.atomic():
        dataset = _locked(version.dataset_id)
        _check_idle(dataset)
        versions.check_free(version)
        if dataset.versions.exclude(pk=version.pk).exists():
            versions.drop(version, at=at, actor_id=by.pk)
            return True
        _delete(dataset, by=by, at=at)
        return False


def delete(dataset: Dataset, *, typed: str, by: User, at: datetime) -> None:
    """Delete a dataset with all versions; the same conditions as for a version, for each."""
    _check_owner(dataset, by)
    _check_typed(typed, dataset.name)
    with transaction.atomic():
        dataset = _locked(dataset.pk)
        _check_idle(dataset)
        for version in dataset.versions.select_related("dataset").order_by("number"):
            versions.check_free(version)
        _delete(dataset, by=by, at=at)


def _delete(dataset: Dataset, *, by: User, at: datetime) -> None:
    _hide_jobs([dataset.name, *dataset.former_names])
    name, stream = dataset.name, dataset.stream
    for version in dataset.versions.order_by("-number"):
        versions.drop_facts(version)
    versions.drop_dataset(dataset)
    gone = NewEvent(stream, "dataset.deleted", {"name": name})
    log.append([gone], actor_id=by.pk, at=at)


def _hide_jobs(gone: Sequence[str]) -> None:
    """Let jobs over a deleted dataset be seen by those alone who asked for them.

    Their dataset no longer says who may read it, and the name is free for somebody else's.
    """
    for job in Job.objects.filter(params__dataset__in=gone).only("params"):
        job.params["dataset"] = names.deleted(job.params["dataset"])
        job.save(update_fields=["params"])


def _check_owner(dataset: Dataset, by: User) -> None:
    if not may_change(dataset, by):
        raise NotTheOwner(
            _("Only %(owner)s, who made '%(name)s', and admins may do this.")
            % {"owner": dataset.created_by, "name": dataset.name}
        )


def _check_typed(typed: str, wanted: str) -> None:
    if typed.strip() != wanted:
        raise NotConfirmed(_("Type '%s' to confirm. Nothing was deleted.") % wanted, field="typed")


def _check_idle(dataset: Dataset) -> None:
    slots = [f"dataset:{one}" for one in [dataset.name, *dataset.former_names]]
    job = Job.objects.unfinished().filter(exclusive__in=slots).order_by("pk").first()
    if job is not None:
        raise AtWork(
            _("Job %(job)s works on '%(name)s', or waits to.")
            % {"job": job.pk, "name": dataset.name},
            hint=_("Try again when it is over, or cancel it."),
        )


def _tell(
    dataset: Dataset, kind: str, payload: dict[str, object], *, by: User, at: datetime
) -> None:
    log.append([NewEvent(dataset.stream, kind, payload)], actor_id=by.pk, at=at)
