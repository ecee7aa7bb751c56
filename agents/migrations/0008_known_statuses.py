from __future__ import annotations

from django.db import migrations, models


def _known(model: str, statuses: list[str]) -> migrations.AddConstraint:
    constraint = models.CheckConstraint(
        condition=models.Q(("status__in", statuses)), name=f"{model}_status_known"
    )
    return migrations.AddConstraint(model_name=model, constraint=constraint)


class Migration(migrations.Migration):
    dependencies = [("agents", "0007_invocation_replaces")]

    operations = [
        _known("approval", ["open", "approved", "rejected", "expired", "withdrawn"]),
        _known("attempt", ["running", "parked", "ended"]),
        _known(
            "invocation",
            [
                *("requested", "awaiting", "claimed", "unknown"),
                *("cancelled", "failed", "rejected", "succeeded"),
            ],
        ),
        _known("pause", ["open", "answered", "withdrawn"]),
        _known("session", ["queued", "running", "waiting", "cancelled", "failed", "succeeded"]),
    ]
