from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0006_session_schedule")]

    operations = [
        migrations.AddField(
            model_name="invocation",
            name="replaces",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="replacement",
                to="agents.invocation",
            ),
        ),
    ]
