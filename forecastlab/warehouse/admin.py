from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from forecastlab.warehouse.models import Dataset, DatasetVersion, ImportReport


class ReadOnly(admin.ModelAdmin[Any]):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Dataset)
class DatasetAdmin(ReadOnly):
    list_display = ("name", "created_by", "created_at")
    list_select_related = ("created_by",)
    search_fields = ("name",)


@admin.register(DatasetVersion)
class DatasetVersionAdmin(ReadOnly):
    list_display = ("__str__", "source", "frequency", "rows", "series_count", "created_at")
    list_select_related = ("dataset",)


@admin.register(ImportReport)
class ImportReportAdmin(ReadOnly):
    list_display = ("dataset_name", "verdict", "file_name", "created_by", "created_at")
    list_select_related = ("created_by",)
