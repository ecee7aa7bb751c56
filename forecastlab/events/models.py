from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class StreamHead(models.Model):
    """The last number given out on a stream; its row lock keeps the numbers gapless."""

    stream = models.CharField(max_length=80, primary_key=True)
    seq = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.stream}@{self.seq}"


class Event(models.Model):
    """A fact that happened. The database refuses to change or delete one."""

    stream = models.CharField(max_length=80)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=60)
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    # PROTECT because the other choices would change the row of a fact.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "seq"], name="events_one_per_place"),
            models.CheckConstraint(condition=models.Q(seq__gt=0), name="events_seq_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.stream}@{self.seq} {self.kind}"
