"""Django's admin as a place for repair: it shows, and changes nothing unless an app says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.lib.errors import NotAllowed


class HouseAdminSite(AdminSite):
    """Entered through our own sign-in page, by those whom `User.is_staff` lets in."""

    site_header = site_title = "ForecastLab"
    index_title = "Repair"

    def has_permission(self, request: HttpRequest) -> bool:
        """Say no to nobody, who may sign in then; tell others that this is not for them."""
        if request.user.is_authenticated and not request.user.is_staff:
            raise NotAllowed(_("These pages are for the role admin."))
        return super().has_permission(request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        wanted = request.GET.get("next") or reverse("admin:index")
        if self.has_permission(request):
            return redirect("admin:index")
        return redirect(
            f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': wanted}, safe='/')}"
        )


class HouseAdminConfig(AdminConfig):
    default_site = "forecastlab.lib.admin.HouseAdminSite"


if TYPE_CHECKING:
    _Base = ModelAdmin[Any]
else:
    _Base = ModelAdmin


class ReadOnlyAdmin(_Base):
    """Whoever is in the site may look; the permissions of Django's own are not used."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
