"""Step 2 of an import: how an uploaded file is read, and what its columns are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from forecastlab.accounts.models import User
from forecastlab.accounts.services.access import person, requires
from forecastlab.lib.errors import HouseError
from forecastlab.lib.htmx import render_region
from forecastlab.warehouse.domain.options import Options
from forecastlab.warehouse.forms import columns
from forecastlab.warehouse.forms.columns import ColumnsForm
from forecastlab.warehouse.gateways.workplace import UploadGone
from forecastlab.warehouse.models import ImportProfile
from forecastlab.warehouse.queries import preview_page
from forecastlab.warehouse.services import beside, import_profiles, looking, previews, uploads
from forecastlab.warehouse.services.imports import Asked
from forecastlab.warehouse.services.looking import Look
from forecastlab.warehouse.services.uploads import Upload

UNUSABLE = 422
NO_PROFILE = "none"


def address(
    upload: Upload, name: str, *, by: User, options: Options, preview: str | int = ""
) -> str:
    """Return the address of the columns of an upload, with the files that go with it.

    The first choices are those of `preview`, a job, if there is one.
    """
    named = {"file": uploads.ticket(upload, by=by), "name": name, "preview": preview}
    more = {name: getattr(options, name) for name in ("encoding", *beside.ROLES)}
    query = {key: value for key, value in {**named, **more}.items() if value}
    return f"{reverse('warehouse:import-map')}?{urlencode(query)}"


@dataclass(frozen=True)
class _Page:
    """What the address names: a file, a dataset, and where the first choices come from."""

    request: HttpRequest
    upload: Upload
    start: Options
    profile: ImportProfile | None

    @property
    def name(self) -> str:
        return self.request.GET.get("name", "")

    @property
    def files(self) -> dict[str, Any]:
        """The names of the files that go with the upload, by what they are."""
        return {role: getattr(self.start, role) for role in beside.ROLES}

    def with_files(self, options: Options) -> Options:
        return replace(options, **self.files)

    def form(self, look: Look, *args: Any, **kwargs: Any) -> ColumnsForm:
        newest = preview_page.newest(self.name, person(self.request))
        return ColumnsForm(*args, look=look, has_version=newest is not None, **kwargs)

    def shown(self, form: ColumnsForm, *, status: int = 200, news: bool = False) -> HttpResponse:
        context = {
            "form": form,
            "news": news,
            "name": self.name,
            "file_name": self.upload.file_name,
            "files": [name for name in self.files.values() if name],
            "ticket": self.request.GET.get("file", ""),
            "profile": self.profile,
            "profiles": import_profiles.listed(person(self.request)),
        }
        template = "warehouse/import_map.html"
        return render_region(self.request, template, context, region="form", status=status)


@requires("dataset.import")
@require_http_methods(["GET", "POST"])
def import_map(request: HttpRequest) -> HttpResponse:
    try:
        page = _page(request)
    except UploadGone as error:
        messages.warning(request, error.message)
        name = urlencode({"name": request.GET.get("name", "")})
        return redirect(f"{reverse('warehouse:import')}?{name}")
    if request.method == "POST":
        return _posted(page)
    look, refusal = _look(page.upload, page.start)
    form = page.form(look, initial=columns.from_options(page.start, look))
    return page.shown(form) if refusal is None else _refused(page, look, refusal)


def _page(request: HttpRequest) -> _Page:
    by, given = person(request), request.GET
    encoding = given.get("encoding", "")
    upload = uploads.redeem(given.get("file", ""), by=by, encoding=encoding)
    profile = None
    if given.get("preview"):
        start = Asked.of(preview_page.named(given["preview"], by).job.params).options
    else:
        profile = _profile(upload, given.get("profile", ""), by=by)
        start = import_profiles.options_of(profile) if profile else Options(encoding=encoding)
    # The files beside are those of this upload, whatever was chosen before.
    further: dict[str, Any] = {name: given.get(name, "") for name in beside.ROLES}
    return _Page(request, upload, replace(start, **further), profile)


def _profile(upload: Upload, chosen: str, *, by: User) -> ImportProfile | None:
    """Return the profile that is asked for, else the one that fits the columns."""
    if chosen == NO_PROFILE:
        return None
    if chosen:
        return import_profiles.named(chosen, by=by)
    try:
        return import_profiles.matching(looking.look(upload, Options()).shape, by=by)
    except HouseError:
        return None


def _look(upload: Upload, options: Options) -> tuple[Look, HouseError | None]:
    """Look at the file as asked; when that cannot be done, as it is guessed, and say why."""
    try:
        options.check()
        return looking.look(looking.opened(upload, options), options), None
    except HouseError as error:
        return looking.look(upload, Options()), error


def _posted(page: _Page) -> HttpResponse:
    data = page.request.POST.dict()
    look, refusal = _look(page.upload, columns.reading_of(data))
    values, same = columns.carried(data, look)
    if refusal is not None:
        form = page.form(look, values)
        form.refuse(refusal.field, refusal.message)
        return page.shown(form, status=UNUSABLE)
    if data.get("do") == "look" or not same:
        news = not same and data.get("do") != "look"
        return page.shown(page.form(look, initial=values), news=news)
    return _previewed(page, page.form(look, values))


def _previewed(page: _Page, form: ColumnsForm) -> HttpResponse:
    if form.is_valid():
        by, at = person(page.request), timezone.now()
        options = page.with_files(form.options())
        called = form.cleaned_data["profile_name"]
        profile = (called, form.look.shape) if called else None
        try:
            job = previews.start(
                page.name, page.upload, options=options, by=by, at=at, profile=profile
            )
        except HouseError as error:
            form.refuse(error.field, error.message)
        else:
            return redirect("warehouse:import-preview", job_id=job.pk)
    return page.shown(form, status=UNUSABLE)


def _refused(page: _Page, look: Look, refusal: HouseError) -> HttpResponse:
    values = {**columns.from_options(page.start, look)}
    form = page.form(look, {key: value for key, value in values.items() if value is not None})
    form.refuse(refusal.field, refusal.message)
    return page.shown(form, status=UNUSABLE)
