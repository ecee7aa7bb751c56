from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from forecastlab.accounts.services.access import may, person
from forecastlab.lib.errors import HouseError
from showcase.admin.seen import OfRunAdmin, SeenAdmin
from showcase.models import Run, RunObject, RunPreset, StepRun
from showcase.queries import labels
from showcase.services import runs


class Phase(admin.SimpleListFilter):
    """Offers the phases that there are, without looking for them in every row."""

    title, parameter_name = _("phase"), "phase"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, str(word)) for name, word in labels.PHASES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[StepRun]) -> QuerySet[StepRun]:
        return queryset.filter(phase=self.value()) if self.value() else queryset


@admin.register(Run)
class RunAdmin(SeenAdmin):
    at_length = ("config", "frame", "result")
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
class StepRunAdmin(OfRunAdmin):
    at_length = ("data", "detail", "run__config", "run__frame", "run__result")
    list_display = ("id", "run", "index", "name", "status", "outcome", "seconds")
    list_filter = ("status", "outcome", Phase)
    list_select_related = ("run",)
    ordering = ("-id",)


@admin.register(RunObject)
class RunObjectAdmin(OfRunAdmin):
    at_length = ("run__config", "run__frame", "run__result")
    list_display = ("id", "run", "kind", "ref")
    list_filter = ("kind",)
    list_select_related = ("run",)
    ordering = ("-id",)


@admin.register(RunPreset)
class RunPresetAdmin(SeenAdmin):
    list_display = ("id", "name", "created_by", "created_at")
    list_select_related = ("created_by",)
    ordering = ("-id",)
