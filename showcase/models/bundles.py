"""What was exported of workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from forecastlab.jobs.models import Job
from showcase.models.workspaces import Workspace

if TYPE_CHECKING:
    from forecastlab.accounts.models import User


class BundleQuerySet(models.QuerySet["Bundle"]):
    def visible_to(self, user: User) -> BundleQuerySet:
        return self.filter(workspace__in=Workspace.objects.visible_to(user))


BundleManager = models.Manager.from_queryset(BundleQuerySet)


class Bundle(models.Model):
    """An export of a workspace: the zip lies in the artefact store under `digest`.

    `seq` is the last event of the run's stream that it holds, `contents` what it was asked to
    hold beside the story, `verdict` what its last verification found.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="bundles")
    digest = models.CharField(max_length=64, db_index=True)
    size = models.PositiveBigIntegerField()
    seq = models.PositiveBigIntegerField(default=0)
    contents = models.JSONField(default=dict, blank=True)
    files = models.PositiveIntegerField()
    job = models.ForeignKey(
        Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="bundles"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    verdict = models.JSONField(null=True, blank=True)

    objects = BundleManager()

    class Meta:
        indexes = (models.Index(fields=["workspace", "-created_at"], name="bundle_newest"),)

    def __str__(self) -> str:
        return f"bundle {self.pk} of workspace {self.workspace_id}"
