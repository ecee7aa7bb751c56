from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("showcase", "0002_presets_and_workspaces")]

    operations = [
        migrations.AddField(
            model_name="steprun",
            name="content_key",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="steprun",
            name="same_as",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="showcase.run",
            ),
        ),
        migrations.AddIndex(
            model_name="steprun",
            index=models.Index(
                condition=models.Q(("content_key", ""), _negated=True),
                fields=["content_key", "name"],
                name="steprun_by_content",
            ),
        ),
    ]
