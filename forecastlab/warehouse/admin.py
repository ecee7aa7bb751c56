from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from forecastlab.lib.admin import ReadOnlyAdmin
from forecastlab.warehouse.models import Dataset, DatasetVersion, ImportReport


@admin.register(Dataset)
class DatasetAdmin(ReadOnlyAdmin):
    list_display = ("name", "created_by", "created_at")
    list_select_related = ("created_by",)
    search_fields = ("name",)
    actions = ("change_one",)

    @admin.action(description=_("Rename, readers, delete"))
    def change_one(self, request: HttpRequest, chosen: QuerySet[Dataset]) -> HttpResponse | None:
        """Lead to the page that asks for the name before anything goes."""
        names = list(chosen.values_list("name", flat=True)[:2])
        if len(names) == 1:
            return redirect("warehouse:dataset-settings", names[0])
        self.message_user(request, _("Choose one dataset."))
        return None


@admin.register(DatasetVersion)
class DatasetVersionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "source", "frequency", "rows", "series_count", "created_at")
    list_select_related = ("dataset",)


@admin.register(ImportReport)
class ImportReportAdmin(ReadOnlyAdmin):
    list_display = ("dataset_name", "verdict", "file_name", "created_by", "created_at")
    list_select_related = ("created_by",)
