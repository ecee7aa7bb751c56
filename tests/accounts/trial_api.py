"""An API with one write that can be counted, behind the real callers' checks."""

from __future__ import annotations

import time

from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.urls import path
from ninja import File, NinjaAPI, Schema, Status
from ninja.files import UploadedFile

from forecastlab.accounts.api import AUTH, guarded, idempotent
from forecastlab.accounts.services.access import requires
from forecastlab.api import api as house
from forecastlab.lib.errors import Conflict

api = NinjaAPI(urls_namespace="trial", auth=AUTH)
api._exception_handlers = house._exception_handlers
api.add_decorator(idempotent, mode="view")
api.add_decorator(guarded, mode="view")


class Note(Schema):
    text: str


@api.post("/notes", response={201: Note})
@requires("run.start")
def make_note(request: HttpRequest, note: Note):
    group = Group.objects.create(name=f"{note.text}-{Group.objects.count()}")
    if note.text == "slow":
        time.sleep(0.3)
    if note.text == "refused":
        raise Conflict("Not now.")
    if note.text == "broken":
        raise ValueError(note.text)
    return Status(201, {"text": group.name})


@api.post("/files")
@requires("run.start")
def keep_file(request: HttpRequest, file: File[UploadedFile]):
    Group.objects.create(name=file.read().decode())
    return {"size": file.size}


urlpatterns = [path("api/v1/", api.urls)]
