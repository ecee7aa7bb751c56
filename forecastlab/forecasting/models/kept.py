"""Forecasts from single origins, kept so that a later judgement need not make them again."""

from __future__ import annotations

from django.db import models


class KeptForecast(models.Model):
    """What one model forecasts of one block of series from one origin.

    `key` is the digest of all that it follows from (domain/reuse.py), and its name within the
    `artefact`, which holds many. `size` is in bytes. Nobody's: equal sales have equal forecasts.
    """

    key = models.CharField(max_length=64, primary_key=True)
    model = models.CharField(max_length=60)
    artefact = models.CharField(max_length=64, db_index=True)
    size = models.PositiveBigIntegerField()
    used_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.model} from one origin"
