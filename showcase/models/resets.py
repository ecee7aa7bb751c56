"""Leave to replay a workspace with a reset."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from showcase.models.workspaces import Workspace


class ResetToken(models.Model):
    """One person's leave to delete, once and soon, just what one preview listed.

    `digest` is that of the secret, `listing` that of what the preview listed.
    """

    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    listing = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"reset token {self.pk} of workspace {self.workspace_id}"
