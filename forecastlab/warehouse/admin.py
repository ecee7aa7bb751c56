from __future__ import annotations

from django.contrib import admin

from forecastlab.lib.admin import ReadOnlyAdmin
from forecastlab.warehouse.models import Dataset, DatasetVersion, ImportReport


@admin.register(Dataset)
class DatasetAdmin(ReadOnlyAdmin):
    list_display = ("name", "created_by", "created_at")
    list_select_related = ("created_by",)
    search_fields = ("name",)


@admin.register(DatasetVersion)
class DatasetVersionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "source", "frequency", "rows", "series_count", "created_at")
    list_select_related = ("dataset",)


@admin.register(ImportReport)
class ImportReportAdmin(ReadOnlyAdmin):
    list_display = ("dataset_name", "verdict", "file_name", "created_by", "created_at")
    list_select_related = ("created_by",)
