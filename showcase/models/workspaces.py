"""The curation of kept runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.urls import reverse

from showcase.domain.workspaces import (
    CONFIG_SCHEMA_VERSION,
    LONGEST_NOTES,
    LONGEST_TAG,
    MOST_TAGS,
)
from showcase.models.runs import Run

if TYPE_CHECKING:
    from forecastlab.accounts.models import User


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    def visible_to(self, user: User) -> WorkspaceQuerySet:
        return self.filter(run__in=Run.objects.visible_to(user))


WorkspaceManager = models.Manager.from_queryset(WorkspaceQuerySet)


class Workspace(models.Model):
    """The curation of a kept run, under a name that no other kept run has; its status is the run's.

    `key` names it to the outside and for good, also where it was deleted: `replayed_from`,
    `family` (the oldest ancestor's, or its own) and `ancestors` are soft references.
    A slot of the story that is null was never written.
    """

    class ReplayMode(models.TextChoices):
        EXACT = "exact"
        FRESH = "fresh"
        MODIFIED = "modified"

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="workspace")
    key = models.CharField(max_length=32, unique=True, editable=False)
    name = models.CharField(max_length=100)
    notes = models.TextField(blank=True, default="", max_length=LONGEST_NOTES)
    tags = ArrayField(
        models.CharField(max_length=LONGEST_TAG), size=MOST_TAGS, default=list, blank=True
    )
    pinned = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    # Raised by every edit: an edit that names an older one is refused.
    version = models.PositiveIntegerField(default=1)
    config_schema_version = models.PositiveSmallIntegerField(default=CONFIG_SCHEMA_VERSION)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    replayed_from = models.CharField(max_length=32, blank=True, default="", db_index=True)
    replay_mode = models.CharField(max_length=8, choices=ReplayMode.choices, blank=True, default="")
    family = models.CharField(max_length=32, db_index=True)
    # [{key, name}], oldest first, with the names that they had then.
    ancestors = models.JSONField(default=list, blank=True)
    # {reproduced: true, false or null, differences: [{what, expected, actual}], checked_at}
    reproduction = models.JSONField(null=True, blank=True)
    # Of an imported one: {installation, workspace, bundle, imported_at}
    origin = models.JSONField(null=True, blank=True)

    seed_overrides = models.JSONField(null=True, blank=True)
    user_scope = models.JSONField(null=True, blank=True)
    approval_events = models.JSONField(null=True, blank=True)
    knowledge_events = models.JSONField(null=True, blank=True)
    job_ids = models.JSONField(null=True, blank=True)
    phase_summaries = models.JSONField(null=True, blank=True)

    objects = WorkspaceManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["name"], name="workspace_name_once"),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(family=""), name="workspace_has_name_and_family"
            ),
        )
        indexes = (
            GinIndex(fields=["tags"], name="workspace_tags"),
            models.Index(
                fields=["archived", "-pinned", "-created_at", "-id"], name="workspace_newest"
            ),
            models.Index(fields=["archived", "-pinned", "name"], name="workspace_by_name"),
        )

    def __str__(self) -> str:
        return f"workspace {self.name} of run {self.run_id}"

    def get_absolute_url(self) -> str:
        return reverse("showcase:workspace", args=[self.name])

    @property
    def stream(self) -> str:
        return f"workspace.{self.pk}"
