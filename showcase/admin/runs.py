from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from forecastlab.accounts.services.access import may, person
from forecastlab.lib.admin import ReadOnlyAdmin
from forecastlab.lib.errors import HouseError
from showcase.models import Run, RunObject, RunPreset, StepRun
from showcase.services import runs


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("id", "name", "status", "dataset", "winner", "requested_by", "created_at")
    list_filter = ("status", "scenario")
    list_select_related = ("dataset", "requested_by")
    search_fields = ("name", "config_hash", "content_hash")
    ordering = ("-id",)
    actions = ("stop",)

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return may(person(request), "run.stop")

    @admin.action(description=_("Stop"), permissions=["stop"])
    def stop(self, request: HttpRequest, chosen: QuerySet[Run]) -> None:
        count = 0
        for run in chosen.select_related("job"):
            try:
                runs.stop(run, by=person(request), at=timezone.now())
            except HouseError as error:
                self.message_user(request, error.message, messages.WARNING)
            else:
                count += 1
        told = ngettext("%(n)s run is being stopped.", "%(n)s runs are being stopped.", count)
        if count:
            self.message_user(request, told % {"n": count})


@admin.register(StepRun)
class StepRunAdmin(ReadOnlyAdmin):
    list_display = ("id", "run", "index", "name", "status", "outcome", "seconds")
    list_filter = ("status", "outcome", "phase")
    list_select_related = ("run",)
    ordering = ("-id",)


@admin.register(RunObject)
class RunObjectAdmin(ReadOnlyAdmin):
    list_display = ("id", "run", "kind", "ref")
    list_filter = ("kind",)
    list_select_related = ("run",)
    ordering = ("-id",)


@admin.register(RunPreset)
class RunPresetAdmin(ReadOnlyAdmin):
    list_display = ("id", "name", "created_by", "created_at")
    list_select_related = ("created_by",)
    ordering = ("-id",)
