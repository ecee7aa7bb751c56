"""Bundles for administrators, and the action that exports workspaces."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from forecastlab.accounts.services.access import may, person
from forecastlab.lib.errors import HouseError
from showcase.admin.seen import SeenAdmin
from showcase.models import Bundle, Workspace
from showcase.services import exporting, workspaces


class Exporting(SeenAdmin):
    """Lets an administrator export the rows that are chosen; each by a job of its own."""

    actions: tuple[str, ...] = ("export",)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return may(person(request), "workspace.export")

    @admin.action(description=_("Export"), permissions=["export"])
    def export(self, request: HttpRequest, chosen: QuerySet[Workspace]) -> None:
        by, started = person(request), 0
        for name in chosen.order_by("name").values_list("name", flat=True):
            try:
                workspace = workspaces.find(name, viewer=by)
                exporting.start(workspace, contents=[], by=by, at=timezone.now())
            except HouseError as error:
                self.message_user(request, f"'{name}': {error.message}", messages.WARNING)
            else:
                started += 1
        if started:
            told = ngettext("%(n)s export started.", "%(n)s exports started.", started)
            self.message_user(request, told % {"n": started})


@admin.register(Bundle)
class BundleAdmin(SeenAdmin):
    list_display = ("id", "workspace", "size", "files", "created_by", "created_at", "checked_at")
    list_select_related = ("workspace", "created_by")
    search_fields = ("workspace__name", "digest")
    ordering = ("-id",)
