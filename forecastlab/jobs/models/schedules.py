"""What is started again and again, by the clock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from forecastlab.accounts.models import User


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def visible_to(self, user: User) -> Self:
        """A person's own; the role admin sees all."""
        return self if user.is_staff else self.filter(owner=user)

    def due(self, at: datetime) -> Self:
        return self.filter(is_enabled=True, next_at__lte=at)


class Schedule(models.Model):
    """Something that is started at times that come again, in the name of one person.

    `kind` names what an app offers to be started, `params` say what of it. `owner` is who last said
    what and when; what is started has the rights that he has by then. `next_at` is the due time
    that has not been dealt with. `last_error` says why the last due time started nothing.
    `version` rises with every change that a person makes.
    """

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    cron = models.CharField(max_length=100)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_enabled = models.BooleanField(default=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="schedules"
    )
    next_at = models.DateTimeField(null=True)
    last_due_at = models.DateTimeField(null=True)
    last_fired_at = models.DateTimeField(null=True)
    last_result = models.JSONField(default=dict)
    last_error = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    objects = models.Manager.from_queryset(ScheduleQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="schedule_next_while_enabled",
                condition=Q(is_enabled=True, next_at__isnull=False)
                | Q(is_enabled=False, next_at=None),
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(is_enabled=True), name="schedule_due"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def stream(self) -> str:
        return f"schedule.{self.pk}"

    def key(self, due: datetime) -> str:
        """Return what names the start of one due time, so that it is made once."""
        return f"schedule:{self.pk}:{due.isoformat()}"
