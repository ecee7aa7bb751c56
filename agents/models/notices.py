from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models

from agents.models.sessions import Session

if TYPE_CHECKING:
    from forecastlab.accounts.models import User


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> Self:
        """Notices to this person, and to nobody else."""
        return self.filter(recipients=user)

    def newest(self) -> Self:
        return self.order_by("-pk")


class Notice(models.Model):
    """What an agent told a team of people. `mailed` counts the mails that went out.

    `operation_id` is that of the call that sent it, so that it is sent once.
    """

    session = models.ForeignKey(
        Session, on_delete=models.SET_NULL, null=True, related_name="notices"
    )
    operation_id = models.UUIDField(unique=True)
    team = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    recipients = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    sent_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    sent_at = models.DateTimeField()
    mailed = models.PositiveIntegerField(default=0)

    objects = models.Manager.from_queryset(NoticeQuerySet)()

    def __str__(self) -> str:
        return self.subject
