"""Options of runs that people saved by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from forecastlab.accounts.models import User


class RunPresetQuerySet(models.QuerySet["RunPreset"]):
    def visible_to(self, user: User) -> RunPresetQuerySet:
        """Keep the user's own: how somebody likes to start runs is nobody else's business."""
        return self.filter(created_by=user.pk)


RunPresetManager = models.Manager.from_queryset(RunPresetQuerySet)


class RunPreset(models.Model):
    """Options of a run that somebody saved by name, to start from again."""

    name = models.CharField(max_length=100)
    options = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = RunPresetManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["created_by", "name"], name="runpreset_name_once_per_user"
            ),
        )

    def __str__(self) -> str:
        return self.name
