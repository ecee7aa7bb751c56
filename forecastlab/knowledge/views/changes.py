"""Changing the corpus: add, edit, replace, index again, delete."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from forecastlab.accounts.services.access import person, requires
from forecastlab.knowledge.forms import AddForm, EditForm, ReplaceForm
from forecastlab.knowledge.models import Document
from forecastlab.knowledge.queries import reading
from forecastlab.knowledge.services import documents
from forecastlab.knowledge.views.documents import document_or_404
from forecastlab.lib.errors import HouseError
from forecastlab.lib.htmx import render_region, wants_fragment

UNUSABLE = 422


def _go(request: HttpRequest, address: str) -> HttpResponse:
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


@requires("knowledge.add")
@require_http_methods(["GET", "POST"])
def document_add(request: HttpRequest) -> HttpResponse:
    posted = request.method == "POST"
    form = AddForm(request.POST, request.FILES) if posted else AddForm()
    if posted and form.is_valid():
        try:
            return _go(request, _added(request, form).get_absolute_url())
        except HouseError as error:
            form.refuse(error.field, error.message)
    status = UNUSABLE if posted else 200
    return render_region(
        request, "knowledge/document_add.html", {"form": form}, region="form", status=status
    )


def _added(request: HttpRequest, form: AddForm) -> Document:
    given = form.cleaned_data
    file = documents.received(given["file"].name, given["file"].chunks())
    return documents.add(
        file,
        title=given["title"],
        readers=list(given["readers"]),
        by=person(request),
        at=timezone.now(),
    )


@requires("knowledge.add")
@require_GET
def document_settings(request: HttpRequest, key: str) -> HttpResponse:
    return _settings(request, document_or_404(request, key))


def _settings(
    request: HttpRequest, document: Document, *, status: int = 200, **forms: Any
) -> HttpResponse:
    initial = {"title": document.title, "readers": document.readers.all()}
    context = {
        "document": document,
        "counts": reading.counts(document),
        "may_change": documents.may_change(document, person(request)),
        "edit": EditForm(initial=initial),
        "replace": ReplaceForm(),
        **forms,
    }
    return render(request, "knowledge/document_settings.html", context, status=status)


@requires("knowledge.add")
@require_POST
def document_edit(request: HttpRequest, key: str) -> HttpResponse:
    document, form = document_or_404(request, key), EditForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            documents.change(
                document,
                title=given["title"],
                readers=list(given["readers"]),
                by=person(request),
                at=timezone.now(),
            )
        except HouseError as error:
            form.refuse(error.field, error.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("knowledge:documents")
    return _settings(request, document, status=UNUSABLE, edit=form)


@requires("knowledge.add")
@require_POST
def document_replace(request: HttpRequest, key: str) -> HttpResponse:
    document, form = document_or_404(request, key), ReplaceForm(request.POST, request.FILES)
    if form.is_valid():
        given = form.cleaned_data["file"]
        try:
            file = documents.received(given.name, given.chunks())
            documents.replace(document, file, by=person(request), at=timezone.now())
        except HouseError as error:
            form.refuse(error.field, error.message)
        else:
            return redirect(document)
    return _settings(request, document, status=UNUSABLE, replace=form)


@requires("knowledge.index")
@require_POST
def document_index(request: HttpRequest, key: str) -> HttpResponse:
    document = document_or_404(request, key)
    try:
        documents.index_again(document, by=person(request), at=timezone.now())
    except HouseError as error:
        messages.error(request, error.message)
    return redirect(document)


@requires("knowledge.delete")
@require_POST
def document_delete(request: HttpRequest, key: str) -> HttpResponse:
    document = document_or_404(request, key)
    try:
        documents.delete(document, by=person(request), at=timezone.now())
    except HouseError as error:
        messages.error(request, error.message)
        return redirect("knowledge:document-settings", key=key)
    messages.success(request, _("'%s' was deleted.") % document.title)
    return redirect("knowledge:documents")
