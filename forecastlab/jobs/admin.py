from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from forecastlab.accounts.services.access import may, person
from forecastlab.jobs.models import Job, JobStep, WorkerHeartbeat
from forecastlab.jobs.services import jobs
from forecastlab.lib.admin import ReadOnlyAdmin
from forecastlab.lib.errors import HouseError


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "status", "progress", "requested_by", "created_at", "note")
    list_filter = ("status", "kind", "queue")
    list_select_related = ("requested_by",)
    ordering = ("-id",)
    actions = ("stop", "wake")

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return may(person(request), "job.cancel")

    @admin.action(description=_("Stop"), permissions=["stop"])
    def stop(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        asked = [jobs.cancel(job, by=person(request), at=timezone.now()) for job in chosen]
        count = sum(job.cancel_requested for job in asked)
        told = ngettext("%(n)s job is being stopped.", "%(n)s jobs are being stopped.", count)
        if count:
            self.message_user(request, told % {"n": count})
        if over := [f"{job.pk}" for job in asked if not job.cancel_requested]:
            told = _("Over already: %(jobs)s.") % {"jobs": ", ".join(over)}
            self.message_user(request, told, messages.WARNING)

    @admin.action(description=_("Let go on"), permissions=["stop"])
    def wake(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        for job in chosen:
            try:
                jobs.requeue(job, at=timezone.now())
            except HouseError as error:
                self.message_user(request, error.message)


@admin.register(JobStep)
class JobStepAdmin(ReadOnlyAdmin):
    list_display = ("id", "job", "name", "status", "outcome", "attempts", "fence", "worker")
    list_filter = ("status", "outcome", "queue")
    list_select_related = ("job",)
    ordering = ("-id",)


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(ReadOnlyAdmin):
    list_display = ("name", "boot", "queues", "started_at", "seen_at")
