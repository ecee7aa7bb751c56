from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from forecastlab.accounts.models import User
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

    @admin.action(description=_("Stop"))
    def stop(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        by = request.user if isinstance(request.user, User) else None
        for job in chosen:
            jobs.cancel(job, by=by, at=timezone.now())

    @admin.action(description=_("Let go on"))
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
