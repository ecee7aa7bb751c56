from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from forecastlab.accounts.domain.roles import Role
from forecastlab.accounts.models import Token, User
from forecastlab.accounts.services import people, tokens
from forecastlab.lib.admin import ReadOnlyAdmin

if TYPE_CHECKING:
    _UserAdmin = UserAdmin[User]
else:
    _UserAdmin = UserAdmin

admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(ReadOnlyAdmin, _UserAdmin):
    """People can be added, changed and closed, never deleted: history names them."""

    fieldsets = (
        (None, {"fields": ("username", "password_state", "kind")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Roles and readers groups"), {"fields": ("is_active", "groups")}),
        (_("Times"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("password_state", "kind", "last_login", "date_joined")
    list_display = ("username", "first_name", "last_name", "kind", "role_names", "is_active")
    list_filter = ("kind", "is_active", "groups")
    filter_horizontal = ("groups",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description=_("Roles"))
    def role_names(self, person: User) -> str:
        names = {group.name for group in person.groups.all()}
        return ", ".join(role.value for role in Role if role.value in names)

    @admin.display(description=_("Password"))
    def password_state(self, person: User) -> str:
        """Say whether there is one; Django's own field shows parts of the hash."""
        if person.kind != User.Kind.PERSON:
            return str(_("none: a service user cannot sign in"))
        state = _("set") if person.has_usable_password() else _("none")
        address = reverse("admin:auth_user_password_change", args=[person.pk])
        return format_html('{} · <a href="{}">{}</a>', state, address, _("Set a new one"))

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return obj is None or obj.kind == User.Kind.PERSON

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> LogEntry:
        """Every change of a person, a new password too, passes here in its own transaction."""
        people.access_changed(obj)
        return super().log_change(request, obj, message)


@admin.register(Group)
class HouseGroupAdmin(ReadOnlyAdmin, GroupAdmin):
    """Readers groups can be added and renamed; the roles stay.

    None is deleted here: a dataset that loses its last readers group is open to everybody.
    """

    fields = ("name",)
    filter_horizontal = ()

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return obj is None or obj.name not in set(Role)


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    fields = ("user", "name", "start", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_display = fields
    list_filter = ("revoked_at",)
    list_select_related = ("user",)
    search_fields = ("user__username", "name")
    actions = ("revoke",)

    @admin.action(description=_("Revoke"))
    def revoke(self, request: HttpRequest, chosen: QuerySet[Token]) -> None:
        for token in chosen:
            tokens.revoke(token, at=timezone.now())
