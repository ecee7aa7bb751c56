from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0002_step_logs"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="parked_at",
            field=models.DateTimeField(
                help_text="Since when it waits for somebody; empty while it does not.", null=True
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="parked_seconds",
            field=models.FloatField(
                default=0,
                help_text="How long it has waited for somebody: no timeout counts it.",
            ),
        ),
        migrations.AddField(
            model_name="jobstep",
            name="parked_seconds",
            field=models.FloatField(default=0),
        ),
    ]
