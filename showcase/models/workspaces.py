"""The curation of kept runs."""

from __future__ import annotations

import string
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import models
from django.db.models import F, Func, Q, TextField, Value
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

# What parts words; left where it is, the database would take "nov/dec" for the name of a file.
_MARKS, _BLANKS = string.punctuation, " " * len(string.punctuation)
_BLANKED = str.maketrans(_MARKS, _BLANKS)
NOTE_WORDS = SearchVector(
    Func(
        F("notes"),
        Value(_MARKS),
        Value(_BLANKS),
        function="translate",
        output_field=TextField(),
    ),
    config="simple",
)


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    def visible_to(self, user: User) -> WorkspaceQuerySet:
        return self.filter(run__in=Run.objects.visible_to(user))

    def visible_over(self, datasets: Collection[int], *, user: User) -> WorkspaceQuerySet:
        """As `visible_to`, for a page that has read already which datasets the user may read."""
        return self.filter(run__in=Run.objects.visible_over(datasets, user=user))

    def noting(self, text: str) -> WorkspaceQuerySet:
        """Keep those whose notes hold a word that begins with each word of `text`."""
        words = text.translate(_BLANKED).split()
        query = " & ".join(f"'{word}':*" for word in words)
        if not query:
            return self.none()
        wanted = SearchQuery(query, config="simple", search_type="raw")
        return self.annotate(said=NOTE_WORDS).filter(said=wanted)


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
    # Lead here until another one takes them.
    former_names = ArrayField(models.CharField(max_length=100), default=list, blank=True)
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
            GinIndex(fields=["former_names"], name="workspace_former_names"),
            GinIndex(NOTE_WORDS, name="workspace_note_words"),
            # All that the tabs of the list count.
            models.Index(
                fields=["run"],
                include=["pinned", "created_by"],
                condition=Q(archived=False),
                name="workspace_counted",
            ),
            models.Index(
                fields=["archived", "-pinned", "-created_at", "-id"], name="workspace_newest"
            ),
            models.Index(fields=["archived", "-pinned", "name"], name="workspace_by_name"),
            # The order of the admin, which shows archived ones among the others.
            models.Index(fields=["-pinned", "-created_at", "-id"], name="workspace_in_admin"),
        )

    def __str__(self) -> str:
        return f"workspace {self.name} of run {self.run_id}"

    def get_absolute_url(self) -> str:
        return reverse("showcase:workspace", args=[self.name])

    @property
    def stream(self) -> str:
        return f"workspace.{self.pk}"
