"""The life of kept runs for administrators: the same services, and the same questions before."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from forecastlab.accounts.services.access import may, person
from forecastlab.events import queries as events
from forecastlab.lib.errors import HouseError
from showcase.admin.bundles import Exporting
from showcase.domain.workspaces import SLOTS
from showcase.models import Workspace
from showcase.services import curation

EVENTS_SHOWN, LOSSES_SHOWN = 200, 20
# So many fields a form may have, and some more.
MOST_CONFIRMED = 900
CONFIRMED = "confirmed"


@admin.register(Workspace)
class WorkspaceAdmin(Exporting):
    list_display = (
        "name",
        "status",
        "dataset",
        "winner",
        "shown_tags",
        "pinned",
        "archived",
        "created_by",
        "created_at",
    )
    list_filter = ("archived", "pinned", "replay_mode", "run__status", "created_at")
    list_select_related = ("run__dataset", "created_by")
    search_fields = ("name", "key")
    search_help_text = _("In names, keys and words of notes")
    ordering = ("-pinned", "-created_at", "-id")
    at_length = ("notes", "run__config", "run__frame", "run__result", *SLOTS)
    actions = ("pin", "unpin", "archive", "restore", *Exporting.actions, "delete")
    fieldsets = (
        (None, {"fields": ("name", "key", "run", "status", "notes", "tags")}),
        (_("Curation"), {"fields": ("pinned", "archived", "version", "config_schema_version")}),
        (_("Kept"), {"fields": ("created_by", "created_at", "updated_at", "origin")}),
        (
            _("Lineage"),
            {"fields": ("replayed_from", "replay_mode", "family", "ancestors", "reproduction")},
        ),
        (_("Story"), {"fields": ("story",)}),
        (_("Events"), {"fields": ("events",)}),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Workspace], search_term: str
    ) -> tuple[QuerySet[Workspace], bool]:
        """Search notes by their words, as the page does: every note would have to be read else."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if search_term:
            found |= queryset.filter(pk__in=Workspace.objects.noting(search_term).values("pk"))
        return found, may_repeat

    @admin.display(description=_("Status"), ordering="run__status")
    def status(self, kept: Workspace) -> str:
        return kept.run.status

    @admin.display(description=_("Dataset"), ordering="run__dataset__name")
    def dataset(self, kept: Workspace) -> str:
        return kept.run.dataset.name if kept.run.dataset else "–"

    @admin.display(description=_("Champion"), ordering="run__winner")
    def winner(self, kept: Workspace) -> str:
        return kept.run.winner or "–"

    @admin.display(description=_("Tags"))
    def shown_tags(self, kept: Workspace) -> str:
        return ", ".join(kept.tags)

    @admin.display(description=_("Story"))
    def story(self, kept: Workspace) -> SafeString:
        told = Workspace.objects.values(*SLOTS).get(pk=kept.pk)  # lists do without
        return format_html("<pre>{}</pre>", _json(told))

    @admin.display(description=_("Events"))
    def events(self, kept: Workspace) -> SafeString:
        """Tell the workspace's own events, then the run's."""
        said = [
            *events.data_after(kept.stream, 0, limit=EVENTS_SHOWN),
            *events.data_after(kept.run.stream, 0, limit=EVENTS_SHOWN),
        ]
        lines = (
            (one["at"], one["kind"], one["actor"] or "–", _json(one["payload"], indent=None))
            for one in said
        )
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{} {} {} {}</li>", lines))

    # -- actions ------------------------------------------------------------------------------

    def has_curate_permission(self, request: HttpRequest) -> bool:
        return may(person(request), "workspace.edit")

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return may(person(request), "workspace.delete")

    @admin.action(description=_("Pin"), permissions=["curate"])
    def pin(self, request: HttpRequest, chosen: QuerySet[Workspace]) -> None:
        self._do(request, chosen, "pin")

    @admin.action(description=_("Unpin"), permissions=["curate"])
    def unpin(self, request: HttpRequest, chosen: QuerySet[Workspace]) -> None:
        self._do(request, chosen, "unpin")

    @admin.action(description=_("Archive"), permissions=["curate"])
    def archive(self, request: HttpRequest, chosen: QuerySet[Workspace]) -> None:
        self._do(request, chosen, "archive")

    @admin.action(description=_("Take out of the archive"), permissions=["curate"])
    def restore(self, request: HttpRequest, chosen: QuerySet[Workspace]) -> None:
        self._do(request, chosen, "restore")

    @admin.action(description=_("Delete, keeping the runs"), permissions=["remove"])
    def delete(self, request: HttpRequest, chosen: QuerySet[Workspace]) -> HttpResponse | None:
        """Say what goes and what stays, and delete when that is confirmed."""
        if request.POST.get(CONFIRMED):
            self._do(request, chosen, "delete")
            return None
        kept = chosen.select_related("run").order_by("name")
        if kept.count() > MOST_CONFIRMED:
            told = _("Choose at most %(n)s workspaces to delete.") % {"n": MOST_CONFIRMED}
            self.message_user(request, told, messages.WARNING)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Delete workspaces"),
            "opts": self.model._meta,
            "pks": list(kept.values_list("pk", flat=True)),
            "losses": [curation.consequences(one) for one in kept[:LOSSES_SHOWN]],
            "field": ACTION_CHECKBOX_NAME,
            "confirmed": CONFIRMED,
        }
        context["more"] = max(len(context["pks"]) - LOSSES_SHOWN, 0)
        return TemplateResponse(request, "admin/showcase/delete_workspaces.html", context)

    def _do(self, request: HttpRequest, chosen: QuerySet[Workspace], action: str) -> None:
        names = list(chosen.order_by("name").values_list("name", flat=True))
        try:
            results = curation.bulk(names, action, by=person(request), at=timezone.now())
        except HouseError as refusal:
            self.message_user(request, refusal.message, messages.WARNING)
            return
        self._tell(request, results)

    def _tell(self, request: HttpRequest, results: Iterable[curation.Result]) -> None:
        done = 0
        for one in results:
            done += one.ok
            if not one.ok:
                self.message_user(request, f"{one.workspace}: {one.detail}", messages.WARNING)
        if done:
            told = ngettext("%(n)s workspace done.", "%(n)s workspaces done.", done)
            self.message_user(request, told % {"n": done})


def _json(value: Any, *, indent: int | None = 2) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=indent)
