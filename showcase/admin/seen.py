"""What the pages of administrators list: what they may read, as everywhere else."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from forecastlab.accounts.services.access import person
from forecastlab.lib.admin import ReadOnlyAdmin
from showcase.models import Run


class LongRows(ReadOnlyAdmin):
    """Lists of very many rows: no column `at_length` is read, and only what is shown is counted."""

    show_full_result_count = False
    at_length: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.defer(*self.at_length)


class SeenAdmin(LongRows):
    """Rows that say themselves who may see them."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        seen: QuerySet[Any] = rows.visible_to(person(request))
        return seen


class OfRunAdmin(LongRows):
    """Parts of runs: whoever may see the run may see them."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(run__in=Run.objects.visible_to(person(request)))
