"""Repair: policies and budgets are edited here; what happened is only shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from agents.forms.budgets import LIMITS, BudgetForm
from agents.forms.policies import PolicyForm
from agents.models import ActionPolicy, Approval, BudgetPeriod, Control, CostEntry
from agents.services import policies
from forecastlab.accounts.services.access import may, person
from forecastlab.lib.admin import ReadOnlyAdmin


@admin.register(ActionPolicy)
class ActionPolicyAdmin(ReadOnlyAdmin):
    """The newest version of a tool counts. To change one is to add the next; none is edited."""

    form = PolicyForm
    list_display = ("tool", "version", "risk", "is_denied", "note", "made_by", "made_at")
    list_filter = ("tool",)
    list_select_related = ("made_by",)
    ordering = ("tool", "-version")
    readonly_fields = ("version", "made_by", "made_at")

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return may(request.user, "policy.edit")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the newest version of the tool in the address."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        return {**policies.newest_values(given.get("tool", "")), **given}

    def save_model(
        self, request: HttpRequest, obj: ActionPolicy, form: PolicyForm, change: Any
    ) -> None:
        policies.publish(obj, by=person(request), at=timezone.now())


@admin.register(BudgetPeriod)
class BudgetPeriodAdmin(ReadOnlyAdmin):
    form = BudgetForm
    list_display = ("scope", "key", "starts_at", "ends_at", *LIMITS)
    ordering = ("-starts_at",)

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return may(request.user, "budget.set")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "budget.set")


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ("title", "lane", "status", "risk", "score", "opened_at", "closed_at")
    list_filter = ("status", "lane", "risk")
    ordering = ("-pk",)


@admin.register(Control)
class ControlAdmin(ReadOnlyAdmin):
    list_display = ("order", "scope", "key", "reason", "issued_by", "issued_at", "expires_at")
    list_select_related = ("issued_by",)
    ordering = ("-pk",)


@admin.register(CostEntry)
class CostEntryAdmin(ReadOnlyAdmin):
    list_display = ("session", "skill", "tokens", "calls", "seconds", "money", "at")
    list_select_related = ("session",)
    ordering = ("-pk",)
