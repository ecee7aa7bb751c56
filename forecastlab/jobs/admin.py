from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from forecastlab.accounts.services.access import may, person
from forecastlab.jobs.forms import ScheduleForm
from forecastlab.jobs.models import Job, JobStep, Schedule, WorkerHeartbeat
from forecastlab.jobs.queries import schedules as queries
from forecastlab.jobs.services import jobs, schedules
from forecastlab.lib.admin import ReadOnlyAdmin
from forecastlab.lib.errors import HouseError

TIMES = ("next_at", "last_fired_at")


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


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin):
    """Whoever saves one lets it run in his own name; switching off changes nothing else."""

    form = ScheduleForm
    list_display = ("name", "kind", "cron", "time_zone", "owner", "is_enabled", *TIMES, "told")
    list_filter = ("is_enabled", "kind")
    list_select_related = ("owner",)
    ordering = ("name",)
    readonly_fields = ("owner", *TIMES, "last_due_at", "told")
    actions = ("switch_off",)

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return may(person(request), schedules.VERB)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(person(request), schedules.VERB)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: Any = None, **kwargs: Any
    ) -> type[Any]:
        form = super().get_form(request, obj, change, **kwargs)
        asked = {"by": person(request), "now": timezone.now()}
        return type(form.__name__, (form,), asked)

    def save_model(
        self, request: HttpRequest, obj: Schedule, form: ScheduleForm, change: Any
    ) -> None:
        by, now = person(request), timezone.now()
        if change:
            seen = form.cleaned_data["version"]
            schedules.change(obj, form.wanted, by=by, at=now, seen=seen)
        else:
            obj.pk = schedules.create(form.wanted, by=by, at=now).pk

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what happened to it: whoever changed it, and whatever it started or could not."""
        schedule = self.get_object(request, object_id)
        entries = queries.history(schedule) if schedule else []
        shown = {"action_list": Paginator(entries, queries.NEWEST).get_page(1)}
        return super().history_view(request, object_id, {**shown, **(extra_context or {})})

    @admin.display(description=_("Last time"))
    def told(self, schedule: Schedule) -> str:
        """Say what the last due time started, or why it did not."""
        if schedule.last_error or not schedule.last_result:
            return schedule.last_error
        result = schedule.last_result
        return format_html('<a href="{}">{}</a> {}', result["url"], result["ref"], result["detail"])

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, chosen: QuerySet[Schedule]) -> None:
        for schedule in chosen:
            schedules.switch_off(schedule, by=person(request), at=timezone.now())
