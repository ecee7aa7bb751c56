"""Changing what belongs to nobody but the owner of a dataset: name, readers, existence."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib.errors import HouseError
from forecastlab.warehouse import queries
from forecastlab.warehouse.forms.datasets import DeleteForm, ReadersForm, RenameForm
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.services import datasets, versions


def _version_or_404(request: HttpRequest, ref: str) -> DatasetVersion:
    try:
        return queries.resolve(ref, person(request))
    except queries.NoSuchDataset as error:
        raise Http404(error.message) from error


def _settings_page(
    request: HttpRequest, dataset: Dataset, *, status: int = 200, **forms: Any
) -> HttpResponse:
    context = {
        "dataset": dataset,
        "may_change": datasets.may_change(dataset, person(request)),
        "rename": RenameForm(initial={"name": dataset.name}),
        "readers": ReadersForm(initial={"readers": dataset.readers.all()}),
        "delete": DeleteForm(wanted=dataset.name),
        **forms,
    }
    return render(request, "warehouse/dataset_settings.html", context, status=status)


def _to_datasets() -> HttpResponse:
    return redirect("warehouse:datasets")


def _refused(form: Any, error: HouseError) -> int:
    """Show the error where it belongs, and return its status."""
    form.add_error(error.field if error.field in form.fields else None, error.message)
    return error.status


@requires("dataset.edit")
@require_GET
def dataset_settings(request: HttpRequest, name: str) -> HttpResponse:
    return _settings_page(request, _version_or_404(request, name).dataset)


@requires("dataset.edit")
@require_POST
def dataset_rename(request: HttpRequest, name: str) -> HttpResponse:
    dataset, form = _version_or_404(request, name).dataset, RenameForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            renamed = datasets.rename(
                dataset, name=form.cleaned_data["name"], by=person(request), at=timezone.now()
            )
        except HouseError as error:
            status = _refused(form, error)
        else:
            messages.success(request, _("Renamed to '%s'.") % renamed.name)
            return redirect("warehouse:dataset-settings", name=renamed.name)
    return _settings_page(request, dataset, status=status, rename=form)


@requires("dataset.edit")
@require_POST
def dataset_readers(request: HttpRequest, name: str) -> HttpResponse:
    dataset, form = _version_or_404(request, name).dataset, ReadersForm(request.POST)
    status = 422
    if form.is_valid():
        groups = list(form.cleaned_data["readers"])
        try:
            datasets.set_readers(dataset, groups=groups, by=person(request), at=timezone.now())
        except HouseError as error:
            status = _refused(form, error)
        else:
            messages.success(request, _("Readers changed."))
            return _to_datasets()
    return _settings_page(request, dataset, status=status, readers=form)


@requires("dataset.delete")
@require_POST
def dataset_delete(request: HttpRequest, name: str) -> HttpResponse:
    dataset = _version_or_404(request, name).dataset
    form = DeleteForm(request.POST, wanted=dataset.name)
    status = 422
    if form.is_valid():
        typed = form.cleaned_data["typed"]
        try:
            datasets.delete(dataset, typed=typed, by=person(request), at=timezone.now())
        except HouseError as error:
            status = _refused(form, error)
        else:
            messages.success(request, _("'%s' was deleted.") % name)
            return _to_datasets()
    return _settings_page(request, dataset, status=status, delete=form)


@requires("dataset.delete")
@require_http_methods(["GET", "POST"])
def version_delete(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Ask before a version is deleted, saying what goes and what holds it; then do it."""
    version = _version_or_404(request, f"{name}@{number}")
    ref = version.ref
    posted = request.method == "POST"
    form = DeleteForm(request.POST if posted else None, wanted=ref)
    status = 422 if posted else 200
    if posted and form.is_valid():
        typed = form.cleaned_data["typed"]
        try:
            others = datasets.delete_version(
                version, typed=typed, by=person(request), at=timezone.now()
            )
        except HouseError as error:
            status = _refused(form, error)
        else:
            messages.success(request, _("'%s' was deleted.") % ref)
            return redirect("warehouse:dataset-history", name) if others else _to_datasets()
    context = {
        "version": version,
        "form": form,
        "holders": versions.holders(version),
        "is_only": not version.dataset.versions.exclude(pk=version.pk).exists(),
        "may_change": datasets.may_change(version.dataset, person(request)),
    }
    return render(request, "warehouse/version_delete.html", context, status=status)
