from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """Every actor: people sign in, the other kinds never do."""

    class Kind(models.TextChoices):
        PERSON = "person"
        AGENT = "agent"
        POLICY = "policy"
        CLOCK = "clock"
        SERVICE = "service"

    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
